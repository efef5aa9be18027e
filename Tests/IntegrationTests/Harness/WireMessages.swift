import Foundation
import TestSupport

/// A response as a client saw it.
struct Response: Sendable {
    /// How the end of the body was found.
    enum Framing: String, Sendable {
        case none, length, chunked, close
    }

    let head: WireHead
    /// Decoded.
    let body: [UInt8]
    let framing: Framing
    /// False when the stream ended before the body's end.
    let isWhole: Bool
    let trailers: [String]
    /// The 1xx responses that came before.
    let interim: [WireHead]

    var status: Int { Int(head.startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }
    var text: String { String(latin1: body) }
    /// What the response says about its connection.
    var keepsAlive: Bool {
        if framing == .close { return false }
        let connection = head["Connection"]?.lowercased() ?? ""
        return connection != "close" && (head.startLine.hasPrefix("HTTP/1.1") || connection == "keep-alive")
    }

    subscript(_ name: String) -> String? { head[name] }
}

/// A request as a gateway saw it.
struct RecordedRequest: Sendable {
    let head: WireHead
    /// Decoded.
    let body: [UInt8]
    let trailers: [String]
    let isBodyWhole: Bool
    /// Serial of the connection it came on (0-based), and its place on it (0-based).
    let connection: Int
    let indexOnConnection: Int

    var line: String { head.startLine }
    var method: String { String(line.split(separator: " ").first ?? "") }
    var target: String {
        let parts = line.split(separator: " ")
        return parts.count > 1 ? String(parts[1]) : ""
    }
    var text: String { String(latin1: body) }

    subscript(_ name: String) -> String? { head[name] }
}
