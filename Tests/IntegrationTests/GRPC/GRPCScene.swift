import Foundation
import TestSupport
import Testing

/// A server between a client and gateways of gRPC in Python, which may be missing.
final class GRPCScene {
    let server: Server
    private(set) var gateways: [Program] = []
    let gatewayPorts: [UInt16]

    /// Whether the Python at hand has what they need.
    static let isPossible: Bool = {
        guard let directory = try? TemporaryDirectory(),
            let run = try? Program.run(
                Binary.python, ["-c", "import grpc, grpc_health.v1"], in: directory, within: 30)
        else { return false }
        return run.ending == .exited(0)
    }()

    /// Whether it has the reflection service, too.
    static let hasReflection: Bool = {
        guard isPossible, let directory = try? TemporaryDirectory(),
            let run = try? Program.run(
                Binary.python, ["-c", "import grpc_reflection.v1alpha.reflection"], in: directory, within: 30)
        else { return false }
        return run.ending == .exited(0)
    }()

    /// - Parameter text: `%G1%` and so on are the gateways' addresses.
    init(_ text: String, gateways count: Int = 1, kind: Server.Kind = .portico) throws {
        let directory = try TemporaryDirectory()
        gatewayPorts = try (0..<count).map { _ in try FreePort.next() }
        try directory.write(GRPCScripts.gateway, to: "gateway.py")
        try directory.write(GRPCScripts.client, to: "client.py")
        var filled = text
        for (index, port) in gatewayPorts.enumerated() {
            filled = filled.replacing("%G\(index + 1)%", with: "127.0.0.1:\(port)")
        }
        server = try Server(filled, kind: kind, directory: directory)
        for index in 0..<count { gateways.append(try start(index)) }
        for index in 0..<count { try awaitStart(of: index) }
    }

    private func start(_ index: Int) throws -> Program {
        try Program(
            Binary.python,
            [server.directory.path + "/gateway.py", "\(gatewayPorts[index])", "g\(index + 1)"],
            in: server.directory, name: "gateway\(index + 1)")
    }

    private func awaitStart(of index: Int) throws {
        guard waitUntil(Deadline(in: 30), { said(by: index).contains("port") }) else {
            throw HarnessError("the gateway does not start: \(gateways[index].errors)")
        }
    }

    /// What a gateway has written.
    func said(by index: Int) -> String { server.directory.read("gateway\(index + 1).stdout") }

    func restart(_ index: Int) throws {
        gateways[index] = try start(index)
        try awaitStart(of: index)
    }

    /// - Returns: what the client says at last, or why it failed.
    func client(_ words: String...) throws -> String {
        let run = try Program.run(
            Binary.python,
            [server.directory.path + "/client.py"] + words.prefix(1) + ["\(server.port)"]
                + words.dropFirst(), in: server.directory, name: "client", within: 90)
        return run.ending == .exited(0) ? run.output : run.errors
    }

    /// Ends all, and looks whether anything went wrong.
    func finish(expected: [String] = []) {
        for gateway in gateways { gateway.send(SIGKILL) }
        for gateway in gateways { _ = gateway.waitForEnd() }
        server.finish(expected: expected)
    }
}
