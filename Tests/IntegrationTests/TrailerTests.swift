import Foundation
import TestSupport
import Testing

/// `proxy_pass_trailers`: what stands behind a gateway's content, towards clients of both protocols.
@Suite("Trailers") struct TrailerTests {
    private static let configuration = """
        worker_processes 1;
        events { }
        http { http2 on; log_format m "$uri $sent_trailer_x_sum|$upstream_trailer_x_sum|$upstream_trailer_x_late";
            access_log %PREFIX%/access.log m; proxy_hide_header X-Hidden;
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://%GATEWAY1%; }
                location /on { proxy_pass_trailers on; proxy_pass http://%GATEWAY1%; }
                location /added { proxy_pass_trailers on; add_trailer X-Own "own $upstream_trailer_x_sum";
                    add_trailer X-Empty $arg_none; proxy_pass http://%GATEWAY1%; }
                location /one { chunked_transfer_encoding off; proxy_pass_trailers on;
                    proxy_pass http://%GATEWAY1%; }
                location /text { add_trailer X-Own "$status $sent_http_transfer_encoding"; return 200 text; }
                location /none { add_trailer X-Own yes; return 404; }
                location /always { add_trailer X-Own yes always; return 404; } } }
        """

    private struct Scene {
        let gateway: RecordingGateway
        let server: Server

        init() throws {
            gateway = try RecordingGateway()
            server = try Server(TrailerTests.configuration, gateways: [gateway])
            gateway.answerAll(
                with: .chunked(
                    ["abc", "def"], fields: ["Trailer: X-Sum", "X-Head: 1", "Connection: X-Hop"],
                    trailers: [
                        "X-Sum: 123", "Set-Cookie: a=b", "Content-Length: 3", "X-Hidden: 1", "X-Hop: 1",
                        "Transfer-Encoding: chunked", "Server-Timing: t;dur=5", "x-sum: 456",
                    ]))
        }

        func logs(_ line: String) -> Bool {
            waitUntil(Deadline(in: 5)) {
                server.directory.read("access.log").split(separator: "\n").contains { $0 == line }
            }
        }
    }

    @Test("trailers pass where that is on, without those that are hidden, forbidden or of one hop")
    func pass() throws {
        let scene = try Scene()
        for (path, trailers) in [
            ("/off", []), ("/on", ["X-Sum: 123", "Server-Timing: t;dur=5", "x-sum: 456"]),
            ("/added", ["X-Sum: 123", "Server-Timing: t;dur=5", "x-sum: 456", "X-Own: own 123, 456"]),
        ] {
            let response = try RawClient.get(scene.server.port, path)
            #expect(response.isWhole && response.text == "abcdef" && response.trailers == trailers)
            let seen = try scene.server.curl(path)
            #expect(seen.hasPrefix("HTTP/2 200") && !seen.contains("transfer-encoding"))
            let lines = trailers.map { line -> String in
                let name = line.prefix { $0 != ":" }
                return name.lowercased() + line.dropFirst(name.count) + "\r\n"
            }
            #expect(seen.hasSuffix("abcdef" + lines.joined()) || seen.hasSuffix(lines.joined() + "abcdef"))
            #expect(scene.logs("\(path) \(path == "/off" ? "-" : "123, 456")|123, 456|-"))
        }
        scene.server.finish()
    }

    @Test("who cannot be sent trailers gets the content without them")
    func without() throws {
        let scene = try Scene()
        let old = try RawClient.ask(scene.server.port, "GET /on HTTP/1.0\r\nHost: a\r\n\r\n")
        #expect(old.text == "abcdef" && old.framing == .close)
        let plain = try RawClient.get(scene.server.port, "/one")
        #expect(plain.text == "abcdef" && plain.framing == .close && plain.trailers == [])
        let head = "HEAD /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        #expect(try RawClient.ask(scene.server.port, head).head.contentLength == 4)
        #expect(scene.logs("/on -|123, 456|-"))
        scene.server.finish()
    }

    @Test("add_trailer has content sent in chunks, and ends a stream; other statuses only with always")
    func added() throws {
        let scene = try Scene()
        let text = try RawClient.get(scene.server.port, "/text")
        #expect(text.framing == .chunked && text.text == "text" && text.trailers == ["X-Own: 200 chunked"])
        #expect(try RawClient.get(scene.server.port, "/none").framing == .length)
        #expect(try RawClient.get(scene.server.port, "/always").trailers == ["X-Own: yes"])
        let client = try FrameClient(port: scene.server.port)
        for (stream, path, kinds) in [(UInt32(1), "/text", [1, 0, 1]), (3, "/none", [1, 0])] {
            client.send(FrameClient.request(stream, path))
            let frames = try client.stream(stream)
            #expect(frames.map(\.kind) == kinds.map { UInt8($0) } && frames.last?.isLast == true)
        }
        client.send(FrameClient.request(5, "/text", method: "HEAD"))
        #expect(try client.stream(5).map(\.kind) == [1])
        scene.server.finish()
    }

    @Test("a client of HTTP/2 with a small window gets all content, then the trailers")
    func windows() throws {
        let scene = try Scene()
        let client = try FrameClient(port: scene.server.port, settings: [0, 4, 0, 0, 0, 1])
        client.send(FrameClient.request(1, "/on"))
        var content: [UInt8] = []
        let frames = try client.frames { frame in
            if frame.kind == 0 {
                content += frame.payload
                client.send(FrameClient.frame(8, 0, 1, FrameClient.number(1)))
            }
            return frame.isLast
        }
        #expect(content == Array("abcdef".utf8) && frames.last?.kind == 1)
        scene.server.finish()
    }

    @Test("trailers beyond 16 fields or 8 KB break the response off, as a broken chunk does")
    func bounds() throws {
        let scene = try Scene()
        let many = (0..<17).map { "X-\($0): 1" }
        let long = ["X-Long: \(String(repeating: "x", count: 8200))"]
        for trailers in [many, long] {
            scene.gateway.answerAll(with: .chunked(["abc"], trailers: trailers))
            for path in ["/on", "/off"] {
                let response = try RawClient.get(scene.server.port, path)
                #expect(!response.isWhole && response.text == "abc")
                let client = try FrameClient(port: scene.server.port)
                client.send(FrameClient.request(1, path))
                #expect(try client.stream(1).last?.kind == 3)
            }
        }
        scene.server.finish()
    }

    @Test("a field that may not stand behind content is refused in the configuration")
    func refused() throws {
        for name in ["Content-Length", "Set-Cookie", "transfer-encoding", "Host"] {
            let directory = try TemporaryDirectory()
            try directory.write(
                "events { } http { server { listen 127.0.0.1:1; add_trailer \(name) x; } }", to: "c.conf")
            let run = try Program.run(
                Binary.portico, ["-t", "-c", directory.path + "/c.conf", "-p", directory.path], in: directory,
                name: "check")
            #expect(run.ending != .exited(0) && run.errors.contains("may not stand behind content"))
        }
    }
}
