import Foundation
import TestSupport
import Testing

/// `conf/examples`: each is started as it stands there, but for its ports, and asked for what it is for.
@Suite("Examples of configurations", .serialized) struct ConfigurationExamplesTests {
    private static let folder = Binary.packageRoot + "/conf/examples"

    private static func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name).conf", encoding: .utf8)
    }

    /// The example, with played gateways where its own would listen.
    ///
    /// - Parameter changes: what stands in it, and what does so in the test.
    private func start(
        _ name: String, _ gateways: [RecordingGateway], _ changes: [(String, String)] = [],
        in directory: TemporaryDirectory? = nil
    ) throws -> Server {
        var text = try Self.text(name)
        for (example, own) in changes {
            #expect(text.contains(example), "\(example)")
            text = text.replacingOccurrences(of: example, with: own)
        }
        for (number, port) in [8080, 8081].enumerated() {
            text = text.replacingOccurrences(
                of: "listen 127.0.0.1:\(port)", with: "listen 127.0.0.1:%PORT\(number + 1)%")
        }
        for number in gateways.indices {
            text = text.replacingOccurrences(of: "127.0.0.1:900\(number + 1)", with: "%GATEWAY\(number + 1)%")
        }
        return try Server(text, gateways: gateways, directory: directory)
    }

    private func gateways(_ names: String...) throws -> [RecordingGateway] {
        try names.map { try RecordingGateway($0) }
    }

    /// Answers' first words: which gateway it was.
    private func ask(_ server: Server, _ target: String = "/", _ fields: String = "") throws -> (
        name: String, response: Response
    ) {
        let response = try RawClient.ask(
            server.port, "GET \(target) HTTP/1.1\r\nHost: a.test\r\n\(fields)Connection: close\r\n\r\n")
        return (String(String(decoding: response.body, as: UTF8.self).prefix { $0 != " " }), response)
    }

    @Test("each has a line that says what it is for, a test, and a place in the list of them")
    func areListed() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
            .filter { $0.hasSuffix(".conf") }.map { String($0.dropLast(5)) }.sorted()
        #expect(names.count >= 10)
        let own = try String(contentsOfFile: #filePath, encoding: .utf8)
        let list = try String(
            contentsOfFile: Binary.packageRoot + "/Sources/portico/Documentation.docc/Examples.md",
            encoding: .utf8)
        for name in names {
            #expect(
                own.contains("start(\n            \"\(name)\"") || own.contains("start(\"\(name)\""),
                "\(name)")
            let line = try Self.text(name).prefix { $0 != "\n" }
            #expect(line.hasPrefix("# ") && line.hasSuffix("."))
            #expect(list.contains("| `\(name).conf` | \(line.dropFirst(2)) |"), "\(name)")
        }
    }

    @Test("two Kong gateways: a client keeps its own, and goes to the other one when that drains")
    func kongPair() throws {
        let gateways = try gateways("one", "two")
        for gateway in gateways { gateway.answer("/status/ready", with: .fixed("ready")) }
        let server = try start("kong-pair", gateways, [("port=8007 ", "")])
        // Until they have been found ready nobody is served; once both are, clients have their own.
        #expect(try waitUntil(Deadline(in: 10)) { try ask(server).response.status == 200 })
        let areChecked = waitUntil(Deadline(in: 10)) {
            gateways.allSatisfy { $0.requests.count { $0.target == "/status/ready" } >= 2 }
        }
        #expect(areChecked)
        let name = try ask(server).name
        for _ in 0..<10 { #expect(try ask(server).name == name) }
        let own = try #require(gateways.first { $0.name == name })
        own.answer("/status/ready", with: .fixed("draining", status: "503 Service Unavailable"))
        let other = name == "one" ? "two" : "one"
        #expect(try waitUntil(Deadline(in: 10)) { try ask(server).name == other })
        #expect(own.requests.contains { $0.head["X-Forwarded-For"] == "127.0.0.1" })
        server.finish()
    }

    @Test("WebSockets: bytes pass in both directions, beside requests")
    func webSockets() throws {
        let gateways = try gateways("one", "two")
        for gateway in gateways { gateway.answer("/chat", with: .upgrade()) }
        let server = try start("websockets", gateways)
        let client = try RawClient(port: server.port)
        client.send(
            "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        #expect(try client.response().status == 101)
        client.send("hello")
        #expect(try client.read(5) == Array("hello".utf8))
        #expect(try ask(server).response.status == 200)
        client.close()
        server.finish()
    }

    @Test("a canary gets a tenth of the clients, and those who ask for it")
    func canary() throws {
        let gateways = try gateways("stable", "canary")
        let server = try start("canary", gateways)
        #expect(try ask(server, "/", "X-Canary: always\r\n").name == "canary")
        #expect(try ask(server, "/", "X-Canary: never\r\n").name == "stable")
        var count = 0
        for number in 0..<200 {
            let agent = "User-Agent: agent \(number)\r\n"
            let (name, response) = try ask(server, "/", agent)
            #expect(response.head["X-Version"] == name)
            if name == "canary" { count += 1 }
            if number < 10 { #expect(try ask(server, "/", agent).name == name) }
        }
        // The hash is always the same one.
        #expect((8...35).contains(count), "\(count)")
        server.finish()
    }

    @Test("a cookie leads back to the server")
    func sticky() throws {
        let gateways = try gateways("one", "two")
        let server = try start("sticky", gateways)
        let (name, response) = try ask(server)
        let cookie = try #require(response.head["Set-Cookie"])
        #expect(cookie.lowercased().contains("httponly"))
        for _ in 0..<10 {
            #expect(try ask(server, "/", "Cookie: \(cookie.prefix { $0 != ";" })\r\n").name == name)
        }
        server.finish()
    }

    @Test("who asks too often is told when to come again, and nobody else is")
    func rateLimits() throws {
        let gateways = try gateways("one")
        let server = try start("rate-limits", gateways)
        let refused = try #require(
            try (0..<200).lazy.map { _ in try ask(server, "/", "X-API-Key: mine\r\n").response }
                .first { $0.status != 200 })
        #expect(refused.status == 429)
        #expect(refused.head["Retry-After"] != nil)
        #expect(refused.head["RateLimit-Policy"]?.contains("requests") == true)
        #expect(try ask(server, "/", "X-API-Key: yours\r\n").response.status == 200)
        #expect(try ask(server).response.status == 200)
        server.finish()
    }

    @Test("who is not signed in is sent to oauth2-proxy, and who is is known to the gateway")
    func oauth2Proxy() throws {
        let gateways = try gateways("app", "oauth2")
        let (app, oauth2) = (gateways[0], gateways[1])
        oauth2.answer("/oauth2/auth", with: .fixed("no", status: "401 Unauthorized"))
        let server = try start("oauth2-proxy", gateways, [("127.0.0.1:4180", "%GATEWAY2%")])
        let away = try ask(server, "/page").response
        #expect(away.status == 302)
        #expect(away.head["Location"]?.contains("/oauth2/sign_in?rd=http://a.test/page") == true)
        #expect(app.requests.isEmpty)
        #expect(try ask(server, "/oauth2/sign_in").name == "oauth2")
        oauth2.answer(
            "/oauth2/auth",
            with: .fixed("", status: "202 Accepted", fields: ["X-Auth-Request-User: ada"]))
        #expect(try ask(server, "/page", "X-User: eve\r\n").name == "app")
        #expect(app.requests.last?.head["X-User"] == "ada")
        #expect(try ask(server, "/oauth2/auth").response.status != 202)
        server.finish()
    }

    @Test("blue and green change over by the API, and back")
    func blueGreen() throws {
        let gateways = try gateways("blue", "green")
        let server = try start("blue-green", gateways)
        func patch(_ id: Int, _ body: String) throws -> Int {
            try RawClient.ask(
                server.ports[1],
                "PATCH /api/9/http/upstreams/app/servers/\(id) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            ).status
        }
        for _ in 0..<6 { #expect(try ask(server).name == "blue") }
        #expect(try patch(1, "{\"down\":false}") == 200)
        #expect(try patch(0, "{\"drain\":true}") == 200)
        for _ in 0..<6 { #expect(try ask(server).name == "green") }
        #expect(try patch(0, "{\"drain\":false}") == 200)
        #expect(try patch(1, "{\"down\":true}") == 200)
        for _ in 0..<6 { #expect(try ask(server).name == "blue") }
        #expect(try RawClient.get(server.ports[1], "/status").status == 200)
        #expect(try ask(server, "/api/9/").response.status == 200, "the public side leads to the gateways")
        server.finish()
    }

    @Test("TLS again towards gateways, who must be who they say")
    func reencryption() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["gateways.internal"], in: directory, name: "good")
        _ = try TLSClient.makeCertificate(for: ["gateways.internal"], in: directory, name: "stranger")
        try directory.write(directory.read("good.crt"), to: "authority.crt")
        let ports: [(String, String)] = [
            ("127.0.0.1:8443", "127.0.0.1:%PORT1%"), ("127.0.0.1:9443", "127.0.0.1:%PORT2%"),
            ("    server 127.0.0.1:9444;\n", ""),
        ]
        func played(_ name: String) -> (String, String) {
            (
                "upstream app {",
                """
                server { listen 127.0.0.1:%PORT2% ssl; return 200 "$ssl_server_name\\n";
                    ssl_certificate \(name).crt; ssl_certificate_key \(name).key; }
                upstream app {
                """
            )
        }
        let server = try start("tls-reencryption", [], ports + [played("good")], in: directory)
        let url = "https://127.0.0.1:\(server.port)/"
        let answer = try Program.run("curl", ["-sk", "--http2", "-D-", url], in: directory)
        #expect(answer.output.contains("gateways.internal"), "\(answer)")
        #expect(answer.output.lowercased().contains("strict-transport-security: max-age=31536000"))
        server.finish()

        let second = try start("tls-reencryption", [], ports + [played("stranger")], in: directory)
        let refused = try Program.run(
            "curl", ["-sk", "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1:\(second.port)/"],
            in: directory)
        #expect(refused.output == "502")
        second.finish()
    }

    @Test("the page of the maintenance comes and goes with a file, and operators go on")
    func maintenance() throws {
        let server = try start("maintenance", try gateways("app"))
        let stranger = "X-Forwarded-For: 203.0.113.9\r\n"
        #expect(try ask(server, "/x", stranger).name == "app")
        mkdir(server.directory.path + "/pages", 0o755)
        try server.directory.write("", to: "pages/maintenance", mode: 0o644)
        let closed = try ask(server, "/x", stranger).response
        #expect(closed.status == 503)
        #expect(String(decoding: closed.body, as: UTF8.self).contains("Back soon"))
        #expect(closed.head["Content-Type"] == "text/html" && closed.head["Retry-After"] == "300")
        #expect(try ask(server, "/x").name == "app")
        unlink(server.directory.path + "/pages/maintenance")
        #expect(try ask(server, "/x", stranger).name == "app")
        server.finish()
    }

    @Test("services by path, each under the name that it knows itself by")
    func microservices() throws {
        let gateways = try gateways("users", "orders", "front")
        let server = try start("microservices", gateways)
        for (target, name, path) in [
            ("/users/42", "users", "/42"), ("/orders/7", "orders", "/orders/7"), ("/", "front", "/"),
        ] {
            let answer = try ask(server, target)
            #expect(answer.name == name)
            #expect(String(decoding: answer.response.body, as: UTF8.self) == "\(name) \(path)\n")
        }
        #expect(try ask(server, "/orders/internal/x").response.status == 404)
        #expect(waitUntil { gateways[0].requests.contains { $0.head.startLine.contains("/health") } })
        server.finish()
    }

    // MARK: Two nodes

    @Test("behind a balancer of TCP: the gateway is told the client that the PROXY header names")
    func behindL4() throws {
        let gateways = try gateways("one", "two")
        let server = try start(
            "pair/behind-l4", gateways,
            [("127.0.0.1:8443", "127.0.0.1:%PORT1%"), ("listen 9180", "listen 127.0.0.1:%PORT2%")])
        let script = """
            import socket, ssl, sys
            plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 8)
            plain.sendall(b"PROXY TCP4 203.0.113.9 192.0.2.10 1234 443\\r\\n")
            context = ssl._create_unverified_context()
            with context.wrap_socket(plain, server_hostname="a.test") as secure:
                secure.sendall(b"GET /x HTTP/1.1\\r\\nHost: a.test\\r\\nConnection: close\\r\\n\\r\\n")
                print(secure.recv(4096).decode())
            """
        let run = try Program.run("python3", ["-c", script, "\(server.port)"], in: server.directory)
        #expect(run.output.hasPrefix("HTTP/1.1 200"), "\(run)")
        let request = try #require(gateways.flatMap(\.requests).first)
        #expect(request.head["X-Forwarded-For"] == "203.0.113.9")
        #expect(try RawClient.get(server.ports[1], "/readiness").status == 200)
        server.finish()
    }

    @Test("two nodes with one address: it moves in time, and sessions, clients and requests with it")
    func pair() throws {
        let directory = try TemporaryDirectory()
        // The script's own limit is one second; what runs beside this test may delay it.
        let run = try Program.run(
            "env", ["PORTICO_BINARY=\(Binary.portico)", "TAKEOVER_MS=3000", Self.folder + "/pair/test"],
            in: directory, within: 180)
        for line in run.output.split(separator: "\n") where line.hasPrefix("skipped") { print(line) }
        #expect(run.ending == .exited(0), "\(run.output)\(run.errors)")
        #expect(!run.output.contains("FAILED"), "\(run.output)")
    }
}
