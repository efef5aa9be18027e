import Foundation
import TestSupport
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

    /// Clients that wait for gateways that do not answer, until one of them gets an answer of ours.
    ///
    /// - Returns: that client's status; the others hold their descriptors as long as they live.
    private func useUpDescriptors(
        _ server: Server, _ gateways: [RecordingGateway]
    ) throws -> (clients: [RawClient], status: Int) {
        var clients: [RawClient] = []
        let before = gateways.reduce(0) { $0 + $1.requests.count }
        for count in 1...80 {
            let client = try RawClient(port: server.port)
            client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            clients.append(client)
            var entry = pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0)
            let isSettled = waitUntil {
                poll(&entry, 1, 0) > 0 || gateways.reduce(0) { $0 + $1.requests.count } - before == count
            }
            #expect(isSettled)
            if entry.revents != 0 { return (clients, try client.response().status) }
        }
        throw HarnessError("descriptors never ran out")
    }

    // A client and a gateway have one descriptor each: with one of the two it is the gateway's that lacks.
    @Test(
        "without a descriptor for a server a request is refused, and no server is taken out",
        arguments: [90, 91])
    func noDescriptors(limit: Int) throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        for gateway in gateways { gateway.answer("/held", with: .hang) }
        let server = try Server(
            text("server %GATEWAY1% fail_timeout=60s; server %GATEWAY2% fail_timeout=60s;", limit: limit),
            gateways: gateways)
        let (clients, status) = try useUpDescriptors(server, gateways)
        #expect(status >= 500)
        if status == 500 {
            // Both servers were tried; it is said once.
            let lines = server.log.split(separator: "\n").filter { $0.contains("[crit]") }
            #expect(lines.count == 1 && lines[0].contains("it is not counted against the server"))
        }
        for client in clients { client.close() }
        var names: Set<String> = []
        #expect(
            waitUntil(Deadline(in: 10)) {
                let answer = try? RawClient.get(server.port, "/y")
                if answer?.status == 200 { names.insert(String(latin1: answer?.body ?? [])) }
                return names.count == 2
            })
        server.finish(expected: ["connect() to"])
    }

    @Test(
        "an idle connection to a server gives way to a request that needs a descriptor", arguments: [90, 91])
    func idleConnectionGivesWay(limit: Int) throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("other")]
        gateways[0].answer("/held", with: .hang)
        let server = try Server(
            text(
                "server %GATEWAY1%; } upstream other { server %GATEWAY2%;", limit: limit,
                location: "} location /other { proxy_pass http://other;"
            ),
            gateways: gateways)
        #expect(try RawClient.get(server.port, "/other").status == 200)
        #expect(gateways[1].openConnections == 1)
        let (clients, status) = try useUpDescriptors(server, [gateways[0]])
        // Otherwise it was the client's own descriptor that lacked.
        if status == 500 { #expect(waitUntil { gateways[1].openConnections == 0 }) }
        withExtendedLifetime(clients) {}
        server.finish(expected: ["connect() to"])
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
        let servers = String(repeating: "server %GATEWAY1%; ", count: 100)
        let server = try Server(
            text(servers + "health_check interval=50ms timeout=60s uri=/ready;", limit: 70),
            gateways: [gateway])
        #expect(server.waitForLog("in health checks; servers stay what they are"))
        // More of them are put off again and again meanwhile.
        #expect(server.waitForLog(" more before it in health checks", within: 10))
        #expect(!server.log.contains("is unhealthy"))
        #expect(try RawClient.get(server.port, "/").status == 200)
        server.finish(expected: ["in health checks"])
    }
}
