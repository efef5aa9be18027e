import Foundation
import TestSupport
import Testing

/// Gateways behind streams: what they fail at is the matter of one stream, not of its neighbours.
@Suite("HTTP/2 and gateways") struct HTTP2GatewayTests {
    private static let configuration = """
        worker_processes 1;
        events { }
        http { http2 on; log_format m "$request_method $uri $status $upstream_status";
            access_log %PREFIX%/access.log m;
            upstream two { server %GATEWAY1% max_fails=0; server %GATEWAY2% max_fails=0; %NO_POOL% }
            upstream dead { server %DEAD% max_fails=0; server %GATEWAY1% max_fails=0; %NO_POOL% }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://%GATEWAY1%; }
                location /stream { proxy_pass http://%GATEWAY1%; proxy_buffering off; }
                location /text { return 200 text; }
                location /two { proxy_pass http://two; proxy_next_upstream error timeout http_503; }
                location /any { proxy_pass http://two; proxy_next_upstream error non_idempotent; }
                location /dead { proxy_pass http://dead; }
                location /late { proxy_pass http://%GATEWAY1%; proxy_read_timeout 300ms; } } }
        """

    private struct Scene {
        let gateways: [RecordingGateway]
        let server: Server
        let client: FrameClient
        private var last: UInt32 = 0

        init() throws {
            gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
            server = try Server(HTTP2GatewayTests.configuration, gateways: gateways)
            client = try FrameClient(port: server.port)
        }

        /// Sends a request on a stream of its own, with content or without.
        mutating func send(_ path: String, method: String = "GET", _ content: String? = nil) -> UInt32 {
            last += last == 0 ? 1 : 2
            var bytes = FrameClient.request(last, path, method: method, isLast: content == nil)
            if let content { bytes += FrameClient.frame(0, 1, last, Array(content.utf8)) }
            client.send(bytes)
            return last
        }

        mutating func text(_ path: String, method: String = "GET", _ content: String? = nil) throws -> String
        {
            String(latin1: try client.content(send(path, method: method, content)))
        }

        func logs(_ line: String) -> Bool {
            waitUntil(Deadline(in: 5)) {
                server.directory.read("access.log").split(separator: "\n").contains { $0 == line }
            }
        }
    }

    static let deaths: [(name: String, answer: GatewayAnswer)] = [
        (
            "ends",
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc").then(.waitForRelease).then(.close)
        ),
        (
            "resets",
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc").then(.waitForRelease).then(.reset)
        ),
        (
            "says no more chunk",
            .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").then(.waitForRelease)
                .then(.close)
        ),
        (
            "says a bad chunk",
            .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").then(.waitForRelease)
                .then(.send(Array("x\r\n".utf8)))
        ),
    ]

