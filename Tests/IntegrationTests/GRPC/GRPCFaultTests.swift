import Foundation
import TestSupport
import Testing

/// Calls over `grpc_pass` while gateways stop, hang and say that they cannot: none is lost that could be
/// tried again, and none is done twice.
@Suite(
    "gRPC and gateways that fail", .serialized,
    .enabled(if: GRPCScene.isPossible, "Python's grpcio is not there"))
struct GRPCFaultTests {
    private func scene(_ location: String, http: String = "", gateways: Int = 2) throws -> GRPCScene {
        let servers = (1...gateways).map { "server %G\($0)% max_fails=0; " }.joined()
        return try GRPCScene(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { log_format calls '$uri $status $grpc_status $upstream_addr';
                access_log %PREFIX%/access.log calls; \(http)
                upstream app { zone app 64k; \(servers) }
                server { listen 127.0.0.1:%PORT1%; http2 on; location / { grpc_pass app; \(location) }
                    location /upload { proxy_http_version 2; proxy_request_buffering off;
                        proxy_pass http://app; } } }
            """, gateways: gateways)
    }

    private func start(_ words: String..., in scene: GRPCScene) throws -> Program {
        let words = [words[0], "\(scene.server.port)"] + words.dropFirst()
        return try Program(
            Binary.python, [scene.server.directory.path + "/client.py"] + words, in: scene.server.directory,
            name: "load")
    }

    private func loggedCount(_ scene: GRPCScene) -> Int {
        scene.server.directory.read("access.log").utf8.count { $0 == 0x0A }
    }

    private func waitForMore(_ count: Int, _ scene: GRPCScene) -> Bool {
        let before = loggedCount(scene)
        return waitUntil(Deadline(in: 30)) { loggedCount(scene) >= before + count }
    }

    @Test(
        "the reflection service is reached",
        .enabled(if: GRPCScene.hasReflection, "grpcio-reflection is not there"))
    func reflection() throws {
        let scene = try scene("", gateways: 1)
        #expect(try scene.client("reflection") == "fine\n")
        scene.finish()
    }

    @Test("grpc_unavailable sends a call on to a gateway that serves it; without it the answer stands")
    func unavailable() throws {
        let on = try scene("grpc_next_upstream error non_idempotent grpc_unavailable;")
        #expect(try on.client("weak") == "fine\n")
        #expect(on.server.directory.read("access.log").contains(", "))
        on.finish()
        let off = try scene("grpc_next_upstream error non_idempotent;")
        #expect(try off.client("weak").contains("not now"))
        off.finish()
    }

    @Test("a gateway that hangs costs no call that may be made again")
    func hangs() throws {
        let scene = try scene(
            "grpc_next_upstream error timeout non_idempotent; grpc_read_timeout 300ms;"
                + " grpc_next_upstream_budget off;")
        let work = try start("steady", "60", in: scene)
        #expect(waitForMore(50, scene))
        scene.gateways[0].send(SIGSTOP)
        #expect(waitForMore(50, scene))
        scene.gateways[0].send(SIGCONT)
        #expect(work.waitForEnd(within: 90) == .exited(0), "\(work.errors)")
        #expect(work.output == "g1 g2\nfine\n")
        scene.finish(expected: ["upstream timed out"])
    }

    @Test("a call whose gateway goes in the middle of its answer is unavailable, not broken by us")
    func cut() throws {
        let scene = try scene("", gateways: 1)
        let work = try start("cut", in: scene)
        #expect(waitUntil(Deadline(in: 30)) { scene.server.directory.read("load.stdout").contains("begun") })
        scene.gateways[0].send(SIGKILL)
        #expect(work.waitForEnd(within: 60) == .exited(0), "\(work.errors)")
        #expect(waitUntil(Deadline(in: 10)) { loggedCount(scene) == 1 })
        #expect(scene.server.directory.read("access.log").hasPrefix("/t.T/Endless 200 14 "))
        scene.finish(expected: ["upstream"])
    }

    @Test(
        "a call whose time is over in the middle of its answer is told so, or sees that it is cut",
        arguments: [true, false])
    func deadline(takesTrailers: Bool) throws {
        let gateway = try RecordingGateway()
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
        gateway.answer(
            "/", with: GatewayAnswer(steps: [.send(Array((head + "5\r\nagain\r\n").utf8)), .hang]))
        let server = try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log info; events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1%; location / { grpc_pass 127.0.0.1:%PORT2%; } }
                server { listen 127.0.0.1:%PORT2%; http2 on;
                    location / { proxy_pass http://%GATEWAY1%; proxy_pass_trailers on; } } }
            """, gateways: [gateway])
        let call = try RawClient(port: server.port)
        call.send(
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: close, TE\r\n"
                + (takesTrailers ? "TE: trailers\r\n" : "")
                + "grpc-timeout: 3S\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n")
        let answer = try call.response(within: 20)
        #expect(answer.status == 200 && answer.text.contains("again"), "\(answer)")
        #expect(answer.isWhole == takesTrailers)
        #expect(answer.trailers.contains("grpc-status: 4") == takesTrailers, "\(answer.trailers)")
        server.finish(expected: ["upstream"])
    }

    @Test("http2_peer_streams bounds what one connection carries", arguments: [(2, 3), (6, 1)])
    func streams(each: Int, connections: Int) throws {
        let scene = try scene("http2_peer_streams \(each);", gateways: 1)
        #expect(try scene.client("where", "6") == "\(connections)\nfine\n")
        scene.finish()
    }

    @Test("no call is done twice, whatever becomes of its gateway")
    func once() throws {
        let scene = try scene("grpc_next_upstream_budget off;")
        let work = try start("once", "150", in: scene)
        #expect(waitForMore(200, scene))
        scene.gateways[0].send(SIGKILL)
        _ = scene.gateways[0].waitForEnd()
        #expect(waitForMore(100, scene))
        var done = calls(of: 0, scene)
        try scene.restart(0)
        #expect(work.waitForEnd(within: 90) == .exited(0), "\(work.errors)")
        done += calls(of: 0, scene) + calls(of: 1, scene)
        #expect(Set(done).count == done.count)
        let answered = work.output.split(separator: "\n").first?.split(separator: " ").map(String.init) ?? []
        #expect(answered.count >= 8 * 150 - 8 && Set(done).isSuperset(of: answered))
        scene.finish(expected: ["connect() failed", "upstream", "reset", "closed"])
    }

    /// What a gateway was asked to do since it started.
    private func calls(of index: Int, _ scene: GRPCScene) -> [String] {
        scene.said(by: index).split(separator: "\n").filter { $0.hasPrefix("did ") }.map {
            String($0.dropFirst(4))
        }
    }

    @Test("a call of an HTTP/1.1 client may pause as long as its gateway lets it; another upload may not")
    func pauses() throws {
        let scene = try scene(
            "grpc_read_timeout 30s;", http: "client_body_timeout 1s; send_timeout 1s;", gateways: 1)
        func message(_ text: String) -> String {
            "\(String(text.utf8.count + 5, radix: 16))\r\n\u{0}\u{0}\u{0}\u{0}"
                + String(UnicodeScalar(UInt8(text.utf8.count))) + text + "\r\n"
        }
        let head =
            " HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, TE\r\n"
            + "Content-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
        let call = try RawClient(port: scene.server.port)
        call.send("POST /t.T/Talk" + head + message("abc"))
        let upload = try RawClient(port: scene.server.port)
        upload.send("POST /upload" + head + message("abc"))
        // The one that may not pause is through when its time is over, the other one goes on.
        #expect(upload.isClosedByPeer(within: 10))
        call.send(message("def") + "0\r\n\r\n")
        let answer = try call.response(within: 20)
        #expect(answer.status == 200 && answer.isWhole && answer.trailers.contains("grpc-status: 0"))
        #expect(answer.text.contains("cba") && answer.text.contains("fed"))
        scene.finish()
    }
}
