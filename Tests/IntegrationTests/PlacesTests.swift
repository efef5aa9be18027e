import Foundation
import TestSupport
import Testing

/// The places that servers have in memory that all processes share.
@Suite("Places of servers", .serialized) struct PlacesTests {
    private func text(_ upstreams: String, check: String = "") -> String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            \(upstreams)
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://app; \(check) }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    /// Addresses that refuse, without end.
    private func servers(_ range: Range<Int>) -> String {
        range.map { "server 127.\($0 >> 14 & 127).\($0 >> 7 & 127).\($0 & 127 + 1):1;" }.joined(
            separator: " ")
    }

    private func group(_ name: String, _ range: Range<Int>) -> String {
        "upstream \(name) { zone \(name) 64k; \(servers(range)) }"
    }

    @Test(
        "places of servers that are gone go to others: what checks say of the last one is seen by all workers"
    )
    func reloadsWithoutEnd() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        gateways[1].answer("/ready", with: .fixed("no", status: "500 Broken"))
        func application(_ other: Range<Int>, _ second: String) -> String {
            text(
                group("other", other) + " upstream app { zone app 64k; server %GATEWAY1%; \(second) }",
                check: "health_check interval=50ms uri=/ready;")
        }
        let server = try Server(application(0..<700, ""), gateways: gateways)
        for round in 1...6 {
            try server.rewrite(application(round * 700..<(round + 1) * 700, ""), gateways: gateways)
            #expect(try server.reload().ending == .exited(0))
        }
        try server.rewrite(application(5000..<5700, "server %GATEWAY2%;"), gateways: gateways)
        #expect(try server.reload().ending == .exited(0))
        #expect(server.waitForLog("is unhealthy: 500 from GET /ready"))
        #expect(
            waitUntil(Deadline(in: 20)) {
                (0..<8).allSatisfy { _ in
                    (try? RawClient.get(server.port, "/")).map { String(latin1: $0.body) } == "one /\n"
                }
            })
        let upstream = try server.json("/api/9/http/upstreams/app")
        let states = (upstream["peers"] as? [[String: Any]])?.compactMap { $0["state"] as? String }
        #expect(states == ["up", "unhealthy"])
        server.finish()
    }

    @Test("more servers than there is room for are refused, at the start, by a reload and by the API")
    func full() throws {
        let gateway = try RecordingGateway("one")
        let app = " upstream app { zone app 64k; server %GATEWAY1%; }"
        let server = try Server(text(group("other", 0..<2000) + app), gateways: [gateway])
        try server.rewrite(text(group("other", 0..<4200) + app), gateways: [gateway])
        let tooMany = try server.reload()
        #expect(tooMany.ending == .exited(1))
        #expect(
            tooMany.errors.contains("too many servers in upstreams with a \"zone\": 4201, of at most 4096"))
        // A request holds the servers of the configuration that it began with.
        gateway.answer("/held", with: .hang)
        let holder = try RawClient(port: server.port)
        holder.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(gateway.waitForRequests(1))
        try server.rewrite(text(group("other", 2000..<4095) + app), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        let answer = try server.askUpstreams("POST", "app/servers", "{\"server\":\"127.0.0.2:1\"}")
        #expect(answer.status == 507 && answer.text.contains("UpstreamOutOfMemory"))
        #expect(
            server.waitForLog("[alert]") && server.log.contains("no room for the servers of upstream \"app\"")
        )
        try server.rewrite(text(group("other", 5000..<7000) + app), gateways: [gateway])
        let refused = try server.reload()
        #expect(refused.ending == .exited(1) && refused.errors.contains("there is no room for the servers"))
        #expect(try RawClient.get(server.port, "/").status == 200)
        holder.close()
        #expect(
            try waitUntil(Deadline(in: 10)) { try server.reload().ending == .exited(0) })
        // Workers have let go of the former configuration, sooner or later.
        #expect(
            try waitUntil(Deadline(in: 10)) {
                try server.askUpstreams("POST", "app/servers", "{\"server\":\"127.0.0.2:1\"}").status == 201
            })
        server.finish(expected: ["there is no room for the servers", "too many servers"])
    }

    @Test("a server that the API adds waits for its mandatory check, and takes on its share slowly")
    func addedServersBegin() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        gateways[1].answer("/ready", with: .fixed("no", status: "503 Busy"))
        let server = try Server(
            text(
                "upstream app { zone app 64k; server %GATEWAY1%; }",
                check: "health_check interval=100ms uri=/ready mandatory;"), gateways: gateways)
        #expect(waitUntil { (try? RawClient.get(server.port, "/").status) == 200 })
        let body = "{\"server\":\"127.0.0.1:\(gateways[1].port)\",\"slow_start\":\"1h\"}"
        for _ in 0..<2 {
            let added = try server.askUpstreams("POST", "app/servers", body)
            #expect(added.status == 201)
            for _ in 0..<10 {
                #expect(String(latin1: try RawClient.get(server.port, "/").body).hasPrefix("one"))
            }
            #expect(waitUntil { gateways[1].requests.contains { $0.target == "/ready" } })
            #expect(!gateways[1].requests.contains { $0.target == "/" })
            gateways[1].answer("/ready", with: .fixed("yes"))
            #expect(
                waitUntil { (try? server.askUpstreams("GET", "app", nil).text.contains("checking")) == false }
            )
            for _ in 0..<10 {
                #expect(String(latin1: try RawClient.get(server.port, "/").body).hasPrefix("one"))
            }
            // One that is gone and comes again begins again.
            let id = try #require(added.text.firstMatch(of: /"id":(\d+)/)?.1)
            #expect(try server.askUpstreams("DELETE", "app/servers/\(id)").status == 200)
            gateways[1].answer("/ready", with: .fixed("no", status: "503 Busy"))
            gateways[1].forget()
            gateways[1].answer("/ready", with: .fixed("no", status: "503 Busy"))
            #expect(waitUntil { !isKnown(server, gateways[1]) })
        }
        server.finish()
    }

    /// Whether the checker still asks a server.
    private func isKnown(_ server: Server, _ gateway: RecordingGateway) -> Bool {
        let before = gateway.requests.count
        return waitUntil(Deadline(in: 0.4)) { gateway.requests.count > before }
    }

    @Test("checks come to their verdict while the group is changed again and again")
    func changesDoNotDisturbChecks() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        let server = try Server(
            text(
                "upstream app { zone app 64k; server %GATEWAY1%; server %GATEWAY2%; }",
                check: "health_check interval=200ms fails=3 uri=/ready;"), gateways: gateways)
        #expect(waitUntil { gateways.allSatisfy { !$0.requests.isEmpty } })
        gateways[1].answer("/ready", with: .fixed("no", status: "500 Broken"))
        var weight = 1
        let isFound = try waitUntil(Deadline(in: 8)) {
            weight = weight % 100 + 1
            let patched = try server.askUpstreams("PATCH", "app/servers/0", "{\"weight\":\(weight)}")
            #expect(patched.status == 200)
            usleep(20_000)
            return server.log.contains("is unhealthy: 500 from GET /ready")
        }
        #expect(isFound)
        server.finish()
    }
}
