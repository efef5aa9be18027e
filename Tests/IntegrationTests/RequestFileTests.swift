import Foundation
import TestSupport
import Testing

/// Where the content of requests is kept, and what variables and gateways are told of it.
@Suite("Kept content of requests") struct RequestFileTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format l "$uri $status [$request_body] [$request_body_file]";
            access_log %PREFIX%/access.log l;
            client_body_temp_path %PREFIX%/bodies;
            server { listen 127.0.0.1:%PORT1%; http2 on; client_body_buffer_size 1k;
                proxy_set_header X-Content "$request_body"; proxy_set_header X-File "$request_body_file";
                location / { proxy_pass http://%GATEWAY1%; }
                location /kept { client_body_in_file_only on; proxy_pass http://%GATEWAY1%; }
                location /deep { client_body_in_file_only on; client_body_temp_path %PREFIX%/deep 1 2;
                    proxy_pass http://%GATEWAY1%; }
                location /clean { client_body_in_file_only clean; proxy_pass_request_body off;
                    proxy_pass http://%GATEWAY1%; }
            }
            server { listen 127.0.0.1:%PORT2%; http2 on; client_body_early_read $arg_early;
                client_body_buffer_size 64; client_max_body_size 100; error_page 413 = /large;
                if ($request_body ~ "^route=(.*)$") { return 200 "to $1"; }
                location / { return 200 "[$request_body]"; }
                location /large { return 200 "large"; }
                location /pass { client_max_body_size 10; proxy_pass http://%GATEWAY1%; }
            }
        }
        """

    private final class Scene {
        let gateway: RecordingGateway
        let server: Server

        init() throws {
            gateway = try RecordingGateway("gateway")
            server = try Server(RequestFileTests.text, gateways: [gateway])
        }

        deinit { gateway.stop() }

        /// The request as the gateway got it.
        func post(_ path: String, _ content: String) throws -> RecordedRequest {
            gateway.forget()
            #expect(try ask(path, content).status == 200)
            #expect(gateway.waitForRequests(1))
            return try #require(gateway.requests.first)
        }

        func ask(_ path: String, _ content: String, port: Int = 0) throws -> Response {
            try RawClient.ask(
                server.ports[port],
                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)")
        }

        func askInChunks(_ path: String, _ content: String, port: Int) throws -> Response {
            let chunks = content.map { "1\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"
            return try RawClient.ask(
                server.ports[port],
                "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)")
        }

        func curl(_ path: String, _ content: String, port: Int = 0) throws -> String {
            try Program.run(
                "curl",
                [
                    "-s", "--max-time", "8", "--http2-prior-knowledge", "--data-binary", content,
                    "http://127.0.0.1:\(server.ports[port])\(path)",
                ], in: server.directory, name: "curl"
            ).output
        }
    }

    @Test("client_body_in_file_only on: a file for each, which stays", arguments: ["/kept", "/deep"])
    func kept(path: String) throws {
        let scene = try Scene()
        for content in ["", "hello", String(repeating: "x", count: 5000)] {
            let request = try scene.post(path, content)
            #expect(request.text == content)
            #expect(request["X-Content"] ?? "" == "")
            let file = try #require(request["X-File"])
            let shape = path == "/deep" ? #/.*/deep/\d/\d\d/\d{10}/# : #/.*/bodies/\d{10}/#
            #expect(file.wholeMatch(of: shape) != nil, "\(file)")
            #expect(FileManager.default.contents(atPath: file) == Data(content.utf8))
        }
        #expect(try scene.curl(path, "two").isEmpty == false)
        let request = try #require(scene.gateway.requests.last)
        let file = try #require(request["X-File"])
        #expect(FileManager.default.contents(atPath: file) == Data("two".utf8))
        scene.server.finish()
    }

    @Test("client_body_in_file_only clean: the file is there as long as the request")
    func clean() throws {
        let scene = try Scene()
        scene.gateway.answerAll(
            with: GatewayAnswer(steps: [.waitForRelease]).then(
                .send(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))))
        let client = try RawClient(port: scene.server.port)
        client.send("POST /clean HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        #expect(scene.gateway.waitForRequests(1))
        let request = try #require(scene.gateway.requests.first)
        #expect(request.body.isEmpty)
        let file = try #require(request["X-File"])
        #expect(FileManager.default.contents(atPath: file) == Data("hello".utf8))
        scene.gateway.release()
        #expect(try client.response(to: "POST").status == 200)
        #expect(waitUntil { !FileManager.default.fileExists(atPath: file) })
        scene.server.finish()
    }

    @Test("what memory does not hold is in a file that nobody finds")
    func large() throws {
        let scene = try Scene()
        let request = try scene.post("/", String(repeating: "x", count: 5000))
        #expect(request["X-Content"] ?? "" == "")
        let file = try #require(request["X-File"])
        #expect(!FileManager.default.fileExists(atPath: file))
        let small = try scene.post("/", "small")
        #expect(small["X-Content"] == "small" && small["X-File"] ?? "" == "")
        scene.server.finish()
    }

    @Test("client_body_early_read: phases know the content, where its condition says yes")
    func early() throws {
        let scene = try Scene()
        #expect(try scene.ask("/?early=1", "hello", port: 1).text == "[hello]")
        #expect(try scene.ask("/?early=0", "hello", port: 1).text == "[]")
        #expect(try scene.ask("/?early=1", "route=there", port: 1).text == "to there")
        #expect(try scene.ask("/?early=1", String(repeating: "x", count: 90), port: 1).text == "[]")
        #expect(try scene.ask("/?early=1", String(repeating: "x", count: 101), port: 1).text == "large")
        #expect(try scene.ask("/pass?early=1", "12345678901", port: 1).text == "large")
        #expect(try scene.askInChunks("/pass?early=1", "12345678901", port: 1).text == "large")
        #expect(try scene.askInChunks("/pass?early=1", "1234567890", port: 1).status == 200)
        let passed = try scene.ask("/pass?early=1", "1234567890", port: 1)
        #expect(passed.status == 200)
        #expect(scene.gateway.requests.last?.text == "1234567890")
        #expect(try scene.curl("/?early=1", "hello", port: 1) == "[hello]")
        // A client that stops midway is waited for, and leaves.
        let client = try RawClient(port: scene.server.ports[1])
        client.send("POST /?early=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
        client.close()
        #expect(waitUntil { scene.server.directory.read("access.log").contains("/ 400 [") })
        scene.server.finish()
    }
}
