import Foundation
import TestSupport
import Testing

/// `mirror`: what the copies are, and that nobody waits for them.
@Suite("mirror") struct MirrorTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format l "$status $request_method $uri $upstream_status|";
            access_log %PREFIX%/access.log l;
            upstream copies { server %GATEWAY1%; keepalive 4; }
            server { listen 127.0.0.1:%PORT1%; http2 on;
                location / { mirror /copy; proxy_pass http://%GATEWAY2%; }
                location /two { mirror /copy; mirror /other; proxy_pass http://%GATEWAY2%; }
                location /unbuffered { mirror /copy; proxy_request_buffering off; client_body_buffer_size 8k;
                    proxy_pass http://%GATEWAY2%; }
                location /small { mirror /copy; client_body_buffer_size 8k; proxy_pass http://%GATEWAY2%; }
                location /large { mirror /copy; client_body_buffer_size 2m; client_max_body_size 2m;
                    proxy_pass http://%GATEWAY2%; }
                location /bare { mirror /copy; mirror_request_body off; proxy_pass http://%GATEWAY2%; }
                location /off { mirror off; proxy_pass http://%GATEWAY2%; }
                location /here { mirror /copy; root %PREFIX%; }
                location /asked { auth_request /ask; mirror /copy; proxy_pass http://%GATEWAY2%; }
                location /rewritten { mirror /copy; rewrite ^/rewritten(.*) /to$1?more=1 break;
                    proxy_pass http://%GATEWAY2%; }
                location = /ask { internal; proxy_pass http://%GATEWAY2%; }
                location = /copy { internal; mirror /copy; auth_request /ask; proxy_set_header X-Own
                    "$request_method $uri $args $request_uri $content_length";
                    proxy_pass http://copies$request_uri; }
                location = /other { log_subrequest on; proxy_pass http://copies; }
                location /status { status; }
            }
        }
        """

    /// A server, who gets the copies, and the application.
    private final class Scene {
        let copies: RecordingGateway
        let application: RecordingGateway
        let server: Server

        init(_ text: String = MirrorTests.text) throws {
            copies = try RecordingGateway("copies")
            application = try RecordingGateway("application")
            server = try Server(text, gateways: [copies, application])
        }

        deinit {
            copies.stop()
            application.stop()
        }
    }

    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    @Test("a copy has method, path, query and fields of the client's request")
    func copy() throws {
        let scene = try Scene()
        let client = try RawClient(port: scene.server.port)
        client.send("DELETE /a%20b?c=d HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")
        #expect(try client.response(to: "DELETE").status == 200)
        #expect(scene.copies.waitForRequests(1))
        let copy = try #require(scene.copies.requests.first)
        #expect(copy.line == "DELETE /a%20b?c=d HTTP/1.1")
        #expect(copy["X"] == "y")
        #expect(copy["X-Own"] == "DELETE /copy c=d /a%20b?c=d")
        #expect(scene.application.requests.map(\.line) == ["DELETE /a%20b?c=d HTTP/1.1"])
        scene.server.finish()
    }

    @Test("there are as many as the location says, and of a copy none")
    func number() throws {
        let scene = try Scene()
        for path in ["/two", "/off", "/here", "/rewritten/x?y"] {
            _ = try RawClient.get(scene.server.port, path)
        }
        #expect(scene.copies.waitForRequests(4))
        let lines = scene.copies.requests.map(\.line).sorted()
        #expect(
            lines == [
                "GET /here HTTP/1.1", "GET /other HTTP/1.1", "GET /rewritten/x?y HTTP/1.1",
                "GET /two HTTP/1.1",
            ])
        let rewritten = scene.copies.requests.first { $0.line.contains("rewritten") }
        #expect(rewritten?["X-Own"] == "GET /copy more=1&y /rewritten/x?y")
        let log = {
            scene.server.directory.read("access.log").split(separator: "\n").map(String.init).sorted()
        }
        let expected = [
            "200 GET /off 200|", "200 GET /other 200|", "200 GET /to/x 200|", "200 GET /two 200|",
            "404 GET /here -|",
        ]
        #expect(waitUntil { log() == expected }, "\(log())")
        scene.server.finish()
    }

    @Test(
        "content is copied whole, wherever it is kept",
        arguments: ["/small", "/large", "/unbuffered", "/asked"], [5, 100_000, 1 << 20])
    func content(path: String, count: Int) throws {
        let scene = try Scene()
        let body = bytes(count)
        let client = try RawClient(port: scene.server.port)
        for isChunked in [false, true] {
            client.send("POST \(path) HTTP/1.1\r\nHost: a\r\n")
            if isChunked {
                client.send("Transfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n")
                client.send(body + Array("\r\n0\r\n\r\n".utf8))
            } else {
                client.send("Content-Length: \(count)\r\n\r\n")
                client.send(body)
            }
            #expect(try client.response(to: "POST", within: 20).status == 200)
        }
        #expect(scene.copies.waitForRequests(2, within: 20))
        for gateway in [scene.copies, scene.application] {
            let posts = gateway.requests.filter { $0.method == "POST" }
            #expect(posts.count == 2)
            #expect(posts.allSatisfy { $0.body == body && $0["Content-Length"] == "\(count)" })
        }
        scene.server.finish()
    }

    @Test("a copy without content says so")
    func bare() throws {
        let scene = try Scene()
        let response = try RawClient.ask(
            scene.server.port, "POST /bare HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        #expect(response.status == 200)
        #expect(scene.copies.waitForRequests(1))
        #expect(scene.copies.requests.first?["Content-Length"] == nil)
        #expect(scene.copies.requests.first?.body == [])
        #expect(scene.application.requests.first?.body == Array("hello".utf8))
        scene.server.finish()
    }

    @Test("content that is too large, or never comes, has no copy")
    func refusedContent() throws {
        let scene = try Scene()
        let tooLarge = try RawClient.ask(
            scene.server.port,
            "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n")
        #expect(tooLarge.status == 413)
        let client = try RawClient(port: scene.server.port)
        client.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nhello")
        client.close()
        #expect(try RawClient.get(scene.server.port, "/").status == 200)
        #expect(scene.copies.waitForRequests(1))
        #expect(scene.copies.requests.map(\.method) == ["GET"])
        scene.server.finish()
    }

    @Test("nobody waits for a copy: not the client, its next request, or one over HTTP/2")
    func silence() throws {
        let scene = try Scene()
        scene.copies.answerAll(with: .hang)
        let client = try RawClient(port: scene.server.port)
        for number in 0..<5 {
            client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response().status == 200)
        }
        let framed = try FrameClient(port: scene.server.port)
        framed.send(FrameClient.request(1, "/framed"))
        #expect(try framed.content(1) == Array("application /framed\n".utf8))
        framed.close()
        client.close()
        #expect(scene.copies.waitForRequests(6))
        // Those that are under way do not keep the server from ending, or not for long.
        scene.server.finish()
    }

    @Test("a worker that ends in good order lets copies be answered")
    func gracefulEnd() throws {
        let scene = try Scene()
        scene.copies.answerAll(
            with: GatewayAnswer(steps: [.waitForRelease, .send(Array("HTTP/1.1 204 N\r\n\r\n".utf8))]))
        #expect(try RawClient.get(scene.server.port, "/two").status == 200)
        #expect(scene.copies.waitForRequests(2))
        kill(scene.server.program.pid, SIGQUIT)
        #expect(scene.server.waitForLog("gracefully shutting down"))
        scene.copies.release()
        scene.copies.release()
        let isLogged = waitUntil(Deadline(in: 10)) {
            scene.server.directory.read("access.log").contains("204 GET /other 204|")
        }
        #expect(isLogged, "\(scene.server.directory.read("access.log"))")
        #expect(waitUntil(Deadline(in: 10)) { scene.server.program.endingNow != nil })
        scene.server.finish()
    }

    @Test("a service that is gone, or lies, is of no concern")
    func faults() throws {
        let scene = try Scene()
        scene.copies.enqueue(
            .reset, .close, .raw("nonsense\r\n\r\n"), .upgrade(), .fixed("", status: "500 N"))
        let client = try RawClient(port: scene.server.port)
        for number in 0..<5 {
            client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
            #expect(try client.response().status == 200)
            #expect(scene.copies.waitForRequests(number + 1))
        }
        scene.copies.stop()
        client.send("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 200)
        #expect(scene.server.waitForLog("subrequest: \"/copy\""))
        scene.server.finish()
    }

    @Test("beyond a bound copies are dropped, counted, and told of once a second")
    func bound() throws {
        let scene = try Scene()
        scene.copies.answerAll(with: .hang)
        let client = try RawClient(port: scene.server.port)
        // Content in memory reaches its bound long before the number does.
        let body = bytes(2 << 20)
        for _ in 0..<36 {
            client.send("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
            client.send(body)
            #expect(try client.response(to: "POST", within: 20).status == 200)
        }
        #expect(scene.server.waitForLog("mirrored requests are under way: this one is dropped"))
        let status = try RawClient.get(scene.server.port, "/status?format=json")
        #expect(status.text.contains("\"mirrors_dropped\":4"), "\(status.text.prefix(2000))")
        let metrics = try RawClient.get(scene.server.port, "/status?format=prometheus")
        #expect(metrics.text.contains("portico_mirrors_dropped_total 4\n"))
        scene.server.finish()
    }

    @Test("a copy that waits tells of the client's connection after that was closed")
    func closedClient() throws {
        let copies = try RecordingGateway("copies")
        defer { copies.stop() }
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http {
                access_log off;
                limit_req_zone $request_method zone=copies:1m rate=1r/s;
                server { listen 127.0.0.1:%PORT1% ssl;
                    ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                    location / { mirror /copy; root %PREFIX%; }
                    location = /copy { internal; limit_req zone=copies burst=9;
                        proxy_set_header X-Own "$scheme $https $server_port"; proxy_pass http://%GATEWAY1%; }
                }
            }
            """, gateways: [copies], directory: directory)
        for _ in 0..<2 { _ = try TLSClient.curl(port: server.port, host: "a.test", in: directory) }
        #expect(copies.waitForRequests(2))
        #expect(copies.requests.allSatisfy { $0.head["X-Own"] == "https on \(server.port)" })
        server.finish()
    }
}
