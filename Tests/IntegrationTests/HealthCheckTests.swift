import Foundation
import TestSupport
import Testing

/// What servers are asked by the checker, and what it makes of their answers.
@Suite("Health checks", .serialized) struct HealthCheckTests {
    private func text(_ upstream: String, _ location: String, http: String = "") -> String {
        """
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off; \(http)
            upstream app { zone app 64k; \(upstream) }
            server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app; \(location) } } }
        """
    }

    private func answers(_ server: Server, _ name: String) -> Bool {
        (try? RawClient.get(server.port, "/")).map { String(latin1: $0.body).hasPrefix(name) } ?? false
    }

    @Test("a check in a location asks with the location's fields, and finds failures and recovery")
    func asksWithFieldsOfLocation() throws {
        let (one, two) = (try RecordingGateway("one"), try RecordingGateway("two"))
        let server = try Server(
            text(
                "server %GATEWAY1%; server %GATEWAY2%;",
                "proxy_set_header X-Key k; health_check interval=50ms uri=/ready fails=2;"),
            gateways: [one, two])
        #expect(
            waitUntil(Deadline(in: 5)) {
                one.requests.contains { $0.target == "/ready" && $0["X-Key"] == "k" }
            })
        #expect(one.requests.first { $0.target == "/ready" }?["Host"] == "app")
        one.answer("/ready", with: .fixed("no", status: "500 Broken"))
        #expect(
            server.waitForLog(
                "server 127.0.0.1:\(one.port) in upstream \"app\" is unhealthy: 500 from GET /ready"))
        for _ in 0..<4 { #expect(answers(server, "two")) }
        one.answer("/ready", with: .fixed("yes"))
        #expect(server.waitForLog("is up: 200 from GET /ready"))
        #expect(waitUntil(Deadline(in: 5)) { answers(server, "one") })
        server.finish()
    }

    @Test("a server that hangs is found out after the time-out, one that refuses at once")
    func timeouts() throws {
        let (silent, good) = (try RecordingGateway("silent"), try RecordingGateway("good"))
        silent.answerAll(with: .hang)
        let server = try Server(
            text(
                "server %GATEWAY1%; server %GATEWAY2%; server %DEAD%;"
                    + " health_check interval=100ms timeout=200ms;", ""),
            gateways: [silent, good])
        #expect(server.waitForLog("is unhealthy: timeout after 200ms"))
        #expect(server.waitForLog("is unhealthy: connect: refused"))
        for _ in 0..<4 { #expect(answers(server, "good")) }
        server.finish()
    }

    @Test("an answer that is long to compare, or never begins, holds up no other check")
    func endlessAnswers() throws {
        let gateways = try (1...3).map { try RecordingGateway("g\($0)") }
        gateways[0].answerAll(with: .fixed(String(repeating: "a", count: 60) + "!"))
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 17)
        gateways[1].answerAll(with: .raw(interim + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\naaa"))
        gateways[2].answerAll(with: .fixed("aaa"))
        let server = try Server(
            text(
                "server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%;",
                "health_check interval=50ms timeout=300ms match=long;",
                http: "match long { status 200; body ~ \"^(?:a+)+$\"; }"),
            gateways: gateways)
        #expect(server.waitForLog("\(gateways[0].port) in upstream \"app\" is unhealthy: body did not match"))
        #expect(
            server.waitForLog(
                "\(gateways[1].port) in upstream \"app\" is unhealthy: invalid answer: too many"))
        gateways[2].answerAll(with: .fixed("aab"))
        #expect(server.waitForLog("\(gateways[2].port) in upstream \"app\" is unhealthy: body did not match"))
        gateways[2].answerAll(with: .fixed("aaa"))
        #expect(server.waitForLog("\(gateways[2].port) in upstream \"app\" is up"))
        server.finish()
    }

    @Test("a mandatory check keeps a server out until it passes")
    func mandatory() throws {
        let gateway = try RecordingGateway("one")
        gateway.answer("/ready", with: .fixed("no", status: "503 Busy"))
        let server = try Server(
            text("server %GATEWAY1%;", "health_check interval=50ms mandatory uri=/ready;"),
            gateways: [gateway])
        #expect(try RawClient.get(server.port, "/").status == 502)
        gateway.answer("/ready", with: .fixed("yes"))
        #expect(waitUntil(Deadline(in: 5)) { answers(server, "one") })
        server.finish(expected: ["no live upstreams"])
    }

    @Test("a TCP check wants a connection only; a body is matched also when it is chunked")
    func kinds() throws {
        let gateway = try RecordingGateway("one")
        gateway.answer("/ready", with: .chunked(["sta", "tus: o", "k"]))
        let server = try Server(
            text(
                "server %GATEWAY1%; health_check interval=50ms type=tcp;"
                    + " health_check interval=50ms uri=/ready match=ok keepalive_time=10s;", "",
                http: "match ok { status 200; body ~ \"status: ok\"; }"),
            gateways: [gateway])
        #expect(waitUntil(Deadline(in: 5)) { gateway.requests.count { $0.target == "/ready" } >= 5 })
        // One connection serves all its checks.
        #expect(Set(gateway.requests.map(\.connection)).count == 1)
        gateway.answer("/ready", with: .chunked(["status: bad"]))
        #expect(server.waitForLog("is unhealthy: body did not match \"status: ok\""))
        gateway.stop()
        #expect(server.waitForLog("is unhealthy: connect: refused") || server.log.contains("is unhealthy"))
        server.finish()
    }

    @Test("a check of an https group shakes hands, and says what went wrong")
    func overTLS() throws {
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream front { server 127.0.0.1:%PORT2%; server 127.0.0.1:%PORT1%; health_check interval=50ms; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass https://front; } }
                server { listen 127.0.0.1:%PORT2% ssl; ssl_certificate self-signed;
                    location / { return 200 "secure"; } } }
            """)
        // The other server speaks plain HTTP.
        #expect(
            server.waitForLog("server 127.0.0.1:\(server.port) in upstream \"front\" is unhealthy: TLS: "))
        for _ in 0..<4 { #expect(answers(server, "secure")) }
        server.finish()
    }
}
