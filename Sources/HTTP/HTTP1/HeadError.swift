/// Why a request's head was refused: the status that answers it, and nginx's words for the log.
public enum HeadError: Error, Equatable, Sendable {
    /// 414: longer than a large buffer.
    case requestLineTooLong
    /// 494: longer than a large buffer.
    case fieldTooLong
    /// 494: more than the large buffers hold.
    case headTooLarge
    /// More than `HeadLimits.maxFields`, or a `Connection` that names too many.
    case tooManyFields
    /// RFC 9112 §3.1; also what is no HTTP at all.
    case badMethod
    /// RFC 9112 §3; also HTTP/0.9.
    case badRequestLine
    /// RFC 9112 §3.2.
    case badTarget
    /// RFC 9112 §2.3.
    case badVersion
    /// 505: HTTP/2 and above, spoken as text.
    case unsupportedVersion
    /// RFC 9112 §5; bare CR and control characters too.
    case badField
    /// RFC 3986 §3.2.2.
    case badHost
    /// RFC 9112 §3.2.
    case missingHost
    /// RFC 9112 §3.2.
    case duplicateHost
    /// RFC 9110 §5.3: a field that holds one value, whose meaning would depend on who reads it.
    case duplicateField
    /// RFC 9112 §6.2.
    case badContentLength
    /// RFC 9112 §6.3: refused even when both are equal.
    case duplicateContentLength
    /// RFC 9112 §6.1: Content-Length with Transfer-Encoding.
    case conflictingFraming
    /// RFC 9112 §6.1: anything but one `chunked`.
    case badTransferEncoding
    /// 501: one coding, which is not `chunked`.
    case unsupportedTransferEncoding
    /// RFC 9112 §6.1: HTTP/1.0 knows no Transfer-Encoding.
    case chunkedInOldVersion

    /// The status to answer with. 494 is nginx's own: it is sent as 400 with a page of its own.
    public var status: UInt16 {
        switch self {
        case .requestLineTooLong: 414
        case .fieldTooLong, .headTooLarge: 494
        case .unsupportedVersion: 505
        case .unsupportedTransferEncoding: 501
        case .tooManyFields, .badMethod, .badRequestLine, .badTarget, .badVersion, .badField, .badHost,
            .missingHost, .duplicateHost, .duplicateField, .badContentLength, .duplicateContentLength,
            .conflictingFraming,
            .badTransferEncoding, .chunkedInOldVersion:
            400
        }
    }

    /// For the log; "while reading client request line" (or "headers") follows it.
    public var reason: StaticString {
        switch self {
        case .requestLineTooLong: "client sent too long URI"
        case .fieldTooLong: "client sent too long header line"
        case .headTooLarge: "client sent too large request"
        case .tooManyFields: "client sent too many header lines"
        case .badMethod: "client sent invalid method"
        case .badRequestLine, .badTarget: "client sent invalid request"
        case .badVersion, .unsupportedVersion: "client sent invalid version"
        case .badField: "client sent invalid header line"
        case .badHost: "client sent invalid host header"
        case .missingHost: "client sent HTTP/1.1 request without \"Host\" header"
        case .duplicateHost: "client sent duplicate header line: \"Host\""
        case .duplicateField: "client sent duplicate header line"
        case .badContentLength: "client sent invalid \"Content-Length\" header"
        case .duplicateContentLength: "client sent duplicate header line: \"Content-Length\""
        case .conflictingFraming:
            "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time"
        case .badTransferEncoding: "client sent invalid \"Transfer-Encoding\" header"
        case .unsupportedTransferEncoding: "client sent unknown \"Transfer-Encoding\""
        case .chunkedInOldVersion: "client sent HTTP/1.0 request with \"Transfer-Encoding\" header"
        }
    }
}
