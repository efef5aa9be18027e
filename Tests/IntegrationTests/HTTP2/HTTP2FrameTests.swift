import Foundation
import TestSupport
import Testing

/// HTTP/2 frame by frame: tunnels, lifecycle, and clients that mean no good.
@Suite("HTTP/2 frames") struct HTTP2FrameTests {
    private func configuration(_ text: String = "first", more: String = "") -> String {
        """
        worker_processes 1;
        events { }
        http { http2 on; \(more)
            server { listen 127.0.0.1:%PORT1%; root %PREFIX%;
                location / { return 200 "\(text)"; }
                location /files/ { alias %PREFIX%/; }
                location /gateway { proxy_pass http://%GATEWAY1%; }
                location /alone { proxy_pass http://%GATEWAY1%; proxy_ignore_client_abort on;
                    access_log %PREFIX%/alone.log; }
                location /chat { proxy_pass http://%GATEWAY1%; proxy_http_version 1.1;
                    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }
        """
    }

    @Test("a WebSocket is a tunnel to a gateway's own (RFC 8441)")
    func tunnel() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: x\r\n\r\n"
        gateway.answer("/chat", with: GatewayAnswer(steps: [.send(Array(head.utf8)), .echo]))
        let client = try FrameClient(port: server.port)
        let fields = [(":protocol", "websocket")]
        client.send(
            FrameClient.request(1, "/chat", method: "CONNECT", fields: fields, isLast: false)
                + FrameClient.frame(0, 0, 1, Array("one".utf8)))
        let first = try client.frames { $0.kind == 0 }
        // `:status: 200` of the static table; no end.
        #expect(first.contains { $0.kind == 1 && $0.payload.first == 0x88 && !$0.isLast })
        #expect(first.last?.payload == Array("one".utf8))
        client.send(FrameClient.frame(0, 1, 1, Array("two".utf8)))
        #expect(try client.content(1) == Array("two".utf8))
        let request = try #require(gateway.requests.first)
        #expect(request.line == "GET /chat HTTP/1.1" && request["upgrade"] == "websocket")
        #expect(request["sec-websocket-key"]?.count == 24)
        // The connection serves others.
        client.send(FrameClient.request(3, "/"))
        #expect(try client.content(3) == Array("first".utf8))
        server.finish()
    }

    @Test("who asks for a tunnel is no call of gRPC, whatever type is named", arguments: [true, false])
    func noCall(isWeb: Bool) throws {
        let server = try Server(
            """
            worker_processes 1; events { }
            http { access_log off; http2 on;
                server { listen 127.0.0.1:%PORT1%; location / { return 200 first; }
                    location /grpc/ { \(isWeb ? "grpc_web on;" : "") grpc_pass grpc://%DEAD%; } } }
            """)
        let client = try FrameClient(port: server.port)
        let type = isWeb ? "application/grpc-web" : "application/grpc"
        let fields = [(":protocol", "websocket"), ("content-type", type)]
        client.send(FrameClient.request(1, "/grpc/a", method: "CONNECT", fields: fields, isLast: false))
        let frames = try client.stream(1)
        let status = [0x08, 0x03] + Array("502".utf8)
        #expect(frames.first?.kind == 1 && frames.first?.payload.starts(with: status) == true)
        client.send(FrameClient.request(3, "/"))
        #expect(try client.content(3) == Array("first".utf8))
        server.finish(expected: ["connect() failed"])
    }

    @Test(
        "who asks for a tunnel is told of no success that is none", arguments: ["/chat", "/", "/files/one"])
    func noTunnel(path: String) throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        try server.directory.write("x", to: "one")
        let client = try FrameClient(port: server.port)
        let fields = [(":protocol", "websocket")]
        client.send(FrameClient.request(1, path, method: "CONNECT", fields: fields, isLast: false))
        let frames = try client.stream(1)
        let status = [0x08, 0x03] + Array("501".utf8)
        #expect(frames.first?.kind == 1 && frames.first?.payload.starts(with: status) == true)
        client.send(FrameClient.request(3, "/"))
        #expect(try client.content(3) == Array("first".utf8))
        server.finish()
    }

    @Test("a stream whose window is shut holds neither others nor the worker")
    func shutWindow() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        try server.directory.write(String(repeating: "x", count: 300_000), to: "large")
        // An initial window of no byte.
        let client = try FrameClient(port: server.port, settings: [0, 4, 0, 0, 0, 0])
        client.send(FrameClient.request(1, "/files/large") + FrameClient.request(3, "/"))
        client.send(FrameClient.frame(8, 0, 3, FrameClient.number(100)))
        #expect(try client.content(3) == Array("first".utf8))
        client.send(FrameClient.frame(8, 0, 1, FrameClient.number(10)))
        let part = try client.frames { $0.kind == 0 }
        #expect(part.last?.stream == 1 && part.last?.payload.count == 10)
        client.send(
            FrameClient.frame(8, 0, 1, FrameClient.number(400_000))
                + FrameClient.frame(8, 0, 0, FrameClient.number(400_000)))
        #expect(try client.content(1).count == 299_990)
        server.finish()
    }

    @Test("after a reload the same connection is served by the new configuration")
    func reload() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        let client = try FrameClient(port: server.port)
        client.send(FrameClient.request(1, "/"))
        #expect(try client.content(1) == Array("first".utf8))
        try server.rewrite(configuration("second"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        var stream: UInt32 = 3
        let isServed = waitUntil(Deadline(in: 5)) {
            client.send(FrameClient.request(stream, "/"))
            let content = try? client.content(stream)
            stream += 2
            return content == Array("second".utf8)
        }
        #expect(isServed)
        server.finish()
    }

    @Test("a worker that finishes says so in two steps, and answers what was on its way (RFC 9113 §6.8)")
    func graceful() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        let client = try FrameClient(port: server.port)
        client.send(FrameClient.request(1, "/"))
        _ = try client.content(1)
        kill(server.program.pid, SIGQUIT)
        let first = try client.frames { $0.kind == 7 }
        #expect(first.last?.payload == [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        client.send(FrameClient.request(3, "/"))
        #expect(try client.content(3) == Array("first".utf8))
        let second = try client.frames { $0.kind == 7 }
        #expect(second.last?.payload == [0, 0, 0, 3, 0, 0, 0, 0])
        #expect(client.isClosedByPeer())
        client.close()
        #expect(server.program.waitForEnd(within: 5) == .exited(0))
    }

    @Test("keepalive_requests and keepalive_timeout end a connection by GOAWAY")
    func keepalive() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(more: "keepalive_requests 2;"), gateways: [gateway])
        let client = try FrameClient(port: server.port)
        for stream: UInt32 in [1, 3] {
            client.send(FrameClient.request(stream, "/"))
            #expect(try client.content(stream) == Array("first".utf8))
        }
        #expect(try client.goAwayCode() == 0)
        #expect(client.isClosedByPeer())
        try server.rewrite(configuration(more: "keepalive_timeout 1s;"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        let other = try FrameClient(port: server.port)
        other.send(FrameClient.request(1, "/"))
        _ = try other.content(1)
        #expect(try other.goAwayCode() == 0)
        #expect(other.isClosedByPeer())
        server.finish()
    }

    @Test("a frame that never becomes whole is waited for as a head is")
    func trickled() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(more: "client_header_timeout 1s;"), gateways: [gateway])
        let client = try FrameClient(port: server.port)
        client.send(Array(FrameClient.request(1, "/").dropLast()))
        #expect(try client.readToEnd().isEmpty == false)
        let silent = try RawClient(port: server.port)
        silent.send(Array(FrameClient.preface.prefix(5)))
        #expect(silent.isClosedByPeer())
        server.finish()
    }

    @Test("proxy_ignore_client_abort: a stream that is reset has its work done")
    func alone() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
        gateway.answerAll(with: GatewayAnswer(steps: [.waitForRelease, .send(answer)]))
        let client = try FrameClient(port: server.port)
        client.send(FrameClient.request(1, "/alone"))
        #expect(waitUntil(Deadline(in: 5)) { gateway.requests.count == 1 })
        client.send(FrameClient.frame(3, 0, 1, FrameClient.number(8)) + FrameClient.request(3, "/"))
        #expect(try client.content(3) == Array("first".utf8))
        #expect(gateway.openConnections == 1 && server.directory.read("alone.log").isEmpty)
        gateway.release()
        #expect(waitUntil(Deadline(in: 5)) { server.directory.read("alone.log").contains("\" 200 ") })
        server.finish()
    }

    @Test("requests reset again and again end in ENHANCE_YOUR_CALM, and leave the gateway in peace")
    func rapidReset() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        gateway.answerAll(with: GatewayAnswer(steps: [.hang]))
        let client = try FrameClient(port: server.port)
        for index in 0..<2000 {
            let stream = UInt32(2 * index + 1)
            let reset = FrameClient.frame(3, 0, stream, FrameClient.number(8))
            guard client.send(FrameClient.request(stream, "/gateway") + reset) else { break }
        }
        #expect(try client.goAwayCode() == 0xB)
        let good = try FrameClient(port: server.port)
        good.send(FrameClient.request(1, "/"))
        #expect(try good.content(1) == Array("first".utf8))
        #expect(waitUntil(Deadline(in: 5)) { gateway.openConnections == 0 })
        server.finish()
    }

    @Test("what is no HTTP/2 at all is HTTP/1, or refused")
    func preface() throws {
        let gateway = try RecordingGateway()
        let server = try Server(configuration(), gateways: [gateway])
        // A method that begins as the preface does, in pieces.
        let client = try RawClient(port: server.port)
        for piece in ["P", "RI", "NT / HTTP/1.1\r\nHost: a\r\n\r\n"] { client.send(piece) }
        #expect(try client.response().status == 200)
        let broken = try FrameClient(port: server.port)
        broken.send(FrameClient.frame(0, 0, 0, [1]))
        #expect(try broken.goAwayCode() == 1)
        server.finish()
    }
}
