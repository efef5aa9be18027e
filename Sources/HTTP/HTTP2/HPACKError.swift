/// Why a field block cannot be decoded. All of them end the connection: what the other side's table holds is
/// not known any more. RFC 9113 §4.3.
public enum HPACKError: Error, Equatable, Sendable {
    /// It ends within a field.
    case truncated
    /// RFC 7541 §5.1: more than 28 bits, or more bytes than that takes.
    case integerTooLarge
    /// RFC 7541 §2.3.3.
    case unknownIndex
    /// RFC 7541 §5.2.
    case badHuffman
    /// RFC 7541 §6.3: larger than was allowed.
    case tableTooLarge
    /// RFC 7541 §4.2: behind a field, or more than two.
    case misplacedSizeUpdate
    /// What nobody wants decodes to more than any honest block.
    case tooMuch

    /// What the other side is told.
    var code: HTTP2ErrorCode { self == .tooMuch ? .enhanceYourCalm : .compressionError }
}
