import Foundation
import TestSupport
import Testing

/// What limits have done, where operators look.
@Suite("Status of limits") struct LimitStatusTests {
    private static let text = """
        worker_processes 2;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            limit_req_zone $arg_k zone=one:32k rate=1r/m;
            limit_req_zone $arg_k zone=quick:32k rate=10r/s;
            limit_req_zone $arg_k zone=unused:64k rate=1r/m;
            limit_conn_zone $arg_k zone=held:32k;
            server { listen 127.0.0.1:%PORT1%; root %PREFIX%; error_page 404 = @found;
                location @found { return 200 "found\\n"; }
                location /one { limit_req zone=one burst=1 nodelay; limit_conn held 5; }
                location /both { limit_req zone=one burst=9; limit_req zone=quick burst=9; }
                location /dry { limit_req zone=one burst=1; limit_req_dry_run on; }
                location /slow { limit_req zone=one burst=9; }
                location /wait { limit_req zone=quick burst=9; limit_conn held 5; }
                location /status { status; }
                location /api { api; } }
        }
        """

    private func numbers(_ server: Server, _ path: String) throws -> [String: Int] {
        try server.json(path).compactMapValues { $0 as? Int }
    }

    @Test("how many requests are delayed just now is told, also when their clients have left")
    func delayedNow() throws {
        let server = try Server(Self.text)
        var clients: [RawClient] = []
        #expect(try Arrivals.inTurn(server.port, "/slow?k=n", 1) == [200])
        for _ in 0..<3 {
            let client = try RawClient(port: server.port)
            client.send("GET /slow?k=n HTTP/1.1\r\nHost: a\r\n\r\n")
            clients.append(client)
        }
        func areDelayed(_ count: Int) throws -> Bool {
            try waitUntil(Deadline(in: 10)) {
                let metrics = try RawClient.get(server.port, "/status/metrics").text
                return metrics.contains("portico_requests_delayed \(count)\n")
            }
        }
        #expect(try areDelayed(3))
        #expect(
            try RawClient.get(server.port, "/status?format=json").text.contains("\"requests_delayed\":3"))
        let page = try RawClient.ask(
            server.port, "GET /status HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
        #expect(page.text.contains("3 delayed now"))
        clients.removeLast().close()
        #expect(try areDelayed(2))
        // Those of a worker that dies are gone with it.
        for worker in server.program.children where kill(worker, SIGKILL) == 0 {}
        #expect(try areDelayed(0))
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("requests are counted by what became of them: in JSON, the API, metrics, page and text")
    func counts() throws {
        let server = try Server(Self.text)
        #expect(try Arrivals.inTurn(server.port, "/one?k=a", 4) == [200, 200, 503, 503])
        #expect(try Arrivals.inTurn(server.port, "/dry?k=b", 3) == [200, 200, 200])
        #expect(try Arrivals.inTurn(server.port, "/wait?k=c", 3) == [200, 200, 200])
        // Its first zone lets it pass at once, its second has a bucket already.
        #expect(try Arrivals.inTurn(server.port, "/both?k=c", 1) == [200])
        let one = try numbers(server, "/api/9/http/limit_reqs/one")
        #expect(
            one == [
                "passed": 4, "delayed": 0, "rejected": 2, "delayed_dry_run": 1, "rejected_dry_run": 1,
            ])
        let quick = try numbers(server, "/api/9/http/limit_reqs/quick")
        #expect((quick["passed"] ?? 0) + (quick["delayed"] ?? 0) == 4 && quick["rejected"] == 0)
        #expect(
            try numbers(server, "/api/9/http/limit_conns/held") == [
                "passed": 5, "rejected": 0, "rejected_dry_run": 0,
            ])
        #expect(try server.json("/api/9/http/limit_reqs").keys.sorted() == ["one", "quick", "unused"])
        #expect(
            try server.json("/api/9/http/limit_reqs/one?fields=passed").compactMapValues { $0 as? Int } == [
                "passed": 4
            ])
        #expect(try RawClient.get(server.port, "/api/9/http/limit_reqs/held").status == 404)
        let http = try #require(try server.json("/status?format=json")["http"] as? [String: Any])
        #expect((http["limit_reqs"] as? [String: [String: Int]])?["one"] == one)
        let metrics = String(latin1: try RawClient.get(server.port, "/status/metrics").body)
        for line in [
            "portico_limit_req_requests_total{zone=\"one\",result=\"rejected\"} 2",
            "portico_limit_req_requests_total{zone=\"unused\",result=\"passed\"} 0",
            "portico_limit_conn_requests_total{zone=\"held\",result=\"passed\"} 5",
            "portico_limit_req_keys{zone=\"one\"} 3", "portico_limit_req_keys_max{zone=\"unused\"} 512",
        ] { #expect(metrics.contains(line + "\n"), "\(line)") }
        let text = String(latin1: try RawClient.get(server.port, "/status?format=text").body)
        #expect(text.contains("limit_req zone") && text.contains("limit_conn zone"))
        let page = String(latin1: try RawClient.get(server.port, "/status?format=html").body)
        #expect(page.contains("Zones of limits"))
        server.finish()
    }

    @Test("numbers outlive a reload; a zone that is not named any more is not shown")
    func reload() throws {
        let server = try Server(Self.text)
        _ = try Arrivals.inTurn(server.port, "/one?k=a", 3)
        try server.rewrite(Self.text.replacingOccurrences(of: "zone=unused:", with: "zone=other:"))
        #expect(try server.reload().ending == .exited(0))
        #expect(try server.json("/api/9/http/limit_reqs").keys.sorted() == ["one", "other", "quick"])
        #expect(try numbers(server, "/api/9/http/limit_reqs/one")["rejected"] == 1)
        server.finish()
    }
}
