import Foundation
import TestSupport
import Testing

/// Portico, or nginx as its model, running on a configuration of the test's own.
///
/// In the text these are filled in: `%PREFIX%` (its directory), `%PORT1%` … `%PORT9%` (its own listening
/// ports), `%GATEWAY1%` … (addresses of the given gateways), `%DEAD%` (an address that refuses), and
/// `%TEMP_PATHS%` (what only nginx needs, to run without touching the machine's folders),
/// `%NO_POOL%` (in an upstream: no idle connections).
final class Server: Sendable {
    enum Kind: Sendable {
        case portico
        case nginx

        /// Portico, and its model where that is there.
        static var all: [Kind] { Binary.nginx == nil ? [.portico] : [.portico, .nginx] }
    }

    let kind: Kind
    let directory: TemporaryDirectory
    /// The ports behind `%PORT1%`, `%PORT2%`, … in order.
    let ports: [UInt16]
    let program: Program
    /// The configuration after filling in.
    let configuration: String
    private let deadPort: UInt16

    var port: UInt16 { ports[0] }

    /// Starts it and waits until every port that the text names accepts.
    init(
        _ text: String, kind: Kind = .portico, gateways: [RecordingGateway] = [],
        files: [String: String] = [:], directory: TemporaryDirectory? = nil,
        arguments: [String] = [], awaitsPorts: Bool = true
    ) throws {
        self.kind = kind
        self.directory = try directory ?? TemporaryDirectory()
        deadPort = try FreePort.next()
        var ports: [UInt16] = []
        for number in 1...9 where number == 1 || text.contains("%PORT\(number)%") {
            ports.append(try FreePort.next())
        }
        self.ports = ports
        for (name, contents) in files { try self.directory.write(contents, to: name) }
        configuration = Server.fill(
            text, kind, self.directory.path, ports, gateways.map { $0.port }, deadPort)
        try self.directory.write(configuration, to: "server.conf")
        try self.directory.write("", to: "error.log", mode: 0o666)
        program = try Program(
            try Server.path(of: kind), Server.arguments(kind, self.directory, configuration) + arguments,
            in: self.directory, name: "server")
        if awaitsPorts { try waitForPorts() }
    }

    /// What is in the error log and on standard error.
    var log: String { directory.read("error.log") + program.errors }

    /// Writes a new configuration (same placeholders) over the old one; a reload is the caller's.
    func rewrite(_ text: String, gateways: [RecordingGateway] = []) throws {
        let filled = Server.fill(text, kind, directory.path, ports, gateways.map { $0.port }, deadPort)
        try directory.write(filled, to: "server.conf")
    }

    /// Has the master reload, and waits until it says what became of it.
    func reload() throws -> (ending: Program.Ending, output: String, errors: String) {
        try Program.run(
            Binary.portico,
            [
                "-p", directory.path + "/", "-c", directory.path + "/server.conf", "-e", "stderr",
                "-g", "pid \(directory.path)/server.pid;", "-s", "reload",
            ],
            in: directory, name: "reload")
    }

    /// Waits for a text in the error log.
    func waitForLog(_ text: String, within seconds: Double = 5) -> Bool {
        waitUntil(Deadline(in: seconds)) { log.contains(text) }
    }

    /// Stops it, and checks that it ended cleanly and logged nothing alarming.
    /// - Parameter expected: alarming log lines that contain one of these are in order.
    func finish(expected: [String] = [], sourceLocation: SourceLocation = #_sourceLocation) {
        let ending = program.stop()
        #expect(ending == .exited(0), "\(kind) must end with 0\n\(log)", sourceLocation: sourceLocation)
        let alarms = alarmingLines.filter { line in !expected.contains { line.contains($0) } }
        #expect(alarms.isEmpty, "\(kind) logged alarms", sourceLocation: sourceLocation)
    }

