import Foundation

/// What a recording gateway does with one request: a script of steps, run in order.
struct GatewayAnswer: Sendable {
    enum Step: Sendable {
        case send([UInt8])
        /// Lets time pass, where the passing of time is what the test is about.
        case pause(milliseconds: UInt32)
        /// Waits until the test calls `release()`.
        case waitForRelease
        case close
        case reset
        /// Sends nothing more, and keeps the connection until the other side ends it.
        case hang
        /// Sends back every byte that comes, until the other side ends it (after a 101).
        case echo
        /// Sends back each short message of a WebSocket (RFC 6455 §5.2), unmasked as a server's are.
        case echoMessages
    }

    var steps: [Step]
    /// Run in their stead when the request is a HEAD.
    var stepsForHead: [Step]?
    /// Answers as soon as the head is there, and leaves the body unread.
    var isEarly = false

    /// Raw bytes, in as many sends as there are texts.
    static func raw(_ texts: String...) -> GatewayAnswer {
        GatewayAnswer(steps: texts.map { .send(Array($0.utf8)) })
    }

    /// A Content-Length response.
    static func fixed(
        _ body: String, status: String = "200 OK", fields: [String] = ["Content-Type: text/plain"]
    ) -> GatewayAnswer {
        let head = ["HTTP/1.1 \(status)"] + fields + ["Content-Length: \(body.utf8.count)", "", ""]
        return .raw(head.joined(separator: "\r\n") + body)
    }

    /// A chunked response, one chunk and one send a piece.
    static func chunked(
        _ pieces: [String], status: String = "200 OK", fields: [String] = ["Content-Type: text/plain"],
        trailers: [String] = []
    ) -> GatewayAnswer {
        let head = ["HTTP/1.1 \(status)"] + fields + ["Transfer-Encoding: chunked", "", ""]
        var steps: [Step] = [.send(Array(head.joined(separator: "\r\n").utf8))]
        for piece in pieces {
            steps.append(.send(Array("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n".utf8)))
        }
        let end = ["0"] + trailers + ["", ""]
        steps.append(.send(Array(end.joined(separator: "\r\n").utf8)))
        return GatewayAnswer(steps: steps)
    }

    /// A response whose body ends with the connection.
    static func untilClose(_ body: String, fields: [String] = ["Content-Type: text/plain"]) -> GatewayAnswer {
        let head = ["HTTP/1.1 200 OK"] + fields + ["Connection: close", "", ""]
        return GatewayAnswer(steps: [.send(Array((head.joined(separator: "\r\n") + body).utf8)), .close])
    }

    static var reset: GatewayAnswer { GatewayAnswer(steps: [.reset]) }
    static var close: GatewayAnswer { GatewayAnswer(steps: [.close]) }
    static var hang: GatewayAnswer { GatewayAnswer(steps: [.hang]) }

    /// Accepts an upgrade and echoes.
    static func upgrade(to protocolName: String = "websocket") -> GatewayAnswer {
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: \(protocolName)\r\nConnection: Upgrade\r\n\r\n"
        return GatewayAnswer(steps: [.send(Array(head.utf8)), .echo])
    }

    /// The same, before the request's body is read.
    var early: GatewayAnswer {
        var copy = self
        copy.isEarly = true
        return copy
    }

    /// The same, followed by one more step.
    func then(_ step: Step) -> GatewayAnswer {
        var copy = self
        copy.steps.append(step)
        return copy
    }
}
