import Foundation
import TestSupport
import Testing

/// What the API says of upstreams' connections, queues and removed servers, whichever worker answers.
@Suite("Status of upstreams", .serialized) struct StatusUpstreamTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream kept { server %GATEWAY1%; keepalive 32; }
            upstream queued { zone queued 64k; server %GATEWAY1% max_conns=1; queue 2 timeout=20s; }
            upstream edited { zone edited 64k; server %GATEWAY1%; server %GATEWAY2%; }
            server { listen 127.0.0.1:%PORT1% reuseport;
                location /kept { proxy_pass http://kept; }
                location /queued { proxy_pass http://queued; }
                location /edited { proxy_pass http://edited; }
                location /status { status; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    private static var held: GatewayAnswer {
        .raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").then(.waitForRelease).then(
            .send(Array("ok".utf8)))
    }

    private func gateways() throws -> [RecordingGateway] {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        for gateway in gateways { gateway.answerAll(with: StatusUpstreamTests.held) }
        return gateways
    }

    /// An upstream as both workers describe it: each has a socket of its own, so that both answer.
    private func upstream(_ server: Server, _ name: String) throws -> [[String: Any]] {
        var byWorker: [Int: [String: Any]] = [:]
        let hasBoth = try waitUntil(Deadline(in: 10)) {
            let all = try server.json("/status?format=json")
            let pid = try #require((all["nginx"] as? [String: Any])?["pid"] as? Int)
            let upstreams = (all["http"] as? [String: Any])?["upstreams"] as? [String: Any]
            byWorker[pid] = upstreams?[name] as? [String: Any]
            return byWorker.keys.filter { server.program.children.contains(pid_t($0)) }.count == 2
        }
        #expect(hasBoth)
        return byWorker.filter { server.program.children.contains(pid_t($0.key)) }.map(\.value)
    }

    private func begin(_ server: Server, _ path: String, count: Int) throws -> [RawClient] {
        try (0..<count).map { _ in
            let client = try RawClient(port: server.port)
            client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            return client
        }
    }

    @Test("a request whose client has left is counted for the server that had it")
    func abandoned() throws {
        let gateways = try gateways()
        let server = try Server(StatusUpstreamTests.configuration, gateways: gateways)
        let client = try RawClient(port: server.port)
        client.send("GET /kept HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(gateways[0].waitForRequests(1))
        client.close()
        let isCounted = try waitUntil(Deadline(in: 5)) {
            let peers = try server.json("/api/9/http/upstreams/kept")["peers"] as? [[String: Any]]
            return peers?.first?["requests"] as? Int == 1
        }
        #expect(isCounted)
        server.finish()
    }

    @Test("idle connections and requests under way are those of all workers, also after one has died")
    func connections() throws {
        let gateways = try gateways()
        let server = try Server(StatusUpstreamTests.configuration, gateways: gateways)
        func active() throws -> [Int?] {
            try upstream(server, "kept").map { ($0["peers"] as? [[String: Any]])?.first?["active"] as? Int }
        }
        func idle() throws -> [Int?] { try upstream(server, "kept").map { $0["keepalive"] as? Int } }
        let clients = try begin(server, "/kept", count: 16)
        #expect(gateways[0].waitForRequests(16))
        #expect(try active() == [16, 16])
        #expect(try idle() == [0, 0])
        for _ in clients { gateways[0].release() }
        for client in clients { #expect(try client.response().status == 200) }
        #expect(try waitUntil(Deadline(in: 5)) { try idle() == [16, 16] })
        #expect(try active() == [0, 0])
        #expect(try server.reload().ending == .exited(0))
        #expect(try idle() == [16, 16])
        // One is taken out, and comes back.
        let more = try begin(server, "/kept", count: 1)
        #expect(gateways[0].waitForRequests(17))
        #expect(try idle() == [15, 15])
        gateways[0].release()
        #expect(try more[0].response().status == 200)
        #expect(try waitUntil(Deadline(in: 5)) { try idle() == [16, 16] })
        let victim = try #require(server.program.children.first)
        kill(victim, SIGKILL)
        #expect(
            waitUntil(Deadline(in: 5)) {
                server.program.children.count == 2 && !server.program.children.contains(victim)
            })
        #expect(
            try waitUntil(Deadline(in: 5)) {
                let open = gateways[0].openConnections
                return try idle() == [open, open]
            })
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("requests in the queues of all workers, and those that found them full, are added up")
    func queues() throws {
        let gateways = try gateways()
        let server = try Server(StatusUpstreamTests.configuration, gateways: gateways)
        func queue() throws -> [[String: Int]] {
            try upstream(server, "queued").map { $0["queue"] as? [String: Int] ?? [:] }
        }
        var clients = try begin(server, "/queued", count: 1)
        #expect(gateways[0].waitForRequests(1))
        #expect(try queue().allSatisfy { $0 == ["size": 0, "max_size": 4, "overflows": 0] })
        clients += try begin(server, "/queued", count: 9)
        let isSettled = try waitUntil(Deadline(in: 5)) {
            try queue().allSatisfy { ($0["size"] ?? 0) + ($0["overflows"] ?? 0) == 9 }
        }
        #expect(isSettled)
        let before = try #require(try queue().first)
        let size = try #require(before["size"])
        #expect((2...4).contains(size) && before["overflows"] == 9 - size)
        for _ in 0...size { gateways[0].release() }
        let answers = try clients.map { try $0.response(within: 10).status }
        #expect(answers.count { $0 == 200 } == 1 + size && answers.count { $0 == 502 } == 9 - size)
        let metrics = String(
            decoding: try RawClient.get(server.port, "/status/metrics").body, as: UTF8.self)
        #expect(metrics.contains("portico_upstream_queue_overflows_total{upstream=\"queued\"} \(9 - size)\n"))
        #expect(try server.reload().ending == .exited(0))
        #expect(try queue().allSatisfy { $0["size"] == 0 && $0["overflows"] == 9 - size })
        server.finish(expected: ["no live upstreams"])
    }

    @Test("a server that was removed is a zombie as long as it has requests, by the API and by a reload")
    func zombies() throws {
        let gateways = try gateways()
        let server = try Server(StatusUpstreamTests.configuration, gateways: gateways)
        func zombies() throws -> [Int?] { try upstream(server, "edited").map { $0["zombies"] as? Int } }
        let clients = try begin(server, "/edited", count: 8)
        #expect(waitUntil(Deadline(in: 5)) { gateways.reduce(0) { $0 + $1.requests.count } == 8 })
        #expect(try zombies() == [0, 0])
        let removed = try RawClient.ask(
            server.port,
            "DELETE /api/9/http/upstreams/edited/servers/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(removed.status == 200)
        #expect(try waitUntil(Deadline(in: 5)) { try zombies() == [1, 1] })
        #expect(try server.reload().ending == .exited(0))
        #expect(try zombies() == [1, 1])
        let text = StatusUpstreamTests.configuration.replacingOccurrences(
            of: "zone edited 64k; server %GATEWAY1%; server %GATEWAY2%;",
            with: "zone edited 64k; server %DEAD%;")
        try server.rewrite(text, gateways: gateways)
        #expect(try server.reload().ending == .exited(0))
        #expect(try zombies() == [2, 2])
        for gateway in gateways { for _ in gateway.requests { gateway.release() } }
        for client in clients { #expect(try client.response().status == 200) }
        #expect(try waitUntil(Deadline(in: 5)) { try zombies() == [0, 0] })
        server.finish()
    }
}