    /// Lines at level crit and above, and a sanitizer's or a trap's words.
    var alarmingLines: [String] {
        let marks = ["[alert]", "[emerg]", "[crit]", "Fatal error", "AddressSanitizer", "exited on signal"]
        return log.split(separator: "\n").map(String.init).filter { line in
            marks.contains { line.contains($0) }
        }
    }

    /// Puts the names of the placeholders back where run-dependent values stand.
    func neutral(_ text: String, gateways: [RecordingGateway] = []) -> String {
        var text = text.replacingOccurrences(of: directory.path, with: "%PREFIX%")
        for (index, port) in ports.enumerated() {
            text = text.replacingOccurrences(of: "\(port)", with: "%PORT\(index + 1)%")
        }
        for (index, gateway) in gateways.enumerated() {
            text = text.replacingOccurrences(of: "\(gateway.port)", with: "%GATEWAYPORT\(index + 1)%")
        }
        return text.replacingOccurrences(of: "\(deadPort)", with: "%DEADPORT%")
    }

    private func waitForPorts() throws {
        for (index, port) in ports.enumerated() where configuration.contains("\(port)") || index == 0 {
            let accepts = waitUntil(Deadline(in: 10)) {
                if program.endingNow != nil { return true }
                guard let descriptor = try? Socket.connect(port: port) else { return false }
                close(descriptor)
                return true
            }
            if let ending = program.endingNow {
                throw HarnessError("\(kind) ended at start (\(ending)):\n\(log)\n\(configuration)")
            }
            guard accepts else {
                program.stop(within: 1)
                throw HarnessError("\(kind) does not accept on port \(port):\n\(log)")
            }
        }
    }

    private static func path(of kind: Kind) throws -> String {
        switch kind {
        case .portico:
            let path = Binary.portico
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw HarnessError("there is no program at \(path); build it or set PORTICO_BINARY")
            }
            return path
        case .nginx:
            guard let path = Binary.nginx else { throw HarnessError("nginx is not installed") }
            return path
        }
    }

    private static func arguments(_ kind: Kind, _ directory: TemporaryDirectory, _ text: String) -> [String] {
        var globals = "daemon off;"
        let namesPID = text.split(separator: "\n").contains {
            $0.trimmingCharacters(in: .whitespaces).hasPrefix("pid ")
        }
        if !namesPID { globals += " pid \(directory.path)/server.pid;" }
        return [
            "-p", directory.path + "/", "-c", directory.path + "/server.conf",
            "-e", directory.path + "/error.log", "-g", globals,
        ]
    }

    private static func fill(
        _ text: String, _ kind: Kind, _ prefix: String, _ ports: [UInt16], _ gateways: [UInt16],
        _ deadPort: UInt16
    ) -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"]
            .map { "\($0)_temp_path \(prefix)/temp/\($0);" }.joined(separator: " ")
        var text = text.replacingOccurrences(of: "%PREFIX%", with: prefix)
        // A binary given by PORTICO_BINARY may itself be nginx (the harness tried on itself).
        let needsPaths = kind == .nginx || Binary.portico.hasSuffix("nginx")
        if needsPaths { mkdir(prefix + "/temp", 0o755) }
        text = text.replacingOccurrences(of: "%TEMP_PATHS%", with: needsPaths ? temporary : "")
        // nginx before 1.29.7 keeps no idle connections by default, and has no word for that.
        text = text.replacingOccurrences(of: "%NO_POOL%", with: needsPaths ? "" : "keepalive 0;")
        for (index, port) in ports.enumerated() {
            text = text.replacingOccurrences(of: "%PORT\(index + 1)%", with: "\(port)")
        }
        for (index, port) in gateways.enumerated() {
            text = text.replacingOccurrences(of: "%GATEWAY\(index + 1)%", with: "127.0.0.1:\(port)")
        }
        return text.replacingOccurrences(of: "%DEAD%", with: "127.0.0.1:\(deadPort)")
    }
}
