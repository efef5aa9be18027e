internal import Core
internal import HTTP
internal import Net

/// Questions to a running service over its `control_socket`: HTTP/1.0, one for each connection.
struct ControlConnection {
    let path: String

    /// What it answers.
    struct Answer {
        let status: Int
        let body: String
    }

    /// - Throws: why there is no answer.
    func ask(_ method: String, _ target: String, body: String = "") throws(Errno) -> Answer {
        var text = "\(method) \(target) HTTP/1.0\r\nHost: localhost\r\n"
        if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        let bytes = try LocalQuestion.ask(path, Array((text + "\r\n" + body).utf8), timeoutMs: 10_000)
        return ControlConnection.answer(bytes)
    }

    /// - Returns: status 0 for what is no answer.
    static func answer(_ bytes: [UInt8]) -> Answer {
        let end: [UInt8] = Array("\r\n\r\n".utf8)
        guard let head = bytes.firstRange(of: end) else { return Answer(status: 0, body: "") }
        let words = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).split(separator: " ")
        return Answer(
            status: words.count > 1 ? Int(words[1]) ?? 0 : 0,
            body: String(decoding: bytes[head.upperBound...], as: UTF8.self))
    }

    /// The number of a server in what the API lists of an upstream's servers; `nil`: it is not there.
    static func id(of server: String, in list: String) -> Int? {
        guard let name = list.firstRange(of: "\"server\":\"\(server)\""),
            let key = list[..<name.lowerBound].ranges(of: "\"id\":").last
        else { return nil }
        return Int(list[key.upperBound...].prefix { $0.isNumber })
    }

    /// As a part of a path or of a query (RFC 3986 §2.3).
    static func encoded(_ text: String) -> String {
        let out = ByteBuffer(capacity: text.utf8.count)
        URIPath.escape(Array(text.utf8).span, as: .uriComponent, into: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }
}
