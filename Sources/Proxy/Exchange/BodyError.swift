internal import HTTP
internal import Net

/// Why a request's content was refused.
enum BodyError: Error {
    /// 400: RFC 9112 §7.1.
    case badChunk(ChunkError)
    /// 413: `client_max_body_size`; so many bytes have come.
    case tooLarge(count: Int64)
    /// 500: the temporary file could not be written.
    case storage(Errno)

    var status: UInt16 {
        switch self {
        case .badChunk: 400
        case .tooLarge: 413
        case .storage: 500
        }
    }
}
