import Foundation
import TestSupport
import Testing

/// What stands behind a request's content, on its way to gateways of both protocols.
@Suite("Trailers of requests") struct RequestTrailerTests {
    /// The first server speaks HTTP/2 with the second one, which shows what it got to a gateway of HTTP/1.
    private static let configuration = """
        worker_processes 1;
        events { }
        http { access_log off; underscores_in_headers on;
            server { listen 127.0.0.1:%PORT1%; http2 on;
                location / { proxy_pass http://127.0.0.1:%PORT2%; proxy_http_version 2;
                    proxy_request_buffering off; proxy_set_header X-Set ours; }
                location /set { proxy_pass http://127.0.0.1:%PORT2%; proxy_http_version 2;
                    proxy_set_body other; }
                location /older { proxy_pass http://%GATEWAY1%; proxy_request_buffering off; }
                location /kept { proxy_pass http://%GATEWAY1%; proxy_pass_trailers on; }
                location /file { proxy_pass http://%GATEWAY1%; proxy_pass_trailers on;
                    client_body_in_file_only clean; }
                location /1.0 { proxy_pass http://%GATEWAY1%; proxy_pass_trailers on;
                    proxy_http_version 1.0; }
                location /on { proxy_pass http://%GATEWAY1%; proxy_request_buffering off;
                    proxy_pass_trailers on; } }
            server { listen 127.0.0.1:%PORT2%; http2 on;
                location / { proxy_pass http://%GATEWAY1%; proxy_request_buffering off;
                    proxy_pass_trailers on; } } }
        """

    private struct Scene {
        let gateway: RecordingGateway
        let server: Server

        init() throws {
            gateway = try RecordingGateway()
            server = try Server(RequestTrailerTests.configuration, gateways: [gateway])
        }

        /// Sends a request of HTTP/2, with content or without, and trailers.
        func ask(_ path: String, _ content: [String], _ trailers: [(String, String)]) throws
            -> RecordedRequest?
        {
            let client = try FrameClient(port: server.port)
            client.send(FrameClient.request(1, path, method: "POST", isLast: false))
            for part in content { client.send(FrameClient.frame(0, 0, 1, Array(part.utf8))) }
            var block: [UInt8] = []
            for (name, value) in trailers {
                block += [0x00, UInt8(name.utf8.count)] + Array(name.utf8)
                block += [UInt8(value.utf8.count)] + Array(value.utf8)
            }
            client.send(FrameClient.frame(1, 5, 1, block))
            _ = try client.content(1)
            return gateway.requests.last
        }
    }

    private static let trailers = [
        ("x-sum", "123"), ("host", "b"), ("x-forwarded-for", "::1"), ("authorization", "a"),
        ("x-set", "theirs"), ("x_late", "1"), ("x-bin", "AAE="),
    ]

    @Test(
        "between clients and gateways of HTTP/2 they go along, but for those that would deceive whom they reach"
    )
    func pass() throws {
        let scene = try Scene()
        let request = try #require(try scene.ask("/", ["abc", "def"], Self.trailers))
        #expect(request.text == "abcdef" && request.isBodyWhole)
        #expect(request.trailers == ["x-sum: 123", "x-bin: AAE="])
        let empty = try #require(try scene.ask("/", [], [("x-sum", "0")]))
        #expect(empty.text.isEmpty && empty.trailers == ["x-sum: 0"])
        scene.server.finish()
    }

    @Test("there are none behind content that is not the client's, nor at a gateway of HTTP/1 by default")
    func dropped() throws {
        let scene = try Scene()
        for (path, text) in [("/set", "other"), ("/older", "abc")] {
            let request = try #require(try scene.ask(path, ["abc"], Self.trailers))
            #expect(request.text == text && request.trailers.isEmpty)
        }
        scene.server.finish()
    }

    @Test("content that is kept whole brings them along", arguments: ["/kept", "/file"])
    func kept(path: String) throws {
        let scene = try Scene()
        let client = try RawClient(port: scene.server.port)
        for content in ["", "3\r\nabc\r\n", "1\r\na\r\n5\r\nbcdef\r\n"] {
            client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(content)")
            client.send("0\r\nX-Sum: 1\r\n\r\n")
            #expect(try client.response().status == 200)
            let request = try #require(scene.gateway.requests.last)
            #expect(request.trailers == ["X-Sum: 1"] && request.isBodyWhole)
            #expect(request["transfer-encoding"] == "chunked" && request["content-length"] == nil)
        }
        #expect(scene.gateway.requests.map(\.text) == ["", "abc", "abcdef"])
        // Without them it has its length.
        client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
        #expect(try client.response().status == 200)
        #expect(scene.gateway.requests.last?["content-length"] == "2")
        scene.server.finish()
    }

    @Test("those of HTTP/1 pass where proxy_pass_trailers says so, without what Connection names")
    func older() throws {
        let scene = try Scene()
        let content = "3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Hop: 2\r\n\r\n"
        let passed = ["X-Sum: 1"]
        for (path, trailers) in [
            ("/", []), ("/older", []), ("/on", passed), ("/kept", passed), ("/file", passed), ("/1.0", []),
        ] {
            let client = try RawClient(port: scene.server.port)
            let head = "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            client.send(head + "Connection: X-Hop\r\n\r\n" + content)
            #expect(try client.response().status == 200)
            #expect(scene.gateway.requests.last?.text == "abc")
            #expect(scene.gateway.requests.last?.trailers == trailers)
        }
        scene.server.finish()
    }
}