    @Test("a gateway that dies within its response resets that stream; others go on", arguments: deaths)
    func dies(_ death: (name: String, answer: GatewayAnswer)) throws {
        var scene = try Scene()
        scene.gateways[0].answer("/stream", with: death.answer)
        scene.gateways[0].answer(
            "/other",
            with: .raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok").then(.waitForRelease).then(
                .send(Array("ok".utf8))))
        let dying = scene.send("/stream")
        _ = try scene.client.frames { $0.stream == dying && $0.kind == 0 }
        scene.gateways[0].release()
        let end = try scene.client.stream(dying).last
        // INTERNAL_ERROR of RFC 9113 §7.
        #expect(end?.kind == 3 && end?.payload == [0, 0, 0, 2])
        let other = scene.send("/other")
        #expect(try scene.text("/text") == "text")
        scene.gateways[0].release()
        #expect(String(latin1: try scene.client.content(other)) == "okok")
        #expect(scene.logs("GET /stream 200 200"))
        scene.server.finish()
    }

    @Test("an idempotent request is tried again, another only as proxy_next_upstream says")
    func retries() throws {
        var scene = try Scene()
        func both(_ path: String, _ first: GatewayAnswer) {
            // Whoever is asked first fails.
            let queue = AnswerQueue([first])
            for gateway in scene.gateways { gateway.takeAnswers(from: queue) }
        }
        for first in [GatewayAnswer.close, .fixed("", status: "503 Service Unavailable")] {
            both("/two", first)
            let text = try scene.text("/two")
            #expect(text == "g1 /two\n" || text == "g2 /two\n")
        }
        both("/two", .close)
        let count = scene.gateways.reduce(0) { $0 + $1.requests.count }
        #expect(try scene.text("/two", method: "POST", "content").contains("502 Bad Gateway"))
        #expect(scene.gateways.reduce(0) { $0 + $1.requests.count } == count + 1)
        both("/any", .close)
        #expect(try scene.text("/any", method: "POST", "content").hasSuffix(" /any\n"))
        let posts = scene.gateways.flatMap(\.requests).filter { $0.line == "POST /any HTTP/1.1" }
        #expect(posts.count == 2 && posts.allSatisfy { $0.text == "content" })
        // Nobody has seen it yet: it may be tried elsewhere.
        for _ in 0..<2 { #expect(try scene.text("/dead", method: "POST", "content") == "g1 /dead\n") }
        #expect(scene.logs("POST /dead 200 502, 200") && scene.logs("POST /two 502 502"))
        scene.server.finish()
    }

    @Test("interim answers of gateways stay there; the answer after them is whole")
    func interim() throws {
        var scene = try Scene()
        let early = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
        scene.gateways[0].answerAll(
            with: .raw("HTTP/1.1 102 Processing\r\n\r\n" + early + early).then(.waitForRelease).then(
                .send(answer)))
        let stream = scene.send("/hints")
        #expect(scene.gateways[0].waitForRequests(1))
        #expect(try scene.text("/text") == "text")
        scene.gateways[0].release()
        let frames = try scene.client.stream(stream)
        #expect(frames.filter { $0.kind == 1 }.count == 1)
        #expect(frames.filter { $0.kind == 0 }.flatMap(\.payload) == Array("ok".utf8))
        scene.server.finish()
    }

    @Test("a response that is not buffered reaches the client piece by piece")
    func pieces() throws {
        var scene = try Scene()
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
        scene.gateways[0].answerAll(
            with: .raw(head).then(.waitForRelease).then(.send(Array("3\r\ntwo\r\n".utf8))).then(
                .waitForRelease
            ).then(.send(Array("0\r\n\r\n".utf8))))
        let stream = scene.send("/stream")
        for piece in ["one", "two"] {
            let frames = try scene.client.frames {
                $0.stream == stream && $0.kind == 0 && !$0.payload.isEmpty
            }
            #expect(frames.last?.payload == Array(piece.utf8))
            scene.gateways[0].release()
        }
        #expect(try scene.client.stream(stream).last?.isLast == true)
        scene.server.finish()
    }

    @Test("a gateway that is too late is a 504 of its stream; a stream that is reset leaves its gateway")
    func late() throws {
        var scene = try Scene()
        scene.gateways[0].answerAll(with: .hang)
        let hanging = scene.send("/other")
        #expect(scene.gateways[0].waitForRequests(1))
        #expect(try scene.text("/late").contains("504 Gateway Time-out"))
        scene.client.send(FrameClient.frame(3, 0, hanging, FrameClient.number(8)))
        #expect(waitUntil(Deadline(in: 5)) { scene.gateways[0].openConnections == 0 })
        #expect(try scene.text("/text") == "text")
        #expect(scene.logs("GET /other 499 -") && scene.logs("GET /late 504 504"))
        scene.server.finish()
    }

    @Test("chunks that come faster than they leave all leave, also where nothing is buffered")
    func manyChunks() throws {
        let scene = try Scene()
        let chunk = String(repeating: "0123456789", count: 500)
        let chunks = String(repeating: "1388\r\n\(chunk)\r\n", count: 80)
        scene.gateways[0].answer(
            "/stream",
            with: .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n"))
        // SETTINGS_INITIAL_WINDOW_SIZE and the connection's window: a megabyte each.
        let client = try FrameClient(port: scene.server.port, settings: [0, 4, 0, 16, 0, 0])
        client.send(FrameClient.frame(8, 0, 0, FrameClient.number(1 << 20)))
        for stream in [1, 3] as [UInt32] {
            client.send(FrameClient.request(stream, "/stream"))
            #expect(try client.content(stream).count == 400_000)
        }
        scene.server.finish()
    }
}
