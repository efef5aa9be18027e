import Foundation
import TestSupport
import Testing

/// `sticky`: clients stay with the server that they were given, whichever worker serves them.
@Suite("sticky", .serialized) struct StickyTests {
    private static func text(_ upstream: String, location: String = "") -> String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log info;
        events { }
        http { access_log off;
            upstream gw { zone gw 64k; \(upstream) }
            server { listen 127.0.0.1:%PORT1% reuseport; http2 on;
                location / { proxy_pass http://gw; \(location) }
                location /asked { auth_request /ask; proxy_pass http://gw; }
                location = /ask { internal; proxy_pass http://gw; }
                location /page { proxy_intercept_errors on; error_page 404 = @page; proxy_pass http://gw; }
                location @page { return 200 page; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    private static let cookie = text(
        """
        server %GATEWAY1% route=one; server %GATEWAY2%; server %GATEWAY3% route=three;
        sticky cookie srv expires=1h domain=.$host httponly secure samesite=$arg_same path=/a;
        """)

    private static func gateways() throws -> [RecordingGateway] {
        try (1...3).map { try RecordingGateway("g\($0)") }
    }

    /// The gateway that answered, and the cookies that came with it.
    private func get(
        _ server: Server, _ target: String = "/x", cookie: String? = nil, method: String = "GET"
    ) throws -> (gateway: String, cookies: [String], status: Int) {
        let field = cookie.map { "Cookie: \($0)\r\n" } ?? ""
        let answer = try RawClient.ask(
            server.port, "\(method) \(target) HTTP/1.1\r\nHost: a.test\r\n\(field)Connection: close\r\n\r\n")
        let name = String(decoding: answer.body, as: UTF8.self).prefix { $0 != " " }
        return (
            String(name), answer.head.fields.filter { $0.name == "Set-Cookie" }.map(\.value), answer.status
        )
    }

    /// `srv=VALUE` of a Set-Cookie.
    private func pair(_ cookies: [String]) throws -> String {
        String(try #require(cookies.first).prefix { $0 != ";" })
    }

    @Test("the cookie has nginx's words, and leads back to the server in every worker")
    func cookie() throws {
        let gateways = try StickyTests.gateways()
        let server = try Server(StickyTests.cookie, gateways: gateways)
        var cookies: [String: String] = [:]
        for _ in 0..<30 where cookies.count < 3 {
            let first = try get(server)
            cookies[first.gateway] = first.cookies.first
            #expect(first.cookies.count == 1)
        }
        let one = try #require(cookies["g1"])
        let words = one.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(words[0] == "srv=one")
        #expect(words[1].hasPrefix("expires=") && words[1].hasSuffix(" GMT") && words[1].count == 35)
        #expect(Array(words[2...]) == ["max-age=3600", "domain=.a.test", "httponly", "secure", "path=/a"])
        #expect(cookies["g2"]?.hasPrefix("srv=") == true)
        #expect(cookies["g2"]?.dropFirst(4).prefix { $0 != ";" }.count == 32)
        for (gateway, cookie) in cookies {
            for _ in 0..<8 {
                let again = try get(server, cookie: "a=b; \(try pair([cookie])); c=d")
                #expect(again.gateway == gateway)
                #expect(try pair(again.cookies) == pair([cookie]))
            }
        }
        for (same, expected) in [("lax", "lax"), ("NONE", "NONE"), ("x", "strict"), ("x%3b", "strict")] {
            #expect(
                try get(server, "/x?same=\(same)").cookies.first?.contains("; samesite=\(expected); ") == true
            )
        }
        server.finish()
    }

    @Test(
        "cookies that are forged, huge, or of servers that are gone: any server",
        arguments: [
            "srv=", "srv=gone", "srv=\"one\"", "srv=one2", "srv=\(String(repeating: "x", count: 6000))",
            "srv=%00", "srv=\(String(repeating: "0", count: 32))", "one", "=one", "srv=one one",
        ])
    func forged(cookie: String) throws {
        let gateways = try StickyTests.gateways()
        let server = try Server(StickyTests.cookie, gateways: gateways)
        let names = Set(try (0..<12).map { _ in try get(server, cookie: cookie).gateway })
        #expect(names.count > 1)
        server.finish()
    }

    @Test("a server that fails gives its clients to another, and the cookie says so")
    func deadGateway() throws {
        let gateways = try StickyTests.gateways()
        let server = try Server(StickyTests.cookie, gateways: gateways)
        #expect(try get(server, cookie: "srv=one").gateway == "g1")
        gateways[0].stop()
        let next = try get(server, cookie: "srv=one")
        #expect(next.status == 200 && next.gateway != "g1" && next.gateway != "")
        let renewed = try pair(next.cookies)
        #expect(renewed != "srv=one")
        for _ in 0..<6 { #expect(try get(server, cookie: renewed).gateway == next.gateway) }
        // All are gone: the answer is made here, and names the last one that was tried, as in nginx.
        for gateway in gateways { gateway.stop() }
        let none = try get(server, cookie: renewed)
        #expect(none.status == 502)
        server.finish()
    }

    @Test("the cookie is also on answers that are made here for the gateway's")
    func otherAnswers() throws {
        let gateways = try StickyTests.gateways()
        for gateway in gateways {
            gateway.answer("/page", with: .fixed("no", status: "404 Not Found"))
            gateway.answer("/moved", with: .fixed("", fields: ["X-Accel-Redirect: /other"]))
        }
        let server = try Server(StickyTests.cookie, gateways: gateways)
        let page = try get(server, "/page", cookie: "srv=three")
        #expect(page.gateway == "page")
        #expect(try pair(page.cookies) == "srv=three")
        let moved = try get(server, "/moved", cookie: "srv=three")
        #expect(moved.gateway == "g3")
        #expect(try pair(moved.cookies) == "srv=three")
        // A sub-request's is nobody's.
        let asked = try get(server, "/asked", cookie: "srv=three")
        #expect(asked.gateway == "g3" && asked.cookies.count == 1)
        #expect(gateways[2].requests.contains { $0.target == "/ask" })
        #expect(!gateways[0].requests.contains { $0.target == "/ask" })
        server.finish()
    }

    @Test("a WebSocket has its cookie, and goes where that says")
    func upgrade() throws {
        let gateways = try StickyTests.gateways()
        for gateway in gateways { gateway.answer("/ws", with: .upgrade()) }
        let server = try Server(
            StickyTests.text(
                "server %GATEWAY1% route=one; server %GATEWAY2%; server %GATEWAY3%; sticky cookie c;",
                location: "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"),
            gateways: gateways)
        for _ in 0..<4 {
            let client = try RawClient(port: server.port)
            client.send(
                "GET /ws HTTP/1.1\r\nHost: a\r\nCookie: c=one\r\nUpgrade: websocket\r\n"
                    + "Connection: Upgrade\r\n\r\n")
            let head = try client.interimHead()
            #expect(head.startLine.contains("101") && head.values("Set-Cookie") == ["c=one"])
        }
        #expect(gateways[0].waitForRequests(4))
        server.finish()
    }

    @Test("a drained server keeps its clients and gets no others; a removed one has none")
    func drain() throws {
        let gateways = try StickyTests.gateways()
        let server = try Server(StickyTests.cookie, gateways: gateways)
        #expect(try server.askUpstreams("PATCH", "gw/servers/0", "{\"drain\":true}").status == 200)
        let isDrained = try waitUntil(Deadline(in: 5)) {
            try (0..<12).allSatisfy { _ in try get(server).gateway != "g1" }
        }
        #expect(isDrained)
        for _ in 0..<8 { #expect(try get(server, cookie: "srv=one").gateway == "g1") }
        #expect(try server.askUpstreams("PATCH", "gw/servers/1", "{\"route\":\"two\"}").status == 200)
        let isCalled = try waitUntil(Deadline(in: 5)) {
            try (0..<6).allSatisfy { _ in try get(server, cookie: "srv=two").gateway == "g2" }
        }
        #expect(isCalled)
        #expect(try server.askUpstreams("GET", "gw/servers/1", nil).text.contains("\"route\":\"two\""))
        let refused = try server.askUpstreams("PATCH", "gw/servers/1", "{\"route\":\"a b\"}")
        #expect(refused.status == 400 && refused.text.contains("UpstreamBadRoute"))
        #expect(try server.reload().ending == .exited(0))
        for _ in 0..<4 {
            #expect(try get(server, cookie: "srv=one").gateway == "g1")
            #expect(try get(server, cookie: "srv=two").gateway == "g2")
        }
        #expect(try server.askUpstreams("DELETE", "gw/servers/0", nil).status == 200)
        let isRemoved = try waitUntil(Deadline(in: 5)) {
            try (0..<6).allSatisfy { _ in try get(server, cookie: "srv=one").gateway != "g1" }
        }
        #expect(isRemoved)
        server.finish()
    }

    @Test("drain in the configuration; a reload that reorders and removes servers moves nobody else")
    func reload() throws {
        let gateways = try StickyTests.gateways()
        let server = try Server(
            StickyTests.text("server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%; sticky cookie c;"),
            gateways: gateways)
        var cookies: [String: String] = [:]
        for _ in 0..<30 where cookies.count < 3 {
            let first = try get(server)
            cookies[first.gateway] = try pair(first.cookies)
        }
        #expect(cookies.count == 3)
        try server.rewrite(
            StickyTests.text(
                "least_conn; server %GATEWAY3%; server 127.0.0.1:1 down; server %GATEWAY1% drain;"
                    + " sticky cookie c;"), gateways: gateways)
        #expect(try server.reload().ending == .exited(0))
        for _ in 0..<6 {
            #expect(try get(server, cookie: cookies["g1"]).gateway == "g1")
            #expect(try get(server, cookie: cookies["g2"]).gateway == "g3")
            #expect(try get(server, cookie: cookies["g3"]).gateway == "g3")
            #expect(try get(server).gateway == "g3")
        }
        server.finish()
    }

    @Test("route: the first variable that is not empty says which server")
    func route() throws {
        let gateways = try StickyTests.gateways()
        let server = try Server(
            StickyTests.text(
                """
                server %GATEWAY1% route=a; server %GATEWAY2% route=b; server %GATEWAY3% route=c;
                sticky route $cookie_r $arg_r;
                """), gateways: gateways)
        for (index, name) in ["a", "b", "c"].enumerated() {
            for _ in 0..<4 {
                let answer = try get(server, "/x?r=\(name)")
                #expect(answer.gateway == "g\(index + 1)" && answer.cookies.isEmpty)
                #expect(try get(server, "/x?r=a", cookie: "r=\(name)").gateway == "g\(index + 1)")
            }
        }
        #expect(Set(try (0..<12).map { _ in try get(server, "/x?r=z", cookie: "r=").gateway }).count > 1)
        server.finish()
    }

    @Test("learn: a session that a gateway begins stays with it, over workers and reloads")
    func learn() throws {
        let gateways = try StickyTests.gateways()
        for (index, gateway) in gateways.enumerated() {
            let fields = ["Set-Cookie: id=s\(index + 1)-$; Path=/"]
            gateway.answer("/login", with: .fixed("g\(index + 1) in", fields: fields))
        }
        let server = try Server(
            StickyTests.text(
                """
                server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%;
                sticky learn create=$upstream_cookie_id lookup=$cookie_id zone=ids:1m timeout=1h;
                """), gateways: gateways)
        var seen: Set<String> = []
        for _ in 0..<30 where seen.count < 3 { seen.insert(try get(server, "/login").gateway) }
        #expect(seen == ["g1", "g2", "g3"])
        func checkAll() throws {
            for index in 1...3 {
                for _ in 0..<4 { #expect(try get(server, cookie: "id=s\(index)-$").gateway == "g\(index)") }
            }
        }
        try checkAll()
        #expect(try server.reload().ending == .exited(0))
        try checkAll()
        // Nobody began it.
        #expect(Set(try (0..<12).map { _ in try get(server, cookie: "id=made-up").gateway }).count > 1)
        #expect(Set(try (0..<12).map { _ in try get(server, cookie: "id=made-up").gateway }).count > 1)
        // Its server is gone: the one that takes it over keeps it.
        gateways[0].stop()
        let next = try get(server, cookie: "id=s1-$").gateway
        #expect(next == "g2" || next == "g3")
        for _ in 0..<6 { #expect(try get(server, cookie: "id=s1-$").gateway == next) }
        server.finish()
    }

    @Test("learn with `header`: the session is known before the response has ended; without, afterwards")
    func learnAtHead() throws {
        for isAtHead in [true, false] {
            let gateways = try StickyTests.gateways()
            for gateway in gateways {
                gateway.answer(
                    "/slow",
                    with: .raw(
                        "HTTP/1.1 200 OK\r\nSet-Cookie: id=\(gateway.name)\r\nContent-Length: 4\r\n\r\nab"
                    ).then(.waitForRelease).then(.send(Array("cd".utf8))))
            }
            let server = try Server(
                StickyTests.text(
                    """
                    server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%;
                    sticky learn create=$upstream_cookie_id lookup=$cookie_id zone=ids:64k
                        \(isAtHead ? "header" : "");
                    """, location: "proxy_buffering off;"), gateways: gateways)
            let client = try RawClient(port: server.port)
            client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            var head = ""
            while !head.hasSuffix("\r\n\r\nab") {
                head += String(decoding: try client.read(1), as: UTF8.self)
            }
            let name = try #require(gateways.map(\.name).first { head.contains("id=\($0)") })
            let during = Set(try (0..<8).map { _ in try get(server, cookie: "id=\(name)").gateway })
            #expect((during == [name]) == isAtHead)
            gateways.first { $0.name == name }?.release()
            #expect(try client.read(2) == Array("cd".utf8))
            if !isAtHead {
                let isKnown = try waitUntil(Deadline(in: 5)) {
                    try (0..<4).allSatisfy { _ in try get(server, cookie: "id=\(name)").gateway == name }
                }
                #expect(isKnown)
            }
            server.finish()
        }
    }

    @Test("learn: a session that nobody uses for its time is forgotten")
    func forgotten() throws {
        let gateways = try StickyTests.gateways()
        for gateway in gateways {
            gateway.answer("/login", with: .fixed(gateway.name, fields: ["Set-Cookie: id=\(gateway.name)"]))
        }
        let server = try Server(
            StickyTests.text(
                """
                server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%;
                sticky learn create=$upstream_cookie_id lookup=$cookie_id zone=ids:64k timeout=100ms;
                """), gateways: gateways)
        let name = try get(server, "/login").gateway
        let isForgotten = try waitUntil(Deadline(in: 10)) {
            usleep(200_000)
            return try get(server, cookie: "id=\(name)").gateway != name
        }
        #expect(isForgotten)
        server.finish()
    }
}
