import Foundation
import TestSupport
import Testing

/// `proxy_http_version 2` towards gateways that others have made.
@Suite("HTTP/2 to gateways of other makes", .serialized) struct OtherGatewaysTests {
    private static let configuration = """
        worker_processes 1; error_log %PREFIX%/error.log info; events { }
        http { access_log off; proxy_http_version 2; client_max_body_size 8m; proxy_pass_trailers on;
            server { listen 127.0.0.1:%PORT1%; http2 on;
                location / { proxy_pass http://%ADDRESS%; }
                location /streamed/ { proxy_pass http://%ADDRESS%/; proxy_request_buffering off;
                    proxy_buffering off; } } }
        """

    /// - Parameter port: the gateway's.
    private func start(beside port: UInt16) throws -> Server {
        try Server(Self.configuration.replacing("%ADDRESS%", with: "127.0.0.1:\(port)"))
    }

    private static var hasHypercorn: Bool {
        guard let directory = try? TemporaryDirectory(),
            let run = try? Program.run(Binary.python, ["-c", "import hypercorn"], in: directory, within: 30)
        else { return false }
        return run.ending == .exited(0)
    }

    private func awaitGateway(_ server: Server) {
        let answers = { (try? RawClient.get(server.port, "/small"))?.status == 200 }
        #expect(waitUntil(Deadline(in: 20), answers))
    }

    /// Both ways of content, each size to clients of both protocols.
    private func exchange(_ server: Server, echo: String) throws {
        for prefix in ["/", "/streamed/"] {
            for size in [0, 1, 16_384, 65_536, 3_000_000] {
                let content = String(repeating: "a", count: size)
                let client = try RawClient(port: server.port)
                client.send(
                    "POST \(prefix)\(echo) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                        + "Content-Length: \(size)\r\n\r\n" + content)
                let answer = try client.response(within: 30)
                #expect(answer.status == 200 && answer.isWhole && answer.text == content, "\(prefix) \(size)")
            }
        }
    }

    @Test("nghttpd", .enabled(if: Binary.nghttpd != nil, "nghttpd is not there"))
    func nghttpd() throws {
        let port = try FreePort.next()
        let server = try start(beside: port)
        let root = server.directory
        try root.write("small\n", to: "small")
        let large = [UInt8](repeating: 0x61, count: 2_000_000)
        try root.write(large, to: "large")
        let gateway = try Program(
            try #require(Binary.nghttpd),
            [
                "--no-tls", "-a", "127.0.0.1", "-d", root.path, "--echo-upload", "-m", "4", "--trailer",
                "x-after: done", "\(port)",
            ], in: root, name: "nghttpd")
        awaitGateway(server)
        for prefix in ["/", "/streamed/"] {
            let answer = try RawClient.get(server.port, prefix + "large")
            #expect(answer.isWhole && answer.body == large && answer.trailers == ["x-after: done"])
        }
        try exchange(server, echo: "echo")
        // More at a time than it takes over one connection.
        let client = try FrameClient(port: server.port)
        for number in 0..<40 { client.send(FrameClient.request(UInt32(2 * number + 1), "/small")) }
        var ends = 0
        _ = try client.frames { frame in
            #expect(frame.kind != 3)
            if frame.isLast { ends += 1 }
            return ends == 40
        }
        gateway.send(SIGKILL)
        _ = gateway.waitForEnd()
        server.finish(expected: ["connect() failed"])
    }

    @Test("hypercorn", .enabled(if: hasHypercorn, "Python's hypercorn is not there"))
    func hypercorn() throws {
        let port = try FreePort.next()
        let server = try start(beside: port)
        try server.directory.write(
            """
            async def app(scope, receive, send):
                if scope["type"] != "http":
                    return
                content = b""
                while True:
                    event = await receive()
                    content += event.get("body", b"")
                    if event["type"] != "http.request" or not event.get("more_body"):
                        break
                version = scope["http_version"].encode()
                await send({"type": "http.response.start", "status": 200, "headers": [(b"x-version", version)]})
                await send({"type": "http.response.body", "body": content})
            """, to: "app.py")
        let gateway = try Program(
            Binary.python,
            [
                "-m", "hypercorn", "--workers", "0", "--bind", "127.0.0.1:\(port)",
                server.directory.path + "/app.py:app",
            ],
            in: server.directory,
            name: "hypercorn")
        awaitGateway(server)
        #expect(try RawClient.get(server.port, "/small")["X-Version"] == "2")
        try exchange(server, echo: "echo")
        gateway.send(SIGKILL)
        _ = gateway.waitForEnd()
        server.finish(expected: ["connect() failed"])
    }
}
