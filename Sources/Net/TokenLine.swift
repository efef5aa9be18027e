/// Tokens one behind the other, taken all together.
///
/// The array neither grows, once it is long enough, nor shrinks: that takes half the instructions of one that
/// is filled and emptied.
@usableFromInline
internal struct TokenLine {
    @usableFromInline internal var tokens = [Token](repeating: Token(rawValue: 0), count: 256)
    /// Those in front that count.
    @usableFromInline internal private(set) var count = 0

    @inlinable internal var isEmpty: Bool { count == 0 }

    /// The token at a place below `count`.
    @inlinable
    internal subscript(index: Int) -> Token {
        precondition(index < count, "token out of range")
        return tokens[index]
    }

    @usableFromInline
    @_effects(releasenone)
    internal mutating func append(_ token: Token) {
        if count < tokens.count { tokens[count] = token } else { tokens.append(token) }
        count += 1
    }

    @usableFromInline
    internal mutating func removeAll() { count = 0 }
}
