import Foundation
import TestSupport
import Testing

/// `post_action`: a gateway hears of requests that are over.
@Suite("What is told of requests that are over") struct PostActionTests {
    private static let configuration = #"""
        worker_processes 1; error_log %PREFIX%/error.log info; events { }
        http { http2 on; log_format m "$uri $status"; access_log %PREFIX%/access.log m;
            server { listen 127.0.0.1:%PORT1%;
                location / { post_action @done; proxy_pass http://%GATEWAY1%; }
                location /text { post_action /told; return 201 "text"; }
                location /none { post_action @done; return 404; }
                location /slow { post_action @done; limit_rate 1k; alias %PREFIX%/large; }
                location /quiet { return 200 quiet; }
                location @done { internal; proxy_set_header X-Told "$status $body_bytes_sent [$request_completion]";
                    proxy_set_header X-Agent $http_user_agent; proxy_pass http://%GATEWAY2%/done?of=$uri; }
                location /told { internal; proxy_set_header X-Told "$status $args"; proxy_pass http://%GATEWAY2%; } } }
        """#

    private struct Scene {
        let gateways: [RecordingGateway]
        let server: Server

        init() throws {
            gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
            server = try Server(
                PostActionTests.configuration, gateways: gateways,
                files: ["large": String(repeating: "x", count: 100_000)])
        }

        /// Whether the second gateway hears so much of requests, as `line told`.
        func hears(_ told: String...) -> Bool {
            waitUntil(Deadline(in: 10)) { heard == told }
        }

        var heard: [String] {
            gateways[1].requests.map { request in
                let told = request.head.fields.first { $0.name == "X-Told" }?.value ?? ""
                return "\(request.line) \(told)"
            }
        }
    }

    @Test("a location hears of what came of a request, by its path or by its name")
    func tells() throws {
        let scene = try Scene()
        scene.gateways[0].answerAll(with: .fixed("answer"))
        #expect(try RawClient.get(scene.server.port, "/a?b=c").text.contains("answer"))
        #expect(scene.hears("GET /done?of=/a HTTP/1.1 200 6 [OK]"))
        #expect(try RawClient.get(scene.server.port, "/text?b=c").status == 201)
        #expect(
            waitUntil(Deadline(in: 10)) { scene.heard.last == "GET /told HTTP/1.1 201" }, "\(scene.heard)")
        #expect(try RawClient.get(scene.server.port, "/none").status == 404)
        #expect(
            waitUntil(Deadline(in: 10)) {
                scene.heard.last?.hasPrefix("GET /done?of=/none HTTP/1.1 404 ") ?? false
            })
        #expect(try RawClient.get(scene.server.port, "/quiet").text == "quiet")
        #expect(scene.heard.count == 3)
        #expect(
            waitUntil(Deadline(in: 5)) {
                scene.server.directory.read("access.log") == "/a 200\n/text 201\n/none 404\n/quiet 200\n"
            })
        scene.server.finish()
    }

    @Test("content that was kept goes with it, and a POST stays one")
    func posts() throws {
        let scene = try Scene()
        scene.gateways[0].answerAll(with: .fixed("answer"))
        let request = "POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
        #expect(try RawClient.ask(scene.server.port, request).status == 200)
        #expect(scene.hears("POST /done?of=/p HTTP/1.1 200 6 [OK]"))
        #expect(scene.gateways[1].requests.first?.text == "hello")
        scene.server.finish()
    }

    @Test("it is told also of a client that left, and of requests of HTTP/2")
    func leavers() throws {
        let scene = try Scene()
        do {
            let client = try RawClient(port: scene.server.port)
            client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.read(100)
        }
        #expect(
            waitUntil(Deadline(in: 20)) {
                scene.heard.first.map {
                    $0.hasPrefix("GET /done?of=/slow HTTP/1.1 200 ") && $0.hasSuffix("[]")
                } ?? false
            }, "\(scene.heard)")
        _ = try Program.run(
            "curl",
            [
                "-s", "--max-time", "8", "--http2-prior-knowledge",
                "http://127.0.0.1:\(scene.server.port)/none",
            ],
            in: scene.server.directory, name: "curl")
        #expect(
            waitUntil(Deadline(in: 10)) {
                scene.heard.last?.hasPrefix("GET /done?of=/none HTTP/1.1 404 ") ?? false
            })
        scene.server.finish()
    }

    @Test("a gateway that does not answer holds up nobody")
    func deadEnd() throws {
        let scene = try Scene()
        scene.gateways[1].answerAll(with: .hang)
        for _ in 0..<3 { #expect(try RawClient.get(scene.server.port, "/none").status == 404) }
        #expect(waitUntil(Deadline(in: 10)) { scene.heard.count == 3 })
        scene.server.finish()
    }
}
