/// A request that the generator made up.
struct GeneratedRequest: Sendable {
    enum Body: Sendable, Equatable {
        case none
        case length([UInt8])
        case chunked([[UInt8]])

        var isEmpty: Bool {
            switch self {
            case .none: true
            case .length(let bytes): bytes.isEmpty
            case .chunked: false
            }
        }
    }

    var method = "GET"
    var target: [UInt8] = [UInt8(ascii: "/")]
    var version = "HTTP/1.1"
    /// The lines between request line and framing, Host among them; `%PORT%` stands for the port.
    var fields: [String] = ["Host: gen.test"]
    var body = Body.none

    func bytes(port: UInt16) -> [UInt8] {
        var head = Array("\(method) ".utf8) + target + Array(" \(version)\r\n".utf8)
        var lines = fields
        var content: [UInt8] = []
        switch body {
        case .none: break
        case .length(let bytes):
            lines.append("Content-Length: \(bytes.count)")
            content = bytes
        case .chunked(let pieces):
            lines.append("Transfer-Encoding: chunked")
            for piece in pieces {
                content += Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + [13, 10]
            }
            content += Array("0\r\n\r\n".utf8)
        }
        for line in lines {
            head += Array((line.replacing("%PORT%", with: "\(port)") + "\r\n").utf8)
        }
        return head + [13, 10] + content
    }

    /// Requests with one thing less, or one thing plainer.
    var smaller: [GeneratedRequest] {
        var found: [GeneratedRequest] = []
        func add(_ change: (inout GeneratedRequest) -> Void) {
            var copy = self
            change(&copy)
            found.append(copy)
        }
        if body != .none { add { $0.body = .none } }
        if case .chunked(let pieces) = body { add { $0.body = .length(pieces.flatMap { $0 }) } }
        if method != "GET" { add { $0.method = "GET" } }
        if version != "HTTP/1.1" { add { $0.version = "HTTP/1.1" } }
        for index in fields.indices where fields[index] != "Host: gen.test" {
            add { $0.fields.remove(at: index) }
            if fields[index].hasPrefix("Host:") { add { $0.fields[index] = "Host: gen.test" } }
        }
        if let query = target.firstIndex(of: UInt8(ascii: "?")) { add { $0.target.removeSubrange(query...) } }
        // Segments, then single bytes.
        let slashes = target.indices.filter { target[$0] == UInt8(ascii: "/") }
        for (from, to) in zip(slashes, slashes.dropFirst() + [target.count]) where to - from > 1 {
            add { $0.target.removeSubrange(from..<to) }
        }
        if target.count <= 24 {
            for index in target.indices.dropFirst() { add { $0.target.remove(at: index) } }
        }
        return found.filter { !$0.target.isEmpty }
    }
}

/// What a gateway answers, as the generator made it up.
struct GeneratedAnswer: Sendable {
    enum Framing: Sendable, Equatable {
        case length, chunked, close
        /// The connection ends within the body.
        case cut
        /// A reset, or an end, in place of an answer.
        case reset, silence
    }

    var status = "200 OK"
    var fields: [String] = ["Content-Type: text/plain"]
    var body = "from the gateway\n"
    var framing = Framing.length
    var interim: [String] = []

    var isBodiless: Bool { status.hasPrefix("204") || status.hasPrefix("304") }

    var forGateway: GatewayAnswer {
        if framing == .reset { return .reset }
        if framing == .silence { return .close }
        let before = interim.joined()
        var lines = ["HTTP/1.1 \(status)"] + fields
        var content = Array(body.utf8)
        switch framing {
        case .length: lines.append("Content-Length: \(content.count)")
        case .chunked:
            lines.append("Transfer-Encoding: chunked")
            let half = content.count / 2
            let pieces = [content[..<half], content[half...]].filter { !$0.isEmpty }
            content = pieces.flatMap { Array((String($0.count, radix: 16) + "\r\n").utf8) + $0 + [13, 10] }
            content += Array("0\r\n\r\n".utf8)
        case .close: lines.append("Connection: close")
        case .cut: lines.append("Content-Length: \(content.count + 10)")
        case .reset, .silence: break
        }
        let endsInClose = framing == .close || framing == .cut
        let head = Array((before + lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        if isBodiless {
            let plain = Array(
                (before + (["HTTP/1.1 \(status)"] + fields).joined(separator: "\r\n") + "\r\n\r\n").utf8)
            return GatewayAnswer(steps: [.send(plain)])
        }
        let end: [GatewayAnswer.Step] = endsInClose ? [.close] : []
        return GatewayAnswer(steps: [.send(head + content)] + end, stepsForHead: [.send(head)] + end)
    }

    var smaller: [GeneratedAnswer] {
        var found: [GeneratedAnswer] = []
        func add(_ change: (inout GeneratedAnswer) -> Void) {
            var copy = self
            change(&copy)
            found.append(copy)
        }
        for index in fields.indices { add { $0.fields.remove(at: index) } }
        for index in interim.indices { add { $0.interim.remove(at: index) } }
        if framing != .length { add { $0.framing = .length } }
        if status != "200 OK" { add { $0.status = "200 OK" } }
        if body.count > 4 { add { $0.body = "body" } }
        return found
    }
}

/// What is sent at once on one connection, and what the gateway answers meanwhile.
struct GeneratedAsk: Sendable {
    var requests: [GeneratedRequest]
    /// Taken in order; afterwards the gateway answers by the path.
    var answers: [GeneratedAnswer] = []

    var smaller: [GeneratedAsk] {
        var found: [GeneratedAsk] = []
        if requests.count > 1 {
            for index in requests.indices {
                var copy = self
                copy.requests.remove(at: index)
                found.append(copy)
            }
        }
        for index in answers.indices {
            var copy = self
            copy.answers.remove(at: index)
            found.append(copy)
        }
        for (index, request) in requests.enumerated() {
            for plainer in request.smaller {
                var copy = self
                copy.requests[index] = plainer
                found.append(copy)
            }
        }
        for (index, answer) in answers.enumerated() {
            for plainer in answer.smaller {
                var copy = self
                copy.answers[index] = plainer
                found.append(copy)
            }
        }
        return found
    }
}

/// Servers on one port, and what they are asked.
struct GeneratedCase: Sendable {
    var servers: [Statement]
    var asks: [GeneratedAsk]

    /// Cases with something less.
    var smaller: [GeneratedCase] {
        var found: [GeneratedCase] = []
        if asks.count > 1 {
            for ask in asks { found.append(GeneratedCase(servers: servers, asks: [ask])) }
            for index in asks.indices {
                var copy = self
                copy.asks.remove(at: index)
                found.append(copy)
            }
            return found
        }
        for list in servers.smaller
        where !list.isEmpty && list.allSatisfy({ $0.block?.first?.name == "listen" }) {
            found.append(GeneratedCase(servers: list, asks: asks))
        }
        for (index, ask) in asks.enumerated() {
            for plainer in ask.smaller {
                var copy = self
                copy.asks[index] = plainer
                found.append(copy)
            }
        }
        return found
    }
}
