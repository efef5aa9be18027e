import Foundation
import TestSupport
import Testing

/// One program going through a group's cases, writing down what could be seen of it.
struct DifferentialRun {
    let server: Server
    let gateways: [RecordingGateway]
    private var client: RawClient?
    private var clientPort = 0
    private var logOffset = 0

    private init(_ group: DifferentialGroup, _ kind: Server.Kind) throws {
        gateways = try (0..<group.gateways).map { try RecordingGateway("g\($0 + 1)") }
        server = try Server(group.configuration, kind: kind, gateways: gateways, files: group.files)
    }

    /// - Returns: a transcript for each case.
    static func transcripts(
        of group: DifferentialGroup, cases: [DifferentialCase], _ kind: Server.Kind
    ) throws -> [String] {
        var run = try DifferentialRun(group, kind)
        defer { for gateway in run.gateways { gateway.stop() } }
        let transcripts = cases.map { testCase in
            // What is meant to differ needs no model, and nginx may wait long in it.
            kind == .nginx && testCase.intended != nil ? "" : run.transcript(of: testCase)
        }
        run.client = nil
        run.server.finish(expected: group.expectedAlarms)
        return transcripts
    }

    private mutating func transcript(of testCase: DifferentialCase) -> String {
        client = nil
        for gateway in gateways { gateway.forget() }
        let queue = AnswerQueue(testCase.answers)
        for gateway in gateways { gateway.takeAnswers(from: queue) }
        var lines: [String] = []
        for (index, ask) in testCase.asks.enumerated() {
            lines.append("--- ask \(index + 1)")
            let seen = gateways.map { $0.requests.count }
            lines += perform(ask, testCase)
            for (gateway, count) in zip(gateways, seen) {
                for request in gateway.requests.dropFirst(count) {
                    lines += describe(request, at: gateway, testCase)
                }
                lines += gateway.failures.map { "*** gateway \(gateway.name): \($0)" }
            }
        }
        if testCase.probes, let client { lines.append(DifferentialRun.probe(client)) }
        client = nil
        if testCase.logLines > 0 { lines += newLogLines(testCase.logLines) }
        return server.neutral(lines.joined(separator: "\n"), gateways: gateways)
    }

    private mutating func perform(_ ask: Ask, _ testCase: DifferentialCase) -> [String] {
        var lines: [String] = []
        do {
            if client == nil || ask.isOnNewConnection || clientPort != ask.portIndex {
                client = try RawClient(port: server.ports[ask.portIndex])
                clientPort = ask.portIndex
            }
            guard let client else { return [] }
            for (index, piece) in ask.pieces.enumerated() {
                if index == 1, ask.awaitsContinue {
                    lines.append("interim: " + (try client.interimHead().startLine))
                }
                client.send(piece)
            }
            for method in ask.methods {
                let response = try client.response(to: method)
                lines += DifferentialRun.describe(response, testCase)
                if let text = ask.echoes {
                    client.send(text)
                    lines.append("echo: " + String(latin1: try client.read(text.utf8.count)))
                    self.client = nil
                } else if !response.keepsAlive {
                    if testCase.comparesEnd {
                        let isClosed = client.isClosedByPeer(within: 2)
                        lines.append(isClosed ? "[closed]" : "[says close, stays open]")
                    }
                    self.client = nil
                    break
                }
            }
        } catch {
            lines.append("*** \(error)")
            client = nil
        }
        return lines
    }

    /// A connection that still serves answers nonsense with 400; one that does not is at its end.
    private static func probe(_ client: RawClient) -> String {
        client.send("x /probe\r\n\r\n")
        do {
            return try client.response().status == 400 ? "[open]" : "[open, but out of step]"
        } catch {
            return "[closed silently: \(error)]"
        }
    }

    private static func describe(_ response: Response, _ testCase: DifferentialCase) -> [String] {
        var lines = response.interim.map { "interim: " + $0.startLine }
        lines.append(response.head.startLine)
        let signed = signature(in: response.text)
        for field in response.head.fields {
            let name = field.name.lowercased()
            if name == "date" || name == "server" || testCase.ignoring.contains(name) { continue }
            // An error page's length depends on the program's name in it.
            let value = signed != nil && name == "content-length" ? "%PAGE%" : field.value
            lines.append("\(field.name): \(value)")
        }
        lines.append("[\(response.framing.rawValue)\(response.isWhole ? "" : ", cut short")]")
        lines += response.trailers.map { "trailer: " + $0 }
        lines.append(signed ?? response.text)
        return lines
    }

    /// An error page with the program's signature made neutral; nil when the text has none.
    private static func signature(in text: String) -> String? {
        let neutral = text.replacingOccurrences(
            of: "<center>(nginx|portico)[^<]*</center>", with: "<center>SERVER</center>",
            options: [.regularExpression, .caseInsensitive])
        return neutral == text ? nil : neutral
    }

    private func describe(
        _ request: RecordedRequest, at gateway: RecordingGateway, _ testCase: DifferentialCase
    ) -> [String] {
        var lines = ["=== at \(gateway.name): \(request.line)"]
        if testCase.comparesConnections {
            lines.append("[connection \(request.connection), request \(request.indexOnConnection)]")
        }
        lines += request.head.fields.map { "\($0.name): \($0.value)" }
        lines.append("[body\(request.isBodyWhole ? "" : ", cut short")] " + request.text)
        return lines
    }

    private mutating func newLogLines(_ count: Int) -> [String] {
        var lines: [Substring] = []
        let offset = logOffset
        _ = waitUntil(Deadline(in: 3)) {
            lines = server.directory.read("access.log").split(separator: "\n").dropFirst(offset).map { $0 }
            return lines.count >= count
        }
        logOffset += lines.count
        return lines.map { "log: " + $0 }
    }
}
