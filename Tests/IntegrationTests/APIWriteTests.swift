import Foundation
import TestSupport
import Testing

/// `api write=on`: servers of an upstream changed while the service runs.
@Suite("API writes", .serialized) struct APIWriteTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream gw { zone gw 64k; server %GATEWAY1%; }
            upstream fixed { server %GATEWAY1%; }
            upstream keyed { zone keyed 64k; ip_hash; server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://gw; health_check interval=200ms uri=/ready; }
                location /fixed { proxy_pass http://fixed; }
                location /keyed { proxy_pass http://keyed; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    private func ask(_ server: Server, _ method: String, _ path: String, _ body: String? = nil) throws -> (
        status: Int, text: String
    ) { try server.askUpstreams(method, path, body) }

    /// Which gateways answer, asked often enough for both workers.
    private func answering(_ server: Server) throws -> Set<String> {
        var names: Set<String> = []
        for _ in 0..<12 {
            let body = try RawClient.get(server.port, "/x").body
            names.insert(
                String(decoding: body, as: UTF8.self).split(separator: " ").first.map(String.init) ?? "")
        }
        return names
    }

    @Test(
        "a server that is added serves, one that is drained or removed does not, in all workers and over a reload"
    )
    func lifeOfAServer() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let server = try Server(APIWriteTests.configuration, gateways: gateways)
        let address = "127.0.0.1:\(gateways[1].port)"
        #expect(try answering(server) == ["g1"])
        let added = try ask(server, "POST", "gw/servers", "{\"server\":\"\(address)\",\"weight\":3}")
        #expect(added.status == 201 && added.text.contains("\"id\":1") && added.text.contains("\"weight\":3"))
        #expect(try waitUntil(Deadline(in: 3)) { try answering(server) == ["g1", "g2"] })
        #expect(waitUntil(Deadline(in: 5)) { gateways[1].requests.contains { $0.target == "/ready" } })
        #expect(try server.reload().ending == .exited(0))
        #expect(try answering(server) == ["g1", "g2"])
        let patched = try ask(server, "PATCH", "gw/servers/1", "{\"weight\":5,\"fail_timeout\":\"3s\"}")
        #expect(patched.status == 200 && patched.text.contains("\"weight\":5"))
        #expect(try ask(server, "GET", "gw/servers/1").text.contains("\"fail_timeout\":\"3s\""))
        #expect(try ask(server, "PATCH", "gw/servers/0", "{\"drain\":true}").status == 200)
        #expect(try waitUntil(Deadline(in: 3)) { try answering(server) == ["g2"] })
        #expect(try ask(server, "DELETE", "gw/servers/0").status == 200)
        #expect(try answering(server) == ["g2"])
        #expect(try ask(server, "GET", "gw/servers").text.contains(address))
        // Its number is not given to another one.
        let again = try ask(server, "POST", "gw/servers", "{\"server\":\"127.0.0.1:\(gateways[0].port)\"}")
        #expect(again.status == 201 && again.text.contains("\"id\":2"))
        server.finish()
    }

    @Test(
        "what cannot be done is refused with the documented error, and changes nothing",
        arguments: [
            ("POST", "gw/servers", "{", 415, "JsonError"),
            ("POST", "gw/servers", "{}", 400, "UpstreamConfFormatError"),
            (
                "POST", "gw/servers", "{\"server\":\"127.0.0.1:9\",\"weight\":\"x\"}", 400,
                "UpstreamConfFormatError"
            ),
            ("POST", "gw/servers", "{\"server\":\"no such name:9\"}", 400, "UpstreamBadAddress"),
            ("POST", "gw/servers", "{\"server\":\"some.name:9\"}", 400, "UpstreamConfNoResolver"),
            ("POST", "gw/servers", "{\"server\":\"%GATEWAY%\"}", 409, "EntryExists"),
            (
                "POST", "keyed/servers", "{\"server\":\"127.0.0.1:9\",\"backup\":true}", 400,
                "UpstreamNoBackup"
            ),
            ("POST", "fixed/servers", "{\"server\":\"127.0.0.1:9\"}", 400, "UpstreamStatic"),
            ("POST", "none/servers", "{\"server\":\"127.0.0.1:9\"}", 404, "UpstreamNotFound"),
            ("PATCH", "gw/servers/7", "{\"weight\":2}", 404, "UpstreamServerNotFound"),
            ("PATCH", "gw/servers/x", "{\"weight\":2}", 400, "UpstreamBadServerId"),
            ("PATCH", "gw/servers/0", "{\"weight\":0}", 400, "UpstreamBadWeight"),
            ("DELETE", "gw/servers/0", "", 400, "UpstreamLastServer"),
            ("DELETE", "gw", "", 405, "MethodDisabled"), ("PUT", "gw/servers/0", "{}", 405, "MethodDisabled"),
        ])
    func refusals(_ method: String, _ path: String, _ body: String, _ status: Int, _ code: String) throws {
        let gateway = try RecordingGateway("g1")
        let server = try Server(APIWriteTests.configuration, gateways: [gateway])
        let before = try ask(server, "GET", "gw/servers").text
        let answer = try ask(
            server, method, path,
            body.isEmpty ? nil : body.replacingOccurrences(of: "%GATEWAY%", with: "127.0.0.1:\(gateway.port)")
        )
        #expect(answer.status == status && answer.text.contains("\"code\":\"\(code)\""), "\(answer)")
        #expect(try ask(server, "GET", "gw/servers").text == before)
        server.finish()
    }

    @Test(
        "what a browser sends for another site's page changes nothing",
        arguments: [
            ("Sec-Fetch-Site: cross-site", false), ("Sec-Fetch-Site: same-site", false),
            ("Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site", false),
            ("Sec-Fetch-Site: cross-site\r\nOrigin: http://a", false),
            ("Sec-Fetch-Site: same-origin\r\nOrigin: http://a", true), ("sec-fetch-site: none", true),
            ("Origin: http://evil.test", false), ("Origin: null", false),
            ("Origin: http://a.evil.test", false),
            ("Origin: http://a:8080", false), ("Origin: file://a", false), ("Origin: ", false),
            ("Origin: http://a", true), ("Origin: https://A:443", true), ("X: y", true),
        ])
    func crossSite(_ fields: String, _ isTaken: Bool) throws {
        let server = try Server(APIWriteTests.configuration, gateways: [try RecordingGateway("g1")])
        let body = "{\"weight\":7}"
        let answer = try RawClient.ask(
            server.port,
            "PATCH /api/9/http/upstreams/gw/servers/0 HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
                + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(answer.status == (isTaken ? 200 : 403))
        #expect(try ask(server, "GET", "gw/servers/0").text.contains("\"weight\":7") == isTaken)
        let line = isTaken ? "{\"weight\":7}: done, 200" : ": refused, 403 CrossSiteRequest"
        #expect(server.waitForLog("API write PATCH 9/http/upstreams/gw/servers/0"))
        #expect(server.log.contains(line))
        server.finish()
    }

    @Test("each write is logged: who, what, and what came of it")
    func logged() throws {
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; upstream gw { zone gw 64k; server %GATEWAY1%; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://gw; }
                    location /api { api write=on; auth_basic ops; auth_basic_user_file %PREFIX%/users; } } }
            """, gateways: [try RecordingGateway("g1")], files: ["users": "eve:{PLAIN}secret\n"])
        func ask(_ method: String, _ body: String) throws -> Int {
            try RawClient.ask(
                server.port,
                "\(method) /api/9/http/upstreams/gw/servers/0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                    + "Authorization: Basic ZXZlOnNlY3JldA==\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            ).status
        }
        #expect(try ask("PATCH", "{\"drain\":true}") == 200)
        #expect(try ask("PATCH", "{\"weight\":\"\u{1B}[2J\n\"}") >= 400)
        #expect(try ask("DELETE", "") == 400)
        for line in [
            "API write PATCH 9/http/upstreams/gw/servers/0 {\"drain\":true}, by user \"eve\": done, 200",
            "{\"weight\":\"\\x1B[2J\\x0A\"}, by user \"eve\": refused, 4",
            "API write DELETE 9/http/upstreams/gw/servers/0, by user \"eve\": refused, 400 UpstreamLastServer",
        ] { #expect(server.waitForLog(line), "\(line)\n\(server.log)") }
        #expect(server.log.contains("client: 127.0.0.1"))
        server.finish()
    }

    @Test("a method that a path does not know is refused with those that it knows")
    func methods() throws {
        let server = try Server(APIWriteTests.configuration, gateways: [try RecordingGateway("g1")])
        for (path, methods) in [
            ("gw", "GET, HEAD"), ("gw/servers", "GET, HEAD, POST"),
            ("gw/servers/0/", "GET, HEAD, PATCH, DELETE"),
        ] {
            let answer = try RawClient.ask(
                server.port,
                "PUT /api/9/http/upstreams/\(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.status == 405 && answer.head["allow"] == methods, "\(path)")
        }
        #expect(try ask(server, "PUT", "gw/servers/7").status == 404)
        #expect(try ask(server, "DELETE", "none").text.contains("UpstreamNotFound"))
        server.finish()
    }

    @Test(
        "a server that the configuration names, and found when it was read, goes on beside one that is added")
    func namedInConfiguration() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let text = APIWriteTests.configuration.replacingOccurrences(
            of: "gw 64k; server %GATEWAY1%", with: "gw 64k; server localhost:\(gateways[0].port) max_fails=0")
        let server = try Server(text, gateways: gateways)
        #expect(
            try ask(server, "POST", "gw/servers", "{\"server\":\"127.0.0.1:\(gateways[1].port)\"}").status
                == 201)
        #expect(try waitUntil(Deadline(in: 3)) { try answering(server) == ["g1", "g2"] })
        server.finish()
    }

    @Test("changes at the same time through all workers are all carried out, each under a number of its own")
    func concurrentChanges() throws {
        let gateway = try RecordingGateway("g1")
        let server = try Server(APIWriteTests.configuration, gateways: [gateway])
        let run = try Program.run(
            "sh",
            [
                "-c",
                "for i in $(seq 1 40); do curl -s -o /dev/null -d '{\"server\":\"127.0.0.2:'$((9000+i))'\",\"down\":true}'"
                    + " http://127.0.0.1:\(server.port)/api/9/http/upstreams/gw/servers & done; wait",
            ], in: server.directory, within: 20)
        #expect(run.ending == .exited(0))
        let list = try JSONSerialization.jsonObject(
            with: Data(try ask(server, "GET", "gw/servers").text.utf8))
        let ids = (list as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
        #expect(ids.sorted() == Array(0...40))
        server.finish()
    }

    @Test("an API that may write is not left open")
    func unprotected() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "events { }\nhttp { server { listen 127.0.0.1:8999;\nlocation /api { api write=on; } } }",
            to: "bad.conf")
        let run = try Program.run(
            Binary.portico, ["-p", directory.path, "-c", directory.path + "/bad.conf", "-t"], in: directory)
        #expect(run.ending == .exited(1))
        #expect(
            run.errors.contains("\"api write=on\" must be protected") && run.errors.contains("bad.conf:3"))
    }
}
