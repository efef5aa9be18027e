import Core
import HTTP

/// A request's head as HTTP/2 says it, to be encoded for one connection or another: RFC 9113 §8.3.1.
struct HTTP2RequestFields {
    let bytes = ByteBuffer(capacity: 512)
    private(set) var fields: [Field] = []
    /// The request's content follows in frames of its own.
    let hasContent: Bool

    init(_ options: LoadOptions, path: String) {
        hasContent = !options.body.isEmpty
        let host = options.headers.last { $0.name.lowercased() == "host" }?.value
        append(":method", options.method)
        append(":scheme", options.scheme)
        append(":authority", host ?? options.authority)
        append(":path", path)
        for header in options.headers {
            let name = header.name.lowercased()
            guard !Self.isOfConnection(name) else { continue }
            append(name, header.value)
        }
        if hasContent { append("content-length", "\(options.body.count)") }
    }

    /// A GET of a path.
    init(_ options: LoadOptions, download path: String) {
        var options = options
        options.method = "GET"
        options.body = []
        self.init(options, path: path)
    }

    /// §8.2.2, and what `:authority` says.
    private static func isOfConnection(_ name: String) -> Bool {
        ["host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].contains(
            name)
    }

    private mutating func append(_ name: String, _ value: String) {
        let start = bytes.count
        bytes.append(name)
        let middle = bytes.count
        bytes.append(value)
        fields.append(
            Field(
                name: Slice(from: start, to: middle), value: Slice(from: middle, to: bytes.count),
                known: .other))
    }
}
