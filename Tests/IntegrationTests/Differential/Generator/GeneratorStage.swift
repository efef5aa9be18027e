import Foundation
import TestSupport

/// What both programs find when they take the stage: files, a gateway, and ports, the same for both, so
/// that nothing in their answers needs to be made neutral but their names.
final class GeneratorStage {
    /// One run of a program on a batch of cases.
    enum Outcome {
        /// What was seen, by case and ask.
        case seen([[[String]]], alarms: [String])
        /// It did not start.
        case refused(String)
    }

    /// How many cases one process serves at once, each on a port of its own.
    static let width = 24

    let gateway: RecordingGateway
    private let world: TemporaryDirectory
    private let ports: [UInt16]
    private let sparePort: UInt16
    private let deadPort: UInt16

    init() throws {
        gateway = try RecordingGateway()
        world = try TemporaryDirectory()
        for (name, text) in World.files { try world.write(text, to: name) }
        ports = try (0..<GeneratorStage.width).map { _ in try FreePort.next() }
        sparePort = try FreePort.next()
        deadPort = try FreePort.next()
    }

    deinit {
        gateway.stop()
    }

    /// The whole file for a batch.
    func configuration(_ cases: [GeneratedCase], _ kind: Server.Kind, in directory: String) -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"]
            .map { "\($0)_temp_path \(directory)/temp/\($0);" }.joined(separator: " ")
        let servers = zip(cases, ports).map { testCase, port in
            testCase.servers.map { $0.text() }.joined().replacing("%PORT%", with: "\(port)")
        }
        return fill(
            """
            daemon off;
            worker_processes 1;
            pid \(directory)/server.pid;
            error_log \(directory)/error.log notice;
            events { worker_connections 256; }
            http {
            access_log off;
            \(kind == .nginx || Binary.portico.hasSuffix("nginx") ? temporary : "")
            \(World.preamble)
            \(servers.joined())
            \(World.lastServer)
            }
            """)
    }

    func fill(_ text: String) -> String {
        text.replacing("%GATEWAY%", with: "127.0.0.1:\(gateway.port)")
            .replacing("%DEAD%", with: "127.0.0.1:\(deadPort)").replacing("%SPARE%", with: "\(sparePort)")
            .replacing("%WORLD%", with: world.path)
    }

    /// Starts a program, asks it all, stops it.
    func run(_ cases: [GeneratedCase], _ kind: Server.Kind) throws -> Outcome {
        let directory = try TemporaryDirectory()
        try directory.write(configuration(cases, kind, in: directory.path), to: "server.conf")
        try directory.write("", to: "error.log", mode: 0o666)
        mkdir(directory.path + "/temp", 0o755)
        let path = kind == .nginx ? Binary.nginx ?? "nginx" : Binary.portico
        let file = directory.path + "/server.conf"
        let program = try Program(
            path, ["-p", directory.path + "/", "-c", file, "-e", directory.path + "/error.log"],
            in: directory, name: "server")
        defer { program.stop(within: 2) }
        for port in [sparePort] + ports.prefix(cases.count) {
            let accepts = waitUntil(Deadline(in: 20)) {
                if program.endingNow != nil { return true }
                guard let descriptor = try? Socket.connect(port: port) else { return false }
                close(descriptor)
                return true
            }
            if program.endingNow != nil || !accepts {
                return .refused(program.errors + directory.read("error.log"))
            }
        }
        let seen = zip(cases, ports).map { testCase, port in
            testCase.asks.map { perform($0, port: port) }
        }
        program.stop(within: 5)
        let marks = ["[alert]", "[emerg]", "Fatal error", "Sanitizer", "exited on signal"]
        let log = (directory.read("error.log") + program.errors).split(separator: "\n").map(String.init)
        return .seen(
            seen,
            alarms: log.filter { line in
                // nginx's own words for a configuration that asks for too much.
                !line.contains("cannot be used in location") && marks.contains { line.contains($0) }
            })
    }

    // MARK: asking

    private func perform(_ ask: GeneratedAsk, port: UInt16) -> [String] {
        gateway.forget()
        gateway.takeAnswers(
            from: AnswerQueue(
                ask.answers.map { $0.filled { fill($0).replacing("%PORT%", with: "\(port)") }.forGateway }))
        var lines: [String] = []
        do {
            let client = try RawClient(port: port)
            client.send(ask.requests.flatMap { $0.bytes(port: port) })
            var keepsAlive = true
            for request in ask.requests where keepsAlive {
                let response = try client.response(to: request.method, within: 4)
                lines += Sighting.lines(of: response, to: request)
                keepsAlive = response.keepsAlive
            }
            lines.append(
                keepsAlive ? probe(client) : client.isClosedByPeer(within: 4) ? "[closed]" : "[stays open]")
        } catch {
            lines.append("*** \(error)")
        }
        for request in gateway.requests { lines += Sighting.lines(of: request) }
        lines += gateway.failures.map { "*** gateway: \($0)" }
        return lines
    }

    /// A connection that still serves answers nonsense with an error, whatever page that leads to.
    private func probe(_ client: RawClient) -> String {
        client.send("x /probe\r\n\r\n")
        do {
            return try client.response(within: 4).status >= 200 ? "[open]" : ""
        } catch {
            return "[closed silently: \(error)]"
        }
    }
}

