import Foundation
import TestSupport
import Testing

/// `max_conns=auto`, and queues that several workers have.
@Suite("Overload", .serialized) struct OverloadTests {
    private func text(_ server: String, _ queue: String, workers: Int = 1) -> String {
        """
        worker_processes \(workers);
        error_log %PREFIX%/error.log notice;
        events { }
        http { log_format why "$uri $status $upstream_status $proxy_reason $pid"; access_log %PREFIX%/access.log why;
            keepalive_requests 100000;
            upstream app { zone app 64k; server %GATEWAY1% \(server); \(queue) }
            server { listen 127.0.0.1:%PORT1% reuseport;
                location / { proxy_pass http://app; }
                location /pid { return 200 $pid; }
                location /status { status; access_log off; }
                location /api { api write=on; allow 127.0.0.1; deny all; access_log off; } } }
        """
    }

    private func ask(_ server: Server, _ path: String) throws -> RawClient {
        let client = try RawClient(port: server.port)
        client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        return client
    }

    private func limit(_ server: Server) throws -> Int {
        let upstream = try server.json("/api/9/http/upstreams/app")
        let peers = upstream["peers"] as? [[String: Any]]
        return peers?.first?["max_conns"] as? Int ?? -1
    }

    private func waiting(_ server: Server) -> Int {
        let upstream = try? server.json("/api/9/http/upstreams/app")
        return number(upstream, "queue", "size") ?? -1
    }

