/// One thing a client sends, in the pieces it is sent in, and where.
struct Ask: Sendable {
    var pieces: [[UInt8]]
    /// Index into the server's ports.
    var portIndex = 0
    var isOnNewConnection = false
    /// Reads one 1xx head before sending the second piece.
    var awaitsContinue = false
    /// How many final responses answer it (a pipeline has several).
    var methods: [String]
    /// After the response: bytes sent and expected back (a tunnel).
    var echoes: String?

    static func raw(_ text: String, methods: [String]? = nil) -> Ask {
        let bytes = Array(text.utf8)
        return Ask(pieces: [bytes], methods: methods ?? [RawClient.method(of: bytes)])
    }

    static func request(
        _ method: String, _ target: String, host: String? = "localhost", _ fields: [String] = [],
        body: String? = nil, version: String = "HTTP/1.1"
    ) -> Ask {
        var lines = ["\(method) \(target) \(version)"]
        if let host { lines.append("Host: \(host)") }
        lines += fields
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        return .raw(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }

    static func get(
        _ target: String, host: String? = "localhost", _ fields: [String] = [], version: String = "HTTP/1.1"
    ) -> Ask {
        request("GET", target, host: host, fields, version: version)
    }

    static func head(_ target: String, host: String? = "localhost", _ fields: [String] = []) -> Ask {
        request("HEAD", target, host: host, fields)
    }

    static func post(_ target: String, _ body: String, _ fields: [String] = []) -> Ask {
        request("POST", target, fields, body: body)
    }

    /// A POST whose body is chunked, one chunk a piece.
    static func chunkedPost(_ target: String, _ chunks: [String], _ fields: [String] = []) -> Ask {
        let head = ["POST \(target) HTTP/1.1", "Host: localhost"] + fields + ["Transfer-Encoding: chunked"]
        let body = chunks.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
        return .raw(head.joined(separator: "\r\n") + "\r\n\r\n" + body + "0\r\n\r\n")
    }

    /// Several requests sent at once.
    static func pipeline(_ asks: Ask...) -> Ask {
        Ask(pieces: [asks.flatMap { $0.pieces.flatMap { $0 } }], methods: asks.flatMap { $0.methods })
    }

    func onPort(_ number: Int) -> Ask {
        var copy = self
        copy.portIndex = number - 1
        return copy
    }

    var onNewConnection: Ask {
        var copy = self
        copy.isOnNewConnection = true
        return copy
    }

    func echoing(_ text: String) -> Ask {
        var copy = self
        copy.echoes = text
        return copy
    }
}