/// How an answer, or a request at the gateway, is written down: what differs by name or clock is neutral.
enum Sighting {
    static func lines(of response: Response, to request: GeneratedRequest) -> [String] {
        var lines = response.interim.map { "interim: " + $0.startLine } + [response.head.startLine]
        let text = response.text
        let page = text.replacing("<center>portico</center>", with: "<center>nginx</center>")
        let isPage = page.contains("<hr><center>nginx</center>")
        // It is about the connection, and ends here; nginx passes it on.
        let fields = response.head.fields.filter {
            $0.name.lowercased() != "upgrade" || response.status == 101
        }
        lines += sorted(fields).map {
            "\($0.name): \(value(of: $0, in: response, isPage: isPage))"
        }
        lines.append("[\(response.framing.rawValue)\(response.isWhole ? "" : ", cut short")]")
        return lines + response.trailers.map { "trailer: " + $0 } + [
            isPage ? page : withoutBoundary(text, response)
        ]
    }

    static func lines(of request: RecordedRequest) -> [String] {
        ["=== gateway: \(request.line)"] + sorted(request.head.fields).map { "\($0.name): \($0.value)" }
            + ["[body\(request.isBodyWhole ? "" : ", cut short")] " + request.text]
    }

    /// The order of fields with different names means nothing (RFC 9110 §5.3).
    private static func sorted(_ fields: [WireField]) -> [WireField] {
        fields.enumerated().sorted {
            ($0.element.name.lowercased(), $0.offset) < ($1.element.name.lowercased(), $1.offset)
        }.map(\.element)
    }

    private static func boundary(of response: Response) -> String? {
        response["Content-Type"]?.split(separator: "boundary=").dropFirst().first.map(String.init)
    }

    private static func withoutBoundary(_ text: String, _ response: Response) -> String {
        boundary(of: response).map { text.replacing($0, with: "%BOUNDARY%") } ?? text
    }

    private static func value(of field: WireField, in response: Response, isPage: Bool) -> String {
        switch field.name.lowercased() {
        case "content-length" where isPage: return "%PAGE%"
        case "content-type": return withoutBoundary(field.value, response)
        case "server" where field.value == "portico": return "nginx"
        case "date", "expires":
            // As seconds from the response's own Date, where both lie near; a Date of the gateway's says nothing.
            let clock = time(nil)
            guard let date = seconds(field.value), abs(date - clock) < 2 * 86400 else { return field.value }
            if field.name.lowercased() == "date" { return "now" }
            guard let now = response["Date"].flatMap(seconds), abs(now - clock) < 60 else {
                return "near now"
            }
            return "now + \(date - now)"
        case "cache-control" where field.value.hasPrefix("max-age="):
            // `@time` counts down.
            guard let age = Int(field.value.dropFirst(8)), age % 60 != 0 else { return field.value }
            return "max-age=varying"
        default: return field.value
        }
    }

    /// Seconds since 1970 of an IMF-fixdate (RFC 9110 §5.6.7).
    private static func seconds(_ text: String) -> Int? {
        let words = text.split(separator: " ")
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec"
        guard words.count == 6, let day = Int32(words[1]), let year = Int32(words[3]),
            let month = months.range(of: words[2])
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3 else { return nil }
        var parts = tm()
        (parts.tm_mday, parts.tm_year) = (day, year - 1900)
        parts.tm_mon = Int32(months.distance(from: months.startIndex, to: month.lowerBound) / 3)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return timegm(&parts)
    }
}

extension GeneratedAnswer {
    /// With the placeholders of its fields filled in.
    func filled(_ fill: (String) -> String) -> GeneratedAnswer {
        var copy = self
        copy.fields = fields.map(fill)
        return copy
    }
}
