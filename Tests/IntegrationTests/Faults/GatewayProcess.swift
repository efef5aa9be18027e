import Foundation
import TestSupport

/// A gateway that runs as a process of its own, always on the same port.
final class GatewayProcess {
    let name: String
    let port: UInt16
    private let directory: TemporaryDirectory
    private var program: Program?
    /// How long it took to accept when it was started last.
    private(set) var startMs = 0

    var address: String { "127.0.0.1:\(port)" }

    /// Starts it and waits until it accepts.
    init(_ name: String, in directory: TemporaryDirectory) throws {
        self.name = name
        self.directory = directory
        port = try FreePort.next()
        try directory.write(GatewayScript.text, to: "gateway.py")
        try start()
    }

    deinit { end() }

    /// The ids of the POSTs that it took, in order, over all its lives.
    var recorded: [Int] { directory.read("\(name).record").split(separator: "\n").compactMap { Int($0) } }

    /// "METHOD id" of each request that it answered badly, or not at all, on purpose.
    var marred: [String] { directory.read("\(name).marred").split(separator: "\n").map(String.init) }

    func start() throws {
        let begun = Deadline.nowNs()
        defer { startMs = Int((Deadline.nowNs() - begun) / 1_000_000) }
        program = try Program(
            "python3",
            [
                directory.path + "/gateway.py", "\(port)", name, directory.path + "/\(name).record",
            ], in: directory, name: name)
        let accepts = waitUntil(Deadline(in: 10)) {
            guard let descriptor = try? Socket.connect(port: port) else { return false }
            close(descriptor)
            return true
        }
        guard accepts else { throw HarnessError("gateway \(name): \(program?.errors ?? "")") }
    }

    /// KILL, and waits until it is gone.
    func end() {
        program?.send(SIGKILL)
        _ = program?.waitForEnd()
        program = nil
    }

    func send(_ signal: Int32) { program?.send(signal) }

    /// "silent", "garbage", "cut" or "reset"; with "-all" its /status/ready as well; empty: well-behaved.
    func setMode(_ mode: String) throws { try replace("mode", mode) }

    /// What /status/ready answers.
    func setReady(_ status: Int, _ body: String) throws { try replace("ready", "\(status) \(body)") }

    /// At one stroke: it reads the file with every request.
    private func replace(_ kind: String, _ text: String) throws {
        let fresh = try directory.write(text, to: "\(name).\(kind).fresh")
        guard rename(fresh, directory.path + "/\(name).\(kind)") == 0 else {
            throw HarnessError.call("rename")
        }
    }
}
