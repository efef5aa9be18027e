import Foundation
import Testing

/// What this machine lacks, descriptors, ports or an address, is not held against the servers.
@Suite("Shortage", .serialized) struct ShortageTests {
    private func text(_ upstream: String, limit: Int, location: String = "") -> String {
        """
        worker_processes 1; worker_rlimit_nofile \(limit);
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream app { zone app 64k; \(upstream) }
            server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app; \(location) } } }
        """
    }

    /// Clients that hold all descriptors of the worker; the first of them was surely accepted.
    private func useUpDescriptors(_ server: Server, _ count: Int) throws -> [RawClient] {
        let clients = try (0..<count).map { _ in try RawClient(port: server.port) }
        #expect(server.waitForLog("accept4() failed (24"))
        return clients
    }

    @Test("without a descriptor for a server a request gets 500, and no server is taken out for it")
    func noDescriptors() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        let server = try Server(
            text(
                "server %GATEWAY1% fail_timeout=60s; server %GATEWAY2% fail_timeout=60s; keepalive 0;",
                limit: 40), gateways: gateways)
        var clients = try useUpDescriptors(server, 60)
        clients[0].send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try clients[0].response().status == 500)
        // Both servers were tried; it is said once.
        let lines = server.log.split(separator: "\n").filter {
            $0.contains("[crit]") && $0.contains("connect()")
        }
        #expect(lines.count == 1 && lines[0].contains("not counted against the server"))
        // Its connection was closed: there is a descriptor for the next one.
        clients[1].send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try clients[1].response().status == 200)
        clients.removeAll()
        #expect(
            waitUntil(Deadline(in: 10)) { (try? RawClient.get(server.port, "/y").status) == 200 })
        let names = try (0..<4).map { _ in String(latin1: try RawClient.get(server.port, "/y").body.prefix(3))
        }
        #expect(Set(names) == ["one", "two"])
        server.finish(expected: ["accept4() failed", "connect() to"])
    }

    @Test("an idle connection to a server gives way to a request that needs a descriptor")
    func idleConnectionGivesWay() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        let server = try Server(text("server %GATEWAY1%; server %GATEWAY2%;", limit: 40), gateways: gateways)
        #expect(try RawClient.get(server.port, "/first").status == 200)
        let clients = try useUpDescriptors(server, 60)
        // Its turn is the other server's, which there is no connection to.
        clients[0].send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try clients[0].response().status == 200)
        #expect(gateways.map { $0.requests.count } == [1, 1])
        server.finish(expected: ["accept4() failed"])
    }

    @Test("an address of ours that is not there says nothing of the servers")
    func noLocalAddress() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        let server = try Server(
            text(
                "server %GATEWAY1% fail_timeout=60s; server %GATEWAY2% fail_timeout=60s;", limit: 1000,
                location: "} location /bound { proxy_bind 192.0.2.77; proxy_pass http://app;"),
            gateways: gateways)
        for _ in 0..<4 { #expect(try RawClient.get(server.port, "/bound").status >= 500) }
        for _ in 0..<4 { #expect(try RawClient.get(server.port, "/").status == 200) }
        server.finish(expected: ["(99: Cannot assign requested address)"])
    }

    @Test("health checks that find no descriptor are put off, and no server is unhealthy for it")
    func checksWithoutDescriptors() throws {
        let gateway = try RecordingGateway("one")
        gateway.answer("/ready", with: .hang)
        let servers = String(repeating: "server %GATEWAY1%; ", count: 60)
        let server = try Server(
            text(servers + "health_check interval=50ms timeout=60s uri=/ready;", limit: 40),
            gateways: [gateway])
        #expect(server.waitForLog("in health checks; servers stay what they are"))
        // More of them are put off again and again meanwhile.
        #expect(server.waitForLog(" more before it in health checks", within: 10))
        #expect(!server.log.contains("is unhealthy"))
        #expect(try RawClient.get(server.port, "/").status == 200)
        server.finish(expected: ["in health checks"])
    }
}
