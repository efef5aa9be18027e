import Foundation
import Synchronization
import TestSupport
import Testing

/// `tunnel_pass`: CONNECT to upstreams of the configuration, and to nothing else.
@Suite("tunnel_pass", .serialized) struct TunnelPassTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        worker_shutdown_timeout 20s;
        events { }
        http {
            log_format l "$request_method $host $request_port $status $upstream_addr $bytes_sent|";
            access_log %PREFIX%/access.log l;
            limit_req_zone $arg_none$uri zone=one:64k rate=1r/m;
            upstream %GATEWAY1HOST% { server %GATEWAY1%; }
            upstream named { server %DEAD% max_fails=0; server %GATEWAY1%; }
            upstream dead { server %DEAD%; }
            map $host:$request_port $mapped { "db.test:5432" named; default "127.0.0.1:1"; }
            server { listen 127.0.0.1:%PORT1%; http2 on; server_name _;
                tunnel_pass; tunnel_read_timeout 30s;
                location /other { return 200 ok; } }
            server { listen 127.0.0.1:%PORT2%; http2 on;
                location / { tunnel_pass named; } }
            server { listen 127.0.0.1:%PORT3%; http2 on;
                location / { tunnel_pass $mapped; tunnel_read_timeout 300ms; } }
            server { listen 127.0.0.1:%PORT4%; http2 on;
                location / { proxy_pass http://named; } }
            server { listen 127.0.0.1:%PORT5%; http2 on;
                location / { auth_basic realm; auth_basic_user_file %PREFIX%/users; tunnel_pass named; } }
            server { listen 127.0.0.1:%PORT6%; http2 on;
                location / { deny all; tunnel_pass named; } }
            server { listen 127.0.0.1:%PORT7%; http2 on;
                location / { limit_req zone=one; tunnel_pass named; } }
            server { listen 127.0.0.1:%PORT8%; http2 on;
                location / { tunnel_pass dead; } }
        }
        """

    /// A server, and who listens behind it and echoes what is sent, until the other side has ended.
    private final class Scene {
        let echo: EchoServer
        let server: Server

        init() throws {
            echo = try EchoServer()
            let name = "localhost.test:\(echo.port)"
            server = try Server(
                TunnelPassTests.text.replacingOccurrences(of: "%GATEWAY1HOST%", with: name)
                    .replacingOccurrences(of: "%GATEWAY1%", with: "127.0.0.1:\(echo.port)"),
                files: ["users": "u:{PLAIN}p\n"])
        }

        /// A client that has sent a CONNECT to the server of so many `listen` lines.
        func connect(
            _ place: Int, _ target: String, fields: String = "", more: String = ""
        ) throws -> RawClient {
            let client = try RawClient(port: server.ports[place - 1])
            client.send("CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n\(fields)\r\n\(more)")
            return client
        }

        deinit { echo.stop() }
    }

    @Test("bytes go both ways, those that the client sent ahead as well; either side ends when it has ended")
    func bothWays() throws {
        let scene = try Scene()
        let client = try scene.connect(2, "anything.test:1", more: "early ")
        let head = try client.interimHead()
        #expect(head.startLine == "HTTP/1.1 200 OK")
        #expect(
            head["Content-Length"] == nil && head["Transfer-Encoding"] == nil && head["Connection"] == nil)
        #expect(try client.read(6) == Array("early ".utf8))
        let large = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let descriptor = client.descriptor
        Thread.detachNewThread { Socket.write(large, to: descriptor) }
        #expect(try client.read(large.count, within: 20) == large)
        // The echo still has something to say when the client has ended.
        client.send("end")
        client.finishSending()
        #expect(try client.readToEnd() == Array("endbye".utf8))
        let isLogged = waitUntil {
            // The first server of the upstream is dead: the next one was tried.
            let line = scene.server.directory.read("access.log").split(separator: "|").first ?? ""
            return line.hasPrefix("CONNECT anything.test 1 200 ")
                && line.contains(", 127.0.0.1:\(scene.echo.port) ")
        }
        #expect(isLogged)
        scene.server.finish()
    }

    @Test("the server may end first: what the client has still to say arrives")
    func serverEndsFirst() throws {
        let scene = try Scene()
        let client = try scene.connect(2, "a.test:1")
        _ = try client.interimHead()
        client.send("HALF")
        #expect(try client.read(4) == Array("HALF".utf8))
        #expect(try client.readToEnd().isEmpty)
        client.send("more")
        client.finishSending()
        #expect(waitUntil { scene.echo.last == "HALFmore" })
        scene.server.finish()
    }

    @Test("without an address: an upstream of the host and port that are asked for, and no other")
    func byName() throws {
        let scene = try Scene()
        let port = scene.echo.port
        let client = try scene.connect(1, "LocalHost.test:\(port)", more: "x")
        #expect(try client.interimHead().startLine == "HTTP/1.1 200 OK")
        #expect(try client.read(1) == Array("x".utf8))
        for target in ["127.0.0.1:\(port)", "localhost.test:1", "named:80", "[::1]:\(port)", "dead:80"] {
            let refused = try scene.connect(1, target).response(to: "CONNECT")
            #expect(refused.status == 403, "\(target)")
            #expect(scene.server.waitForLog("is no upstream of the configuration: no tunnel leads there"))
        }
        #expect(scene.echo.count == 1)
        scene.server.finish()
    }

    @Test("by a map: what it names is an upstream, or nothing; a tunnel that is silent ends")
    func byMap() throws {
        let scene = try Scene()
        #expect(try scene.connect(3, "db.test:22").response(to: "CONNECT").status == 403)
        let client = try scene.connect(3, "db.test:5432", more: "x")
        #expect(try client.interimHead().startLine == "HTTP/1.1 200 OK")
        #expect(try client.readToEnd(within: 10) == Array("x".utf8))
        #expect(scene.server.waitForLog("timed out"))
        scene.server.finish()
    }

    @Test(
        "what is no CONNECT of this kind is refused",
        arguments: [
            ("CONNECT a.test HTTP/1.1\r\nHost: a.test\r\n\r\n", 2, 400),
            ("CONNECT a.test:0 HTTP/1.1\r\nHost: a.test:0\r\n\r\n", 2, 400),
            ("CONNECT a.test:99999 HTTP/1.1\r\nHost: a.test:99999\r\n\r\n", 2, 400),
            ("CONNECT a.test:x HTTP/1.1\r\nHost: a.test\r\n\r\n", 2, 400),
            ("CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\nContent-Length: 3\r\n\r\nabc", 2, 400),
            (
                "CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                2,
                400
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 2, 405), ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 2, 405),
            ("CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n", 4, 405),
            ("CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n", 5, 401),
            ("CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n", 6, 403),
            ("CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n", 8, 502),
        ])
    func refused(_ request: String, _ place: Int, _ status: Int) throws {
        let scene = try Scene()
        let client = try RawClient(port: scene.server.ports[place - 1])
        client.send(request)
        #expect(try client.response(to: "GET").status == status)
        #expect(scene.echo.count == 0)
        scene.server.finish()
    }

    @Test("limits and passwords hold for tunnels")
    func limits() throws {
        let scene = try Scene()
        let first = try scene.connect(7, "a.test:1", more: "x")
        #expect(try first.interimHead().startLine == "HTTP/1.1 200 OK")
        #expect(try scene.connect(7, "a.test:1").response(to: "GET").status == 503)
        let known = try scene.connect(5, "a.test:1", fields: "Authorization: Basic dTpw\r\n", more: "x")
        #expect(try known.interimHead().startLine == "HTTP/1.1 200 OK")
        scene.server.finish()
    }

    private func connect(_ stream: UInt32, _ target: String) -> [UInt8] {
        var block: [UInt8] = []
        for (name, value) in [(":method", "CONNECT"), (":authority", target)] {
            block += [0x00, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return FrameClient.frame(1, 4, stream, block)
    }

    @Test("over HTTP/2: 200, then bytes both ways", arguments: [2, 1])
    func http2(place: Int) throws {
        let scene = try Scene()
        let client = try FrameClient(port: scene.server.ports[place - 1])
        let target = "localhost.test:\(scene.echo.port)"
        client.send(connect(1, target))
        let head = try #require(try client.frames { $0.stream == 1 && $0.kind == 1 }.last)
        // `:status` 200 is one byte of the static table.
        #expect(head.payload.first == 0x88 && head.flags & 1 == 0)
        client.send(FrameClient.frame(0, 0, 1, Array("hello".utf8)))
        let echoed = try client.frames { $0.stream == 1 && $0.kind == 0 }.last
        #expect(echoed?.payload == Array("hello".utf8))
        client.send(FrameClient.frame(0, 1, 1))
        #expect(try client.content(1) == Array("bye".utf8))
        client.send(connect(3, "other.test:1"))
        let other = try #require(try client.frames { $0.stream == 3 && $0.kind == 1 }.last)
        #expect((other.payload.first == 0x88) == (place == 2))
        scene.server.finish()
    }

    @Test("a tunnel outlives a reload, and the graceful end of its worker waits for it")
    func reload() throws {
        let scene = try Scene()
        let client = try scene.connect(2, "a.test:1", more: "x")
        _ = try client.interimHead()
        #expect(try client.read(1) == Array("x".utf8))
        #expect(try scene.server.reload().ending == .exited(0))
        client.send("y")
        #expect(try client.read(1) == Array("y".utf8))
        client.finishSending()
        #expect(try client.readToEnd() == Array("bye".utf8))
        scene.server.finish()
    }
}

/// Sends back what it gets; says `bye` at the end of it. After `HALF` it says no more, and hears the rest.
private final class EchoServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let state = Mutex((count: 0, last: "", open: Set<Int32>()))

    init() throws {
        port = try FreePort.next()
        listener = try Socket.listen(port: port)
        Thread.detachNewThread { [self] in
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                state.withLock {
                    $0.count += 1
                    _ = $0.open.insert(descriptor)
                }
                Thread.detachNewThread { [self] in serve(descriptor) }
            }
        }
    }

    /// Connections so far.
    var count: Int { state.withLock { $0.count } }
    /// All that came over the connection that ended last.
    var last: String { state.withLock { $0.last } }

    private func serve(_ descriptor: Int32) {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        var isSilent = false
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            all += buffer[..<count]
            if !isSilent { Socket.write(Array(buffer[..<count]), to: descriptor) }
            guard all.suffix(4) == Array("HALF".utf8) else { continue }
            isSilent = true
            shutdown(descriptor, Int32(SHUT_WR))
        }
        if !isSilent { Socket.write(Array("bye".utf8), to: descriptor) }
        state.withLock {
            $0.last = String(decoding: all.suffix(100), as: UTF8.self)
            $0.open.remove(descriptor)
        }
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    func stop() {
        let open = state.withLock { $0.open }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}