    @Test("beyond what was found requests wait; where too many wait or one waits too long: 503, Retry-After")
    func refuses() throws {
        let gateway = try RecordingGateway("one")
        gateway.answer("/held", with: .hang)
        let server = try Server(text("max_conns=auto:2-2", "queue 1 timeout=1500ms;"), gateways: [gateway])
        let holders = [try ask(server, "/held"), try ask(server, "/held")]
        #expect(gateway.waitForRequests(2))
        let waiter = try ask(server, "/waiter")
        #expect(waitUntil { waiting(server) == 1 })
        let refused = try ask(server, "/refused").response()
        #expect(refused.status == 503)
        #expect((1...3).contains(refused["retry-after"].flatMap { Int($0) } ?? 0))
        let late = try waiter.response()
        #expect(late.status == 503)
        #expect((2...4).contains(late["retry-after"].flatMap { Int($0) } ?? 0))
        #expect(try limit(server) == 2)
        let metrics = try RawClient.get(server.port, "/status/metrics")
        #expect(String(latin1: metrics.body).contains("upstream_server_max_conns{upstream=\"app\""))
        let page = try RawClient.get(server.port, "/status?format=text")
        #expect(String(latin1: page.body).contains("may have 2 requests at once"))
        // The API raises it: what waits goes on.
        let second = try ask(server, "/second")
        #expect(waitUntil { waiting(server) == 1 })
        #expect(
            try server.askUpstreams("PATCH", "app/servers/0", "{\"max_conns\":\"auto:3-3\"}").status == 200)
        #expect(String(latin1: try second.response().body) == "one /second\n")
        #expect(try server.askUpstreams("GET", "app/servers/0").text.contains("\"max_conns\":\"auto:3-3\""))
        #expect(try server.askUpstreams("PATCH", "app/servers/0", "{\"max_conns\":\"auto:3\"}").status == 400)
        for holder in holders { holder.close() }
        #expect(
            waitUntil {
                let lines = server.directory.read("access.log").split(separator: "\n")
                return ["/refused", "/waiter"].allSatisfy { path in
                    lines.contains { $0.hasPrefix("\(path) 503 503 overloaded") }
                }
            })
        #expect(server.log.contains("have all the requests that they may have"))
        server.finish()
    }

    @Test("a reload goes on with what was found; a server that is down is no overload")
    func reload() throws {
        let gateway = try RecordingGateway("one")
        let server = try Server(text("max_conns=auto:2-64", "queue 5 timeout=500ms;"), gateways: [gateway])
        #expect(try limit(server) == 2)
        let isFound = try waitUntil(Deadline(in: 10)) {
            let statuses = try (0..<12).map { _ in try RawClient.get(server.port, "/").status }
            return try statuses.allSatisfy { $0 == 200 } && limit(server) > 2
        }
        #expect(isFound)
        let found = try limit(server)
        try server.rewrite(text("max_conns=auto:2-64", "queue 6 timeout=500ms;"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        #expect(try limit(server) == found)
        try server.rewrite(text("max_conns=auto:2-64 down", "queue 6 timeout=500ms;"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        let response = try RawClient.get(server.port, "/")
        #expect(response.status == 502 && response["retry-after"] == nil)
        server.finish(expected: ["no live upstreams"])
    }

    @Test("a worker that has few requests gets its part of the places, however many another one has")
    func fairness() throws {
        let gateway = try RecordingGateway("one")
        gateway.answerAll(
            with: GatewayAnswer(steps: [.pause(milliseconds: 20)]).then(
                .send(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8))))
        let server = try Server(
            text("max_conns=4", "queue 100 timeout=30s;", workers: 2), gateways: [gateway])
        // The kernel spreads connections: eight of each worker.
        var clients: [String: [RawClient]] = [:]
        for _ in 0..<200 where clients.count < 2 || clients.values.contains(where: { $0.count < 8 }) {
            let client = try ask(server, "/pid")
            let pid = String(latin1: try client.response().body)
            if clients[pid, default: []].count < 8 { clients[pid, default: []].append(client) }
        }
        let pids = clients.keys.sorted()
        #expect(pids.count == 2 && clients.values.allSatisfy { $0.count == 8 })
        // Each client has hundreds of requests, of which one is under way.
        let many = String(repeating: "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", count: 200)
        func answers() -> [Int] {
            let lines = server.directory.read("access.log").split(separator: "\n")
            return pids.map { pid in lines.count { $0 == "/a 200 200 ok \(pid)" } }
        }
        // One has all places before the other one comes.
        for client in clients[pids[0]] ?? [] { client.send(many) }
        #expect(waitUntil(Deadline(in: 30)) { answers()[0] >= 40 })
        for client in clients[pids[1]] ?? [] { client.send(many) }
        #expect(waitUntil(Deadline(in: 30)) { answers()[1] >= 20 })
        let before = answers()
        #expect(waitUntil(Deadline(in: 30)) { answers().reduce(0, +) >= before.reduce(0, +) + 300 })
        let after = answers()
        for index in pids.indices { #expect(after[index] - before[index] >= 90, "\(before) \(after)") }
        for client in clients.values.joined() { client.close() }
        server.finish()
    }

    @Test("the story of an overload, in small: no server is asked for more than it can do, nobody waits long")
    func story() throws {
        let directory = try TemporaryDirectory()
        let folder = Binary.packageRoot + "/bench/stories/"
        let configuration = try String(contentsOfFile: folder + "overload.conf", encoding: .utf8)
        try directory.write(configuration, to: "overload.conf")
        // Bounds that a busy machine keeps; the story of its own says what is to be reached.
        try directory.write(
            """
            gateway one --delay 20ms --places 4
            gateway two --delay 20ms --places 4
            start front portico overload.conf
            load storm -r 900 -c 300 -d 3s http://{front}/
            wait storm
            assert storm status_2xx >= 400
            assert storm p99_us < 2s
            assert storm read_errors == 0
            assert storm timeouts == 0
            sleep 500ms
            load after -r 50 -c 16 -d 1s http://{front}/
            wait after
            assert after p50_us < 1s
            assert after status_2xx >= 40
            """, to: "small.story")
        let bench = try Program.run(
            (Binary.portico as NSString).deletingLastPathComponent + "/portico-bench",
            ["scenario", "--portico", Binary.portico, directory.path + "/small.story"], in: directory,
            name: "bench", within: 60)
        #expect(bench.ending == .exited(0), "\(bench.errors)\(bench.output)")
    }
}
