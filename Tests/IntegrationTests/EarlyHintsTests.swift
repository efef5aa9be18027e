import Foundation
import TestSupport
import Testing

/// `early_hints`: a gateway's 103 (RFC 8297), towards clients of both protocols.
@Suite("Early hints") struct EarlyHintsTests {
    private static let configuration = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http { http2 on; log_format m "$uri $status $bytes_sent $sent_http_link"; access_log %PREFIX%/access.log m;
            proxy_hide_header X-Hidden; upstream two { server %GATEWAY1% max_fails=0; server %GATEWAY2% max_fails=0; }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://%GATEWAY1%; }
                location /on { early_hints 0 $http_hints ""; proxy_pass http://%GATEWAY1%; }
                location /small { early_hints 1; proxy_buffer_size 512; proxy_pass http://%GATEWAY1%; }
                location /next { early_hints 1; proxy_pass http://two; } } }
        """

    private static let hints =
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Hidden: 1\r\nServer: g\r\nDate: d\r\n"
        + "Connection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 5\r\nX-Two: a\r\nX-Two: b\r\n\r\n"
    private static let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)

    private struct Scene {
        let gateways: [RecordingGateway]
        let server: Server

        init() throws {
            gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
            server = try Server(EarlyHintsTests.configuration, gateways: gateways)
            for gateway in gateways {
                gateway.answerAll(
                    with: .raw("HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" + EarlyHintsTests.hints).then(
                        .waitForRelease
                    ).then(.send(EarlyHintsTests.answer)))
            }
        }

        func request(_ path: String, hints: String, version: String = "1.1") -> String {
            "GET \(path) HTTP/\(version)\r\nHost: a\r\nHints: \(hints)\r\n\r\n"
        }
    }

    @Test("they reach a client of HTTP/1.1 before the response is there, without what does not pass")
    func first() throws {
        let scene = try Scene()
        let client = try RawClient(port: scene.server.port)
        for _ in 0..<2 {
            client.send(scene.request("/on", hints: "yes"))
            let head = try client.interimHead()
            #expect(head.startLine == "HTTP/1.1 103 Early Hints")
            #expect(
                head.fields.map { "\($0.name): \($0.value)" } == [
                    "Link: </a>; rel=preload", "X-Two: a", "X-Two: b",
                ])
            scene.gateways[0].release()
            let response = try client.response()
            #expect(response.text == "ok" && response.interim.isEmpty)
        }
        let areLogged = waitUntil(Deadline(in: 5)) {
            server(scene, logs: "/on 200 ").filter { $0.hasSuffix(" -") }.count == 2
        }
        #expect(areLogged, "\(scene.server.directory.read("access.log"))")
        scene.server.finish()
    }

    private func server(_ scene: Scene, logs beginning: String) -> [Substring] {
        scene.server.directory.read("access.log").split(separator: "\n").filter { $0.hasPrefix(beginning) }
    }

    @Test(
        "clients that are not named, and those of HTTP/1.0, get the response only",
        arguments: [("/on", "", "1.1"), ("/on", "0", "1.1"), ("/on", "yes", "1.0"), ("/off", "yes", "1.1")])
    func notNamed(_ sample: (path: String, hints: String, version: String)) throws {
        let scene = try Scene()
        scene.gateways[0].release()
        let response = try RawClient.ask(
            scene.server.port, scene.request(sample.path, hints: sample.hints, version: sample.version))
        #expect(response.text == "ok" && response.interim.isEmpty)
        scene.server.finish()
    }

    @Test("streams get them as field blocks of their own")
    func streams() throws {
        let scene = try Scene()
        let client = try FrameClient(port: scene.server.port)
        client.send(
            FrameClient.request(1, "/on", fields: [("hints", "1")]) + FrameClient.request(3, "/on"))
        let early = try client.frames { $0.kind == 1 }
        #expect(early.last?.stream == 1 && early.last?.flags == 4)
        for _ in 0..<2 { scene.gateways[0].release() }
        var heads: [UInt32: Int] = [:]
        var ended = 0
        _ = try client.frames { frame in
            if frame.kind == 1 { heads[frame.stream, default: 0] += 1 }
            if frame.isLast { ended += 1 }
            return ended == 2
        }
        #expect(heads == [1: 1, 3: 1])
        scene.gateways[0].release()
        let seen = try Program.run(
            "curl",
            [
                "-s", "-i", "-H", "Hints: 1", "--max-time", "8", "--http2-prior-knowledge",
                "http://127.0.0.1:\(scene.server.port)/on",
            ], in: scene.server.directory, name: "curl"
        ).output
        #expect(
            seen.hasPrefix("HTTP/2 103 \r\nlink: </a>; rel=preload\r\nx-two: a\r\nx-two: b\r\n\r\nHTTP/2 200")
        )
        scene.server.finish()
    }

    @Test("together they take no more than the head of a response may")
    func bounds() throws {
        let scene = try Scene()
        let hint = "HTTP/1.1 103 Early Hints\r\nLink: \(String(repeating: "x", count: 200))\r\n\r\n"
        scene.gateways[0].answerAll(
            with: .raw(String(repeating: hint, count: 4)).then(.send(Self.answer)))
        let response = try RawClient.get(scene.server.port, "/small")
        #expect(response.text == "ok" && response.interim.count == 2)
        #expect(scene.server.waitForLog("upstream sent too big early hints"))
        scene.server.finish()
    }

    @Test("hints of a gateway that then fails are followed by the answer of another one")
    func failover() throws {
        let scene = try Scene()
        let queue = AnswerQueue([.raw(Self.hints).then(.close)])
        for gateway in scene.gateways {
            gateway.answerAll(with: .raw(Self.hints).then(.send(Self.answer)))
            gateway.takeAnswers(from: queue)
        }
        let response = try RawClient.get(scene.server.port, "/next")
        #expect(response.head.startLine == "HTTP/1.1 200 OK" && response.text == "ok")
        #expect(response.interim.count == 2)
        scene.server.finish()
    }

    @Test("a client that leaves after them leaves its gateway, and is logged as one that left")
    func leaves() throws {
        let scene = try Scene()
        let client = try RawClient(port: scene.server.port)
        client.send(scene.request("/on", hints: "yes"))
        _ = try client.interimHead()
        client.close()
        #expect(waitUntil(Deadline(in: 5)) { server(scene, logs: "/on 499 ").count == 1 })
        scene.gateways[0].release()
        #expect(waitUntil(Deadline(in: 5)) { scene.gateways[0].openConnections == 0 })
        scene.server.finish()
    }
}
