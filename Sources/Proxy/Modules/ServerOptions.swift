internal import Core
internal import HTTP

/// `OPTIONS *`: what the server can do as a whole. RFC 9110 §9.3.7.
enum ServerOptions {
    static func handle(_ exchange: Exchange) -> Outcome {
        let response = exchange.response
        response.status = 200
        response.contentKind = .none
        response.contentLength = 0
        response.add(.allow) { $0.append("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS") }
        return .respond
    }
}
