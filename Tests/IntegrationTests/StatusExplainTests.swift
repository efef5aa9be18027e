import Foundation
import TestSupport
import Testing

/// `/status/explain?url=…`: what would become of a request, as the service is now.
@Suite("Explaining by the status page", .serialized) struct StatusExplainTests {
    private static var configuration: String {
        #"""
        worker_processes 1; error_log %PREFIX%/error.log notice; events { }
        http { access_log %PREFIX%/access.log combined buffer=64k flush=1h;
            limit_req_zone $binary_remote_addr zone=rate:1m rate=1r/m;
            upstream app { zone app 64k; server %GATEWAY1%; server %GATEWAY2%; }
            server { listen 127.0.0.1:%PORT1%; server_name app.example;
                location / { proxy_pass http://app; }
                location /limited { limit_req zone=rate; empty_gif; }
                location ~ ^/(a+)+$ { return 200 a; }
                location /slow { auth_basic a; auth_basic_user_file %PREFIX%/users; empty_gif; }
                location /status/ { status; }
                location /closed/ { status; deny all; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """#
    }

    private func start() throws -> (server: Server, gateways: [RecordingGateway]) {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let directory = try TemporaryDirectory()
        // Fifty million rounds take half a minute.
        try directory.write(
            "u:$6$rounds=50000000$saltsalt$\(String(repeating: "x", count: 86))\n", to: "users")
        return (try Server(Self.configuration, gateways: gateways, directory: directory), gateways)
    }

    private func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    private func ask(
        _ server: Server, _ url: String, _ more: String = "", accept: String = "text/plain",
        below path: String = "/status"
    ) throws -> (status: Int, text: String, head: WireHead) {
        let target = "\(path)/explain?url=\(encoded(url))\(more)"
        let answer = try RawClient.ask(
            server.port,
            "GET \(target) HTTP/1.1\r\nHost: a\r\nAccept: \(accept)\r\nConnection: close\r\n\r\n",
            within: 15)
        return (answer.status, String(latin1: answer.body), answer.head)
    }

    @Test("an explanation that is to be explained is not made: a child would have a child")
    func ofAnother() throws {
        let (server, _) = try start()
        let answer = try ask(server, "/status/explain?url=\(encoded("/x"))")
        let sentence = "The explanation of another request; it is not explained in its turn.\n"
        #expect(answer.status == 200)
        #expect(answer.text.contains("Content-Length: \(sentence.utf8.count)\n"), "\(answer.text)")
        server.finish()
    }

    @Test("it goes by drains and limits as they are, and nothing is sent, counted or logged")
    func asNow() throws {
        let (server, gateways) = try start()
        let fresh = try ask(server, "/x", "&header=X-A%3A+b&method=PUT&client=10.1.2.3")
        #expect(fresh.status == 200, "\(fresh.text)")
        for part in [
            "PUT http://app.example/x from 10.1.2.3", "proxied to http://127.0.0.1:\(gateways[0].port)/x",
            "X-A: b",
        ] { #expect(fresh.text.contains(part), "\(fresh.text)") }
        #expect(try server.askUpstreams("PATCH", "app/servers/0", "{\"drain\":true}").status == 200)
        let drained = try ask(server, "http://app.example:\(server.port)/x").text
        #expect(drained.contains("127.0.0.1:\(gateways[0].port): drained"), "\(drained)")
        #expect(drained.contains("proxied to http://127.0.0.1:\(gateways[1].port)/x"), "\(drained)")
        for _ in 0..<3 {
            #expect(try ask(server, "/limited").text.contains("HTTP/1.1 200"))
        }
        #expect(try RawClient.get(server.port, "/limited").status == 200)
        #expect(try ask(server, "/limited").text.contains("HTTP/1.1 503"))
        #expect(try RawClient.get(server.port, "/limited").status == 503)
        #expect(gateways.allSatisfy { $0.requests.isEmpty })
        let json = try ask(server, "/limited", accept: "application/json")
        #expect(json.head["content-type"] == "application/json" && json.text.contains("\"status\":503"))
        let status = try ask(server, "/status/json").text
        #expect(status.contains("HTTP/1.1 200 OK"), "\(status)")
        let counts = String(latin1: try RawClient.get(server.port, "/status/prometheus").body)
        #expect(counts.contains("portico_limit_req_requests_total{zone=\"rate\",result=\"rejected\"} 1\n"))
        server.finish()
        let lines = server.directory.read("access.log").split(separator: "\n")
        #expect(lines.count { $0.contains("GET /limited") } == 2, "lines that waited are written once")
    }

    @Test("a path alone is asked for where the question came")
    func address() throws {
        let server = try Server(
            #"""
            worker_processes 1; error_log %PREFIX%/error.log; events { }
            http { server { listen 127.0.0.1:%PORT1%; return 201; }
                server { listen %PORT2%; location / { return 202; } location /status { status; } } }
            """#, gateways: [])
        let answer = try RawClient.get(server.ports[1], "/status/explain?url=/x&format=text")
        let text = String(latin1: answer.body)
        #expect(text.contains("http://127.0.0.1:\(server.ports[1])/x"), "\(text)")
        #expect(text.contains("HTTP/1.1 202"), "\(text)")
        server.finish()
    }

    @Test("who may not see the status is told nothing, and an explanation is not explained")
    func authorisation() throws {
        let (server, _) = try start()
        #expect(try ask(server, "/x", below: "/closed").status == 403)
        #expect(try ask(server, "/x", below: "/api").status == 404)
        let inner = try ask(server, "/status/explain?url=/x")
        #expect(inner.status == 200 && inner.text.contains("HTTP/1.1 200 OK"), "\(inner.text)")
        let posted = "POST /status/explain?url=/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        #expect(try RawClient.ask(server.port, posted + "Content-Length: 0\r\n\r\n").status == 405)
        server.finish()
    }

    @Test("questions that are wrong or wicked are answered, and harm nobody")
    func wicked() throws {
        let (server, _) = try start()
        let before = try RawClient.get(server.port, "/status/json").body
        for (url, status) in [
            ("", 400), ("x", 400), ("http://[::1", 400), ("http://a:99999/", 400), ("http://:1/", 400),
            ("https://a:\(server.port)/", 400), ("ftp://a/", 400), ("/\r\nX: y", 400), ("/\u{0}", 400),
            ("/ HTTP/1.1", 200), ("/%00", 200), ("/%", 200),
            ("/" + String(repeating: "a", count: 3000) + "b", 200),
            ("/" + String(repeating: "../", count: 400), 200), ("/\u{202E}<script>", 200), ("//", 200),
            ("/?" + String(repeating: "&a=", count: 900), 200),
            ("/status/explain?url=%2Fstatus%2Fexplain", 200),
        ] {
            let answer = try ask(server, url)
            #expect(answer.status == status, "\(url.prefix(40)): \(answer.text.prefix(200))")
        }
        for more in ["&client=me", "&header=X", "&header=X%3A%0D%0A", "&method=%0A"] {
            #expect(try ask(server, "/x", more).status == 400, "\(more)")
        }
        #expect(try ask(server, "http://[::1").text.contains("\"]\" is missing"))
        let many = String(repeating: "&header=Content-Length%3A+1", count: 40) + "&method=A%20B"
        #expect(try ask(server, "/x", many).status == 200)
        let after = try RawClient.get(server.port, "/status/json").body
        func pid(_ text: [UInt8]) -> String? {
            String(latin1: text).firstMatch(of: /"pid":(\d+)/).map { String($0.output.1) }
        }
        #expect(pid(before) == pid(after))
        server.finish()
    }

    @Test("it has two seconds, at most two are under way, and others are served meanwhile")
    func bounds() throws {
        let (server, _) = try start()
        let request =
            "GET /status/explain?url=%2Fslow&header=Authorization%3A+Basic+dTpw HTTP/1.1\r\n"
            + "Host: a\r\nConnection: close\r\n\r\n"
        let clients = try (0..<3).map { _ in try RawClient(port: server.port) }
        for client in clients.prefix(2) { client.send(request) }
        // Both are under way when a third one is refused.
        #expect(
            waitUntil(Deadline(in: 1.5)) { (try? ask(server, "/x").status) == 503 }, "two are under way")
        let began = Date()
        #expect(try RawClient.get(server.port, "/aaa").status == 200)
        #expect(Date().timeIntervalSince(began) < 1)
        for client in clients.prefix(2) {
            let answer = try client.response(within: 10)
            #expect(answer.status == 504)
            #expect(String(latin1: answer.body).contains("not found out in 2 seconds"))
        }
        // One who leaves takes the child along. Those before are gone, and collected.
        #expect(waitUntil(Deadline(in: 5)) { children(of: server) == 0 })
        clients[2].send(request)
        #expect(waitUntil(Deadline(in: 5)) { children(of: server) == 1 })
        clients[2].close()
        #expect(waitUntil(Deadline(in: 1.5)) { children(of: server) == 0 })
        #expect(try ask(server, "/x").status == 200)
        server.finish()
    }

    /// Processes that explain requests now, of this server's workers.
    private func children(of server: Server) -> Int {
        server.program.children.reduce(0) { count, worker in
            let list = try? String(contentsOfFile: "/proc/\(worker)/task/\(worker)/children", encoding: .utf8)
            return count + (list ?? "").split(separator: " ").count
        }
    }

    @Test("browsers get a page with a form, in which nothing is markup")
    func page() throws {
        let (server, _) = try start()
        let page = try ask(server, "/<b>&\"'", accept: "text/html")
        #expect(page.status == 200 && page.head["content-type"] == "text/html; charset=utf-8")
        #expect(page.text.contains("value=\"/&lt;b&gt;&amp;&quot;&#39;\""), "\(page.text)")
        #expect(!page.text.contains("<b>") && page.text.contains("<a href=\"/status\">"))
        #expect(page.head["content-security-policy"]?.contains("default-src 'none'") == true)
        let wrong = try ask(server, "gopher:", accept: "text/html")
        #expect(wrong.status == 400 && wrong.text.contains("class=\"bad\""))
        #expect(try ask(server, "", accept: "text/html").status == 200)
        let status = String(latin1: try RawClient.get(server.port, "/status/html").body)
        #expect(status.contains("<form class=\"explain\" action=\"/status/explain\">"))
        server.finish()
    }
}
