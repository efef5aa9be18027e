internal import Core

/// What a gRPC call came to, as `grpc-status` says it: those that are said of calls that no server answered.
public enum GRPCStatus: UInt8, Sendable {
    /// Whoever made or served it has given it up.
    case cancelled = 1
    /// It is not known what it came to.
    case unknown = 2
    /// The time that the client gave it has passed.
    case deadlineExceeded = 4
    /// The client may not make it.
    case permissionDenied = 7
    /// There was too much of something.
    case resourceExhausted = 8
    /// Nobody serves it.
    case unimplemented = 12
    /// What was to carry it is broken.
    case `internal` = 13
    /// It may be made again in a while.
    case unavailable = 14
    /// It is not known who makes it.
    case unauthenticated = 16

    /// What a client takes an HTTP status without a `grpc-status` as: gRPC's own table of the two.
    public init(httpStatus: UInt16) {
        self =
            switch httpStatus {
            case 400, 494...497: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
    }

    /// What a stream that its server reset is taken as: gRPC's own table of the two, in which all others
    /// are faults of what was to carry it.
    public init(reset code: HTTP2ErrorCode?) {
        self =
            switch code {
            case .cancel: .cancelled
            case .refusedStream: .unavailable
            case .enhanceYourCalm: .resourceExhausted
            case .inadequateSecurity: .permissionDenied
            case .noError, .protocolError, .internalError, .flowControlError, .settingsTimeout, .streamClosed,
                .frameSizeError, .compressionError, .connectError, .http11Required, nil:
                .internal
            }
    }

    /// In words, for `grpc-message`.
    public var title: StaticString {
        switch self {
        case .cancelled: "Cancelled"
        case .unknown: "Unknown"
        case .deadlineExceeded: "Deadline Exceeded"
        case .permissionDenied: "Permission Denied"
        case .resourceExhausted: "Resource Exhausted"
        case .unimplemented: "Unimplemented"
        case .internal: "Internal"
        case .unavailable: "Unavailable"
        case .unauthenticated: "Unauthenticated"
        }
    }

    /// Whether a `Content-Type` is that of a gRPC call: `application/grpc`, with or without what follows a
    /// `+` or a `;`.
    public static func isCall(contentType: Span<UInt8>) -> Bool {
        let name: StaticString = "application/grpc"
        let count = name.utf8CodeUnitCount
        guard contentType.count >= count, equalsIgnoringCase(contentType.extracting(0..<count), name) else {
            return false
        }
        if contentType.count == count { return true }
        switch contentType[count] {
        case UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"): return true
        default: return false
        }
    }
}
