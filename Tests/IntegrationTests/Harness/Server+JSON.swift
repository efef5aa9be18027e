import Foundation
import Testing

extension Server {
    /// The object that stands at a path.
    func json(_ path: String) throws -> [String: Any] {
        let body = try RawClient.get(port, path).body
        return try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }
}

/// The number at a path of names in an object; `nil`: there is none.
func number(_ value: Any?, _ path: String...) -> Int? {
    var value = value
    for name in path { value = (value as? [String: Any])?[name] }
    return value as? Int
}
