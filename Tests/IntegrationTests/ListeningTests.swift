import Foundation
import TestSupport
import Testing

/// Sockets that the configuration listens on: nobody keeps one open that nobody serves, since the kernel goes
/// on giving clients to it.
@Suite("Listening sockets", .serialized) struct ListeningTests {
    private func text(_ workers: Int, _ listen: String, _ more: String = "") -> String {
        """
        worker_processes \(workers); worker_shutdown_timeout 20s;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off; \(more) server { \(listen)
            location / { return 200 "ok"; }
            location /slow { proxy_pass http://%GATEWAY1%; } } }
        """
    }

    private static let plain = "listen 127.0.0.1:%PORT1%;"
    private static let shared = "listen 127.0.0.1:%PORT1% reuseport;"

    /// Sockets that listen on the port, by their inodes.
    private func sockets(_ port: UInt16) throws -> Set<String> {
        Set(try TCPTable.rows(port).filter { $0[3] == "0A" }.map { String($0[9]) })
    }

    /// The same when there are so many: they are bound one after the other.
    private func sockets(_ port: UInt16, count: Int) throws -> Set<String> {
        #expect(try waitUntil(Deadline()) { try sockets(port).count == count })
        return try sockets(port)
    }

    /// How many of these a process has open.
    private func count(_ sockets: Set<String>, of process: pid_t) -> Int {
        let folder = "/proc/\(process)/fd"
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return entries.filter { entry in
            guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(entry)")
            else { return false }
            return sockets.contains { link == "socket:[\($0)]" }
        }.count
    }

    private func expectServed(_ port: UInt16, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for _ in 0..<40 {
            #expect(try RawClient.get(port, "/").status == 200, sourceLocation: sourceLocation)
        }
    }

    private func reload(_ server: Server, _ text: String, _ gateway: RecordingGateway) throws {
        try server.rewrite(text, gateways: [gateway])
        let outcome = try server.reload()
        #expect(outcome.ending == .exited(0), "\(outcome.errors)")
    }

