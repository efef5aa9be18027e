import Foundation
import TestSupport
import Testing

/// `auth_request`: what the service that is asked may do, and what the client may do meanwhile.
@Suite("auth_request") struct AuthRequestTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format l "$status $uri $request_method $upstream_status $body_bytes_sent|";
            access_log %PREFIX%/access.log l;
            error_page 502 = /welcome; error_page 401 =200 /welcome;
            upstream service { server %GATEWAY1%; keepalive 8; }
            upstream failing { server %DEAD%; server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT1%; http2 on; status_zone all;
                location / { auth_request /ask; proxy_pass http://%GATEWAY2%; }
                location /buffered/ { auth_request /ask; proxy_pass http://%GATEWAY2%; }
                location /unbuffered/ { auth_request /ask; proxy_request_buffering off;
                    proxy_pass http://%GATEWAY2%; }
                location /dead { auth_request /ask-dead; proxy_pass http://%GATEWAY2%; }
                location /slow { auth_request /ask-slow; proxy_pass http://%GATEWAY2%; }
                location /retried { auth_request /ask-two; auth_request_set $tried $upstream_status;
                    proxy_set_header X-Tried $tried; proxy_pass http://%GATEWAY2%; }
                location /logged { auth_request /ask-logged; proxy_pass http://%GATEWAY2%; }
                location /here { auth_request /no; proxy_pass http://%GATEWAY2%; }
                location /closed { auth_request /close; proxy_pass http://%GATEWAY2%; }
                location = /close { return 444; }
                location = /ask { internal; proxy_pass_request_body off; proxy_set_header Content-Length "";
                    proxy_pass http://service/ask; }
                location = /ask-dead { proxy_pass http://%DEAD%; }
                location = /ask-slow { proxy_read_timeout 300ms; proxy_pass http://service/ask; }
                location = /ask-two { proxy_pass http://failing/ask; }
                location = /ask-logged { log_subrequest on; proxy_pass http://service/ask; }
                location = /no { return 401; }
                location = /welcome { auth_request off; return 200 "welcome\\n"; }
                location /status { auth_request off; status; }
            }
        }
        """

    /// A server, the service that it asks, and the application behind it.
    private final class Scene {
        let service: RecordingGateway
        let application: RecordingGateway
        let server: Server

        init() throws {
            service = try RecordingGateway("service")
            application = try RecordingGateway("application")
            server = try Server(AuthRequestTests.text, gateways: [service, application])
        }

        deinit {
            service.stop()
            application.stop()
        }

        func lines() -> [String] {
            server.directory.read("access.log").split(separator: "\n").map(String.init)
        }
    }

    @Test("a 401 has all challenges of the service")
    func challenges() throws {
        let scene = try Scene()
        scene.service.answerAll(
            with: .fixed(
                "no", status: "401 Unauthorized",
                fields: ["WWW-Authenticate: Basic realm=\"a\"", "X: y", "WWW-Authenticate: Bearer"]))
        let response = try RawClient.get(scene.server.port, "/")
        #expect(response.status == 200, "the page of 401")
        #expect(response.head.values("WWW-Authenticate") == ["Basic realm=\"a\"", "Bearer"])
        #expect(scene.application.requests.isEmpty)
        scene.server.finish()
    }

    @Test("pages that are inherited are for clients: a refusal does not become leave by one")
    func inheritedPages() throws {
        let scene = try Scene()
        let here = try RawClient.get(scene.server.port, "/here")
        #expect(String(decoding: here.body, as: UTF8.self) == "welcome\n")
        let dead = try RawClient.get(scene.server.port, "/dead")
        #expect(dead.status == 500)
        #expect(scene.application.requests.isEmpty)
        #expect(scene.server.waitForLog("auth request unexpected status: 502"))
        #expect(scene.server.log.contains("subrequest: \"/ask-dead\""))
        scene.server.finish()
    }

    @Test("only what is closed without an answer closes the client's connection", arguments: [408, 444, 499])
    func closingStatus(status: Int) throws {
        let scene = try Scene()
        scene.service.answerAll(with: .fixed("", status: "\(status) S"))
        #expect(try RawClient.get(scene.server.port, "/").status == 500)
        #expect(scene.server.waitForLog("auth request unexpected status: \(status)"))
        let client = try RawClient(port: scene.server.port)
        client.send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.isClosedByPeer())
        #expect(scene.application.requests.isEmpty)
        scene.server.finish()
    }

    @Test("a service that is silent costs its time and a 500")
    func silence() throws {
        let scene = try Scene()
        scene.service.answerAll(with: .hang)
        #expect(try RawClient.get(scene.server.port, "/slow").status == 500)
        #expect(scene.server.waitForLog("auth request unexpected status: 504"))
        scene.server.finish()
    }

    @Test("another server of the service is asked where one fails")
    func retries() throws {
        let scene = try Scene()
        for _ in 0..<4 { #expect(try RawClient.get(scene.server.port, "/retried").status == 200) }
        let tried = Set(scene.application.requests.map { $0.head["X-Tried"] ?? "" })
        #expect(tried.isSubset(of: ["200", "502, 200"]) && tried.contains("502, 200"), "\(tried)")
        scene.server.finish()
    }

    @Test("connections to the service are used again where its answers are short")
    func shortAnswers() throws {
        let scene = try Scene()
        scene.service.answerAll(with: .fixed("some words that nobody reads"))
        let client = try RawClient(port: scene.server.port)
        for _ in 0..<20 {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response().status == 200)
        }
        #expect(scene.service.requests.count == 20)
        #expect(scene.service.connectionCount <= 2)
        scene.server.finish()
    }

    @Test("nobody waits for the rest of an answer, and what is long is not read")
    func longAnswers() throws {
        let scene = try Scene()
        scene.service.enqueue(
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart").then(.hang),
            .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n").then(.hang))
        for _ in 0..<2 { #expect(try RawClient.get(scene.server.port, "/").status == 200) }
        let long = String(repeating: "x", count: 4 << 20)
        scene.service.answerAll(with: .fixed(long))
        #expect(try RawClient.get(scene.server.port, "/").status == 200)
        #expect(waitUntil(Deadline(in: 15)) { scene.service.openConnections == 0 })
        scene.server.finish()
    }

    @Test("bodies pass whole, however they are buffered", arguments: ["/buffered/", "/unbuffered/"])
    func bodies(path: String) throws {
        let scene = try Scene()
        let body = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let client = try RawClient(port: scene.server.port)
        for _ in 0..<3 {
            client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
            client.send(body)
            #expect(try client.response(to: "POST", within: 20).status == 200)
        }
        #expect(scene.application.requests.allSatisfy { $0.body == body })
        #expect(scene.application.requests.count == 3)
        #expect(
            scene.service.requests.allSatisfy { $0.body.isEmpty && $0.head.startLine == "GET /ask HTTP/1.1" })
        scene.server.finish()
    }

    @Test("a client that leaves ends the question too")
    func clientLeaves() throws {
        let scene = try Scene()
        scene.service.answerAll(with: .hang)
        let client = try RawClient(port: scene.server.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(scene.service.waitForRequests(1))
        client.close()
        #expect(waitUntil { scene.service.openConnections == 0 })
        #expect(waitUntil { scene.lines() == ["499 / GET - 0|"] }, "\(scene.lines())")
        let framed = try FrameClient(port: scene.server.port)
        framed.send(FrameClient.request(1, "/"))
        #expect(scene.service.waitForRequests(2))
        framed.close()
        #expect(waitUntil { scene.service.openConnections == 0 })
        #expect(waitUntil { scene.lines().count == 2 }, "\(scene.lines())")
        scene.service.answerAll(with: nil)
        #expect(try RawClient.get(scene.server.port, "/").status == 200)
        scene.server.finish()
    }

    @Test("a service that dies meanwhile leaves a 500")
    func serviceDies() throws {
        let scene = try Scene()
        scene.service.answerAll(with: .hang)
        let client = try RawClient(port: scene.server.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(scene.service.waitForRequests(1))
        scene.service.stop()
        #expect(try client.response().status == 500)
        scene.server.finish()
    }

    @Test("a reload meanwhile changes nothing for who waits")
    func reload() throws {
        let scene = try Scene()
        scene.service.answerAll(
            with: GatewayAnswer(steps: [
                .waitForRelease, .send(Array("HTTP/1.1 204 N\r\n\r\n".utf8)),
            ]))
        let client = try RawClient(port: scene.server.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(scene.service.waitForRequests(1))
        try scene.server.rewrite(
            Self.text.replacingOccurrences(of: "auth_request /ask;", with: "auth_request /no;"),
            gateways: [scene.service, scene.application])
        #expect(try scene.server.reload().ending == .exited(0))
        scene.service.release()
        #expect(try client.response().status == 200)
        #expect(scene.application.requests.count == 1)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().body == Array("welcome\n".utf8))
        #expect(scene.application.requests.count == 1)
        scene.server.finish()
    }

    @Test("requests are counted and logged once, those that are asked only where that is wanted")
    func counting() throws {
        let scene = try Scene()
        let client = try RawClient(port: scene.server.port)
        for path in ["/", "/logged", "/"] {
            client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response().status == 200)
        }
        let expected = [
            "200 / GET 200 14|", "200 /ask-logged GET 200 0|", "200 /logged GET 200 20|", "200 / GET 200 14|",
        ]
        #expect(waitUntil { scene.lines() == expected }, "\(scene.lines())")
        let status = try RawClient.get(scene.server.port, "/status?format=json")
        let text = String(decoding: status.body, as: UTF8.self)
        #expect(
            text.contains("\"requests\":{\"total\":4") || text.contains("\"requests\":4"),
            "\(text.prefix(900))")
        scene.server.finish()
    }

    @Test("streams of one HTTP/2 connection are asked for each by itself")
    func streams() throws {
        let scene = try Scene()
        scene.service.enqueue(.fixed("", status: "403 F"), .fixed(""), .fixed(""))
        let client = try FrameClient(port: scene.server.port)
        client.send(FrameClient.request(1, "/one"))
        #expect(try client.stream(1).contains { $0.isLast })
        client.send(FrameClient.request(3, "/three") + FrameClient.request(5, "/five"))
        let contents = try [client.content(3)]
        #expect(contents == [Array("application /three\n".utf8)])
        #expect(waitUntil { scene.application.requests.count == 2 })
        scene.server.finish()
    }
}
