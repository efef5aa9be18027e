import TestSupport
import Testing

/// The test machinery tried on itself: a client straight at a recording gateway.
@Suite("harness")
struct HarnessTests {
    @Test("a gateway records what it was sent, by connection")
    func gatewayRecords() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let client = try RawClient(port: gateway.port)
        client.send("GET /a?b HTTP/1.1\r\nHost: x\r\nTwo: 1\r\nTwo: 2\r\n\r\n")
        #expect(try client.response().text == "g1 /a\n")
        client.send("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        #expect(try client.response().status == 200)
        _ = try RawClient.get(gateway.port, "/d")
        let requests = gateway.requests
        #expect(requests.map(\.line) == ["GET /a?b HTTP/1.1", "POST /c HTTP/1.1", "GET /d HTTP/1.1"])
        #expect(requests.map(\.connection) == [0, 0, 1])
        #expect(requests.map(\.indexOnConnection) == [0, 1, 0])
        #expect(requests[0].head.values("two") == ["1", "2"])
        #expect(requests[1].text == "abc")
    }

    @Test("answers are given as scripted")
    func answersAreScripted() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        gateway.enqueue(
            .chunked(["ab", "c"]), .untilClose("to the end"), .reset, .close, .fixed("early").early)
        let client = try RawClient(port: gateway.port)
        client.send("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        #expect(try client.response().text == "abc")
        let last = try client.response()
        #expect(last.text == "to the end")
        #expect(last.framing == .close)
        #expect(throws: HarnessError.self) { try RawClient.get(gateway.port, "/reset") }
        #expect(throws: HarnessError.self) { try RawClient.get(gateway.port, "/close") }
        #expect(
            try RawClient.ask(gateway.port, "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n").text == "early")
    }

    @Test("interim responses come apart from the final one")
    func interimResponses() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        gateway.enqueue(.raw("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"))
        let response = try RawClient.get(gateway.port, "/")
        #expect(response.status == 204)
        #expect(response.interim.map(\.startLine) == ["HTTP/1.1 103 Early Hints"])
    }

    @Test("a program is waited for, stopped and reaped")
    func programsEnd() throws {
        let directory = try TemporaryDirectory()
        let run = try Program.run("sh", ["-c", "echo out; echo err >&2; exit 3"], in: directory)
        #expect(run.ending == .exited(3))
        #expect(run.output == "out\n")
        #expect(run.errors == "err\n")
        let sleeping = try Program("sleep", ["100"], in: directory, name: "sleeping")
        #expect(sleeping.stop() == .signalled(15))
    }

    @Test("ports are handed out once")
    func portsDiffer() throws {
        let ports = try (0..<50).map { _ in try FreePort.next() }
        #expect(Set(ports).count == 50)
    }

    @Test("a difference is seen", .enabled(if: Binary.nginx != nil, "nginx is not installed"))
    func differencesAreSeen() throws {
        func group(_ word: String) -> DifferentialGroup {
            DifferentialGroup(
                name: "probe of the probe",
                http: "server { listen 127.0.0.1:%PORT1%; location / { add_header X-Word \(word); "
                    + "proxy_pass http://%GATEWAY1%; } }",
                cases: [.init("one", .get("/")), .init("two", .get("/missing"))])
        }
        let one = group("one")
        let first = try DifferentialRun.transcripts(of: one, cases: one.cases, .nginx)
        let same = try DifferentialRun.transcripts(of: one, cases: one.cases, .nginx)
        let other = try DifferentialRun.transcripts(of: group("other"), cases: one.cases, .nginx)
        #expect(first == same)
        #expect(zip(first, other).allSatisfy { $0 != $1 })
        #expect(first[0].contains("=== at g1: GET / HTTP/1.1"))
        #expect(first[0].hasSuffix("[open]"))
    }

    @Test("TLS is seen through openssl and curl", .enabled(if: Binary.nginx != nil, "nginx is not installed"))
    func tlsIsSeen() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["one.test", "*.two.test"], in: directory)
        let server = try Server(
            """
            events {} http { %TEMP_PATHS% access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                location / { return 200 "over $scheme to $host\\n"; } } }
            """, kind: .nginx, directory: directory)
        let seen = try TLSClient.handshake(port: server.port, serverName: "one.test", in: directory)
        #expect(seen.contains("CN = one.test"))
        let got = try TLSClient.curl(port: server.port, host: "a.two.test", in: directory)
        #expect(got.text.hasSuffix("over https to a.two.test\n"))
        server.finish()
    }
}