    /// A client whose request holds a worker.
    private func slowClient(_ server: Server, _ gateway: RecordingGateway) throws -> RawClient {
        gateway.enqueue(
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab").then(.waitForRelease).then(
                .send(Array("cd".utf8))))
        let client = try RawClient(port: server.port)
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(gateway.waitForRequests(1))
        return client
    }

    @Test("a worker has its own socket of those with reuseport, the master has all, the checker none")
    func owners() throws {
        let gateway = try RecordingGateway("slow")
        let server = try Server(
            text(3, Self.shared, "upstream u { zone u 64k; server %GATEWAY1%; }"), gateways: [gateway])
        let all = try sockets(server.port, count: 3)
        #expect(waitUntil(Deadline()) { server.program.children.count >= 3 })
        #expect(
            waitUntil(Deadline()) {
                server.program.children.map { count(all, of: $0) }.filter { $0 > 0 } == [1, 1, 1]
            })
        #expect(count(all, of: server.program.pid) == 3)
        server.finish()
    }

    @Test(
        "after a reload with other workers, with or without reuseport, there are as many sockets as are served",
        arguments: [
            (4, shared, 2, shared, 2), (2, shared, 4, shared, 4), (2, plain, 3, shared, 3),
            (1, plain, 1, shared, 1),
            (3, shared, 3, plain, 1), (4, shared, 1, shared, 1),
        ])
    func changes(before: Int, _ old: String, after: Int, _ new: String, count expected: Int) throws {
        let gateway = try RecordingGateway("slow")
        let server = try Server(text(before, old), gateways: [gateway])
        // One of the old workers lives on with a request.
        let client = try slowClient(server, gateway)
        try reload(server, text(after, new), gateway)
        #expect(try waitUntil(Deadline()) { try sockets(server.port).count == expected })
        try expectServed(server.port)
        try reload(server, text(before, old), gateway)
        try expectServed(server.port)
        gateway.release()
        #expect(String(latin1: try client.response().body) == "abcd")
        server.finish()
    }

    @Test("a refused reload leaves a socket without reuseport alone at its address")
    func refused() throws {
        let gateway = try RecordingGateway("slow")
        let server = try Server(text(2, Self.plain), gateways: [gateway])
        let taken = try FreePort.next()
        let holder = try Socket.listen(port: taken)
        try server.rewrite(
            text(2, Self.shared + " listen 127.0.0.1:\(taken) reuseport;"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(1))
        #expect(try waitUntil(Deadline()) { try sockets(server.port).count == 1 })
        try expectServed(server.port)
        close(holder)
        server.finish(expected: ["bind() to"])
    }

    @Test("an address that is not listened on any more refuses, though workers go on")
    func removed() throws {
        let gateway = try RecordingGateway("slow")
        let server = try Server(
            text(3, Self.shared + " listen 127.0.0.1:%PORT2% reuseport;"), gateways: [gateway])
        #expect(waitUntil(Deadline()) { server.program.children.count == 3 })
        let workers = server.program.children
        try reload(server, text(3, Self.shared), gateway)
        #expect(server.program.children == workers)
        #expect(try sockets(server.ports[1]).isEmpty)
        for _ in 0..<20 { #expect((try? RawClient(port: server.ports[1])) == nil) }
        try expectServed(server.port)
        server.finish()
    }

    @Test("a worker that drains keeps no client from the service that was started in its place")
    func drainingBesideNew() throws {
        let gateway = try RecordingGateway("slow")
        let old = try Server(text(3, Self.shared), gateways: [gateway])
        let client = try slowClient(old, gateway)
        old.program.send(SIGQUIT)
        #expect(try waitUntil(Deadline()) { try sockets(old.port).isEmpty })
        let directory = try TemporaryDirectory()
        try directory.write(
            old.configuration.replacingOccurrences(of: old.directory.path, with: directory.path),
            to: "server.conf")
        let new = try Program(
            Binary.portico,
            [
                "-p", directory.path + "/", "-c", directory.path + "/server.conf", "-g",
                "daemon off; pid \(directory.path)/new.pid;",
            ], in: directory, name: "new")
        #expect(waitUntil(Deadline()) { (try? RawClient.get(old.port, "/"))?.status == 200 })
        try expectServed(old.port)
        gateway.release()
        #expect(String(latin1: try client.response().body) == "abcd")
        #expect(old.program.waitForEnd(within: 20) == .exited(0))
        new.stop()
    }

    @Test("the worker that takes the place of a dead one has that one's socket")
    func killed() throws {
        let gateway = try RecordingGateway("slow")
        let server = try Server(text(3, Self.shared), gateways: [gateway])
        let all = try sockets(server.port, count: 3)
        func owners() -> [pid_t] { server.program.children.filter { count(all, of: $0) == 1 } }
        #expect(waitUntil(Deadline()) { owners().count == 3 })
        for place in 0..<3 {
            let victim = try #require(owners().dropFirst(place).first)
            kill(victim, SIGKILL)
            #expect(waitUntil(Deadline()) { owners().count == 3 && !owners().contains(victim) })
            try expectServed(server.port)
        }
        #expect(try sockets(server.port) == all)
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("a worker that cannot take a new configuration is replaced by one with its sockets")
    func replaced() throws {
        let gateway = try RecordingGateway("slow")
        let server = try Server(text(3, Self.shared), gateways: [gateway])
        let all = try sockets(server.port, count: 3)
        #expect(waitUntil(Deadline()) { server.program.children.count >= 3 })
        // One that has stopped does not answer.
        let victim = try #require(server.program.children.last)
        kill(victim, SIGSTOP)
        let outcome = try server.reload()
        kill(victim, SIGCONT)
        #expect(outcome.ending == .exited(0))
        #expect(
            waitUntil(Deadline()) {
                let children = server.program.children
                return !children.contains(victim) && children.filter { count(all, of: $0) == 1 }.count == 3
            })
        let inodes = server.program.children.map { child in all.filter { count([$0], of: child) == 1 } }
        #expect(Set(inodes.flatMap { $0 }) == all)
        try expectServed(server.port)
        server.finish()
    }

    @Test("parameters of an address that stays hold after a reload")
    func parameters() throws {
        let gateway = try RecordingGateway("slow")
        let server = try Server(text(2, Self.plain), gateways: [gateway])
        /// Whether a connection that the service has accepted is kept alive by the kernel: a timer of kind 2.
        func isKeptAlive() throws -> Bool {
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response().status == 200)
            return try TCPTable.rows(server.port).contains { $0[3] == "01" && $0[5].hasPrefix("02:") }
        }
        #expect(try !isKeptAlive())
        try reload(server, text(2, "listen 127.0.0.1:%PORT1% so_keepalive=on backlog=3;"), gateway)
        #expect(try isKeptAlive())
        try reload(server, text(2, Self.plain), gateway)
        #expect(try waitUntil(Deadline()) { try !isKeptAlive() })
        server.finish()
    }

    @Test(
        "the name of a unix socket that nobody listens at is said to be in the way, and not another process")
    func leftName() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/left.sock"
        try directory.write(
            "daemon off; master_process off; events { } http { server { listen unix:\(path); } }",
            to: "server.conf")
        func start(_ name: String) throws -> Program {
            try Program(
                Binary.portico,
                ["-p", directory.path, "-c", directory.path + "/server.conf", "-e", "stderr"], in: directory,
                name: name)
        }
        func complaint() throws -> String {
            let program = try start("second")
            #expect(program.waitForEnd(within: 20) == .exited(1))
            return program.errors
        }
        let first = try start("first")
        #expect(waitUntil(Deadline(in: 10)) { access(path, F_OK) == 0 })
        #expect(try complaint().contains("another process listens there: stop it"))
        kill(first.pid, SIGKILL)
        #expect(first.waitForEnd(within: 10) != nil)
        #expect(try complaint().contains("nobody listens there any more: remove \"\(path)\""))
    }
}
