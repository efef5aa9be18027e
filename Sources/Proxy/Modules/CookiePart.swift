internal import Core

/// One part of a `Set-Cookie` value: the cookie itself, or one of its attributes.
///
/// - SeeAlso: RFC 6265 §5.2.
struct CookiePart {
    /// The name, without spaces around it; of a part without `=` all of it.
    let name: Range<Int>
    /// What stands behind the `=`, without spaces around it; `nil`: there is none.
    let value: Range<Int>?
    /// Where the part ends: at a `;`, or at the end of the cookie.
    let end: Int

    /// Reads the part that begins at `start`.
    init(at start: Int, of cookie: Span<UInt8>) {
        var end = start
        var equals: Int?
        while end < cookie.count, cookie[end] != UInt8(ascii: ";") {
            if equals == nil, cookie[end] == UInt8(ascii: "=") { equals = end }
            end += 1
        }
        self.end = end
        name = CookiePart.trimmed(start..<(equals ?? end), of: cookie)
        value = equals.map { CookiePart.trimmed(($0 + 1)..<end, of: cookie) }
    }

    private static func trimmed(_ range: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == .space { start += 1 }
        while end > start, bytes[end - 1] == .space { end -= 1 }
        return start..<end
    }
}
