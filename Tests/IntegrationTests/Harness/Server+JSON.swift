import Foundation
import Testing

extension Server {
    /// The object that stands at a path.
    func json(_ path: String) throws -> [String: Any] {
        let body = try RawClient.get(port, path).body
        return try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }

    /// What the API below `/api` answers for upstreams.
    func askUpstreams(_ method: String, _ path: String, _ body: String? = nil) throws -> (
        status: Int, text: String
    ) {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        let answer = try RawClient.ask(
            port,
            "\(method) /api/9/http/upstreams/\(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(length)\r\n"
                + (body ?? ""))
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }
}

/// The number at a path of names in an object; `nil`: there is none.
func number(_ value: Any?, _ path: String...) -> Int? {
    var value = value
    for name in path { value = (value as? [String: Any])?[name] }
    return value as? Int
}
