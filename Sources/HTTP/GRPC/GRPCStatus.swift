internal import Core

/// What a gRPC call came to, as `grpc-status` says it: those that are said of calls that no server answered.
public enum GRPCStatus: UInt8, Sendable {
    /// It is not known what it came to.
    case unknown = 2
    /// The time that the client gave it has passed.
    case deadlineExceeded = 4
    /// The client may not make it.
    case permissionDenied = 7
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
