/// Why a peer's response head was refused; all of them are 502.
public enum ResponseHeadError: Error, Equatable, Sendable {
    /// Longer than `proxy_buffer_size`.
    case tooLarge
    /// RFC 9112 §4: not HTTP/1.x, or no three digits.
    case badStatusLine
    /// RFC 9112 §5; bare CR, control characters, names that are no tokens.
    case badField
    /// RFC 9112 §6.1: Content-Length with Transfer-Encoding.
    case conflictingFraming
    /// RFC 9112 §6.2.
    case badContentLength
    /// RFC 9112 §6.3: refused even when both are equal.
    case duplicateContentLength
    /// RFC 9112 §6.1: anything but one `chunked`, or in HTTP/1.0.
    case badTransferEncoding
    /// More than any gateway sends in earnest.
    case tooManyFields

    /// nginx's words for the log.
    public var reason: StaticString {
        switch self {
        case .tooLarge: "upstream sent too big header"
        case .badStatusLine: "upstream sent no valid HTTP/1.0 header"
        case .badField: "upstream sent invalid header"
        case .conflictingFraming:
            "upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time"
        case .badContentLength: "upstream sent invalid \"Content-Length\" header"
        case .duplicateContentLength: "upstream sent duplicate header line: \"Content-Length\""
        case .badTransferEncoding: "upstream sent unknown \"Transfer-Encoding\""
        case .tooManyFields: "upstream sent too many header lines"
        }
    }
}
