import Foundation
import TestSupport
import Testing

/// `grpc_pass` between clients and gateways of another make.
@Suite("gRPC", .serialized, .enabled(if: GRPCScene.isPossible, "Python's grpcio is not there"))
struct GRPCPassTests {
    private func text(_ location: String, http: String = "", upstream: String = "server %G1%;") -> String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log info;
        events { }
        http { log_format calls '$uri $status $grpc_status $proxy_reason';
            access_log %PREFIX%/access.log calls; client_max_body_size 64m; \(http)
            upstream app { zone app 64k; \(upstream) }
            server { listen 127.0.0.1:%PORT1%; http2 on; location / { grpc_pass app; \(location) } } }
        """
    }

    private func logged(_ scene: GRPCScene) -> [String] {
        scene.server.directory.read("access.log").split(separator: "\n").map(String.init)
    }

    @Test("all four kinds of call, metadata and large messages pass as they are", arguments: ["", "app"])
    func kinds(name: String) throws {
        let scene = try GRPCScene(
            text("", upstream: "server %G1%; \(name.isEmpty ? "" : "keepalive 4;")"))
        for work in ["kinds", "metadata", "large"] { #expect(try scene.client(work) == "fine\n") }
        scene.finish()
        let lines = logged(scene)
        #expect(lines.contains("/t.T/Echo 200 0 ok"))
        #expect(lines.contains("/t.T/Talk 200 0 ok"))
        #expect(lines.contains("/t.T/Fail 200 5 ok"))
        #expect(lines.contains("/t.T/None 200 12 ok"))
    }

    @Test("a call that the client cancels is over at the gateway too")
    func cancellation() throws {
        let scene = try GRPCScene(text(""))
        #expect(try scene.client("cancel") == "fine\n")
        #expect(waitUntil(Deadline(in: 10)) { scene.said(by: 0).contains("hang over") })
        #expect(waitUntil(Deadline(in: 10)) { scene.said(by: 0).contains("endless over") })
        scene.finish()
    }

    @Test("what fails here is told as gRPC tells it, unless the configuration has a page for it")
    func ownErrors() throws {
        let dead = try GRPCScene(text("", upstream: "server %DEAD%;"))
        #expect(try dead.client("dead") == "fine\n")
        dead.finish(expected: ["connect() failed"])
        #expect(logged(dead) == ["/t.T/Echo 200 14 upstream_error"])

        let late = try GRPCScene(text("grpc_read_timeout 200ms;"))
        #expect(try late.client("late") == "fine\n")
        late.finish(expected: ["upstream timed out"])
        #expect(logged(late) == ["/t.T/Hang 200 14 upstream_timeout"])

        let denied = try GRPCScene(text("deny all;"))
        #expect(try denied.client("limited") == "fine\n")
        denied.finish(expected: ["access forbidden by rule"])
        #expect(logged(denied) == ["/t.T/Echo 200 7 denied"])

        let paged = try GRPCScene(
            text(
                "error_page 403 = @page; deny all; } location @page { add_header grpc-status 15;"
                    + " default_type application/grpc; return 204;"))
        #expect(try paged.client("paged") == "fine\n")
        paged.finish(expected: ["access forbidden by rule"])
    }

    @Test("no attempt outlives the client's deadline")
    func deadline() throws {
        let scene = try GRPCScene(text(""))
        let client = try FrameClient(port: scene.server.port)
        let fields = [("content-type", "application/grpc"), ("te", "trailers"), ("grpc-timeout", "300m")]
        client.send(FrameClient.request(1, "/t.T/Hang", method: "POST", fields: fields, isLast: false))
        client.send(FrameClient.frame(0, 1, 1, [0, 0, 0, 0, 0]))
        // A head that is all of the answer.
        let answer = try client.stream(1).filter { $0.kind <= 1 }
        #expect(answer.map(\.kind) == [1] && answer.allSatisfy(\.isLast))
        #expect(waitUntil(Deadline(in: 10)) { scene.said(by: 0).contains("hang over") })
        scene.finish()
        #expect(logged(scene) == ["/t.T/Hang 200 4 deadline"])
    }

    @Test("a stream in which nothing is said lives as long as grpc_read_timeout lets it")
    func idleStream() throws {
        let scene = try GRPCScene(
            text("grpc_read_timeout 30s;", http: "client_body_timeout 1s; send_timeout 1s;"))
        #expect(try scene.client("idle") == "fine\n")
        scene.finish()
    }

    @Test("a gateway that is killed costs the calls under way there, and serves when it comes again")
    func restart() throws {
        let scene = try GRPCScene(
            text(
                "grpc_next_upstream error timeout non_idempotent; grpc_next_upstream_budget off;",
                upstream: "server %G1% max_fails=0; server %G2% max_fails=0;"), gateways: 2)
        let work = try Program(
            Binary.python,
            [scene.server.directory.path + "/client.py", "load", "\(scene.server.port)", "300"],
            in: scene.server.directory, name: "load")
        let path = "load.stdout"
        #expect(waitUntil(Deadline(in: 20)) { logged(scene).count > 50 })
        scene.gateways[0].send(SIGKILL)
        _ = scene.gateways[0].waitForEnd()
        let count = logged(scene).count
        #expect(waitUntil(Deadline(in: 20)) { logged(scene).count > count + 50 })
        try scene.restart(0)
        #expect(work.waitForEnd(within: 90) == .exited(0), "\(work.errors)")
        #expect(scene.server.directory.read(path) == "g1 g2\nfine\n")
        scene.finish(expected: ["connect() failed", "upstream", "reset", "closed"])
    }

    @Test("type=grpc asks the health service, and believes it")
    func health() throws {
        let scene = try GRPCScene(
            text(
                "health_check interval=100ms type=grpc;",
                upstream: "server %G1%; server %G2%;"), gateways: 2)
        // The checks may have begun before the gateways, or not.
        #expect(
            waitUntil(Deadline(in: 20)) { (try? scene.client("load", "5")) == "g1 g2\nfine\n" })
        scene.gateways[0].send(SIGUSR1)
        #expect(scene.server.waitForLog("is unhealthy: NOT_SERVING from Health/Check", within: 20))
        #expect(try scene.client("load", "5") == "g2\nfine\n")
        scene.gateways[0].send(SIGUSR2)
        #expect(
            waitUntil(Deadline(in: 20)) { (try? scene.client("load", "5")) == "g1 g2\nfine\n" })
        scene.finish(expected: ["is unhealthy"])
    }
}
