/// Why a pattern is refused.
public struct PatternError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in PCRE's words.
    public let message: String
    /// Bytes of the pattern before the place where it was noticed.
    public let offset: Int

    /// Both in one line; characters count from 1.
    public var description: String { "\(message) at character \(offset + 1)" }

    init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }
}
