import Foundation
import TestSupport
import Testing

/// `limit_conn`: what is counted as under way, and for how long.
@Suite("limit_conn") struct LimitConnectionTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format l "$status $limit_conn_status $uri";
            access_log %PREFIX%/access.log l;
            limit_conn_zone $arg_k zone=one:1m;
            limit_conn_zone $server_port zone=port:1m;
            limit_conn_zone $http_long zone=long:1m;
            server { listen 127.0.0.1:%PORT1%; %H2% limit_conn_log_level warn;
                location /one { limit_conn one 1; proxy_pass http://%GATEWAY1%; }
                location /two { limit_conn one 2; limit_conn port 3; limit_conn_status 429;
                    proxy_pass http://%GATEWAY1%; }
                location /dry { limit_conn one 1; limit_conn_dry_run on; limit_conn_log_level info;
                    proxy_pass http://%GATEWAY1%; }
                location /page { limit_conn one 1; error_page 503 = /other; proxy_pass http://%GATEWAY1%; }
                location /other { limit_conn one 1; proxy_pass http://%GATEWAY1%/free; }
                location /long { limit_conn long 1; proxy_pass http://%GATEWAY1%; }
                location /free { proxy_pass http://%GATEWAY1%; }
            }
        }
        """

    /// Requests that a gateway holds until it is told.
    private struct Scene {
        let server: Server
        let gateway: RecordingGateway
        var clients: [RawClient] = []

        init(_ kind: Server.Kind) throws {
            gateway = try RecordingGateway()
            let text = LimitConnectionTests.text.replacingOccurrences(of: "%H2%", with: "")
            server = try Server(text, kind: kind, gateways: [gateway])
            for path in ["/one", "/two", "/dry", "/page", "/long"] {
                gateway.answer(
                    path, with: GatewayAnswer(steps: [.waitForRelease] + GatewayAnswer.fixed("late\n").steps))
            }
        }

        /// Begins a request, and waits until the gateway has it.
        mutating func hold(_ target: String, fields: String = "") throws {
            let before = gateway.requests.count
            let client = try RawClient(port: server.port)
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            clients.append(client)
            let gateway = gateway
            #expect(waitUntil(Deadline(in: 20)) { gateway.requests.count > before }, "\(target)")
        }

        mutating func finish() throws -> [Int] {
            for _ in clients { gateway.release() }
            return try clients.map { try $0.response(within: 20).status }
        }

        func ask(_ target: String, fields: String = "") throws -> Int {
            try RawClient.ask(
                server.port, "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\r\n",
                within: 20
            ).status
        }
    }

    @Test("gives nginx's verdicts, statuses and log lines, to the word")
    func asNginx() throws {
        guard Binary.nginx != nil else { return }
        func run(_ kind: Server.Kind) throws -> (statuses: [Int], access: [String], lines: [String]) {
            var scene = try Scene(kind)
            var statuses: [Int] = []
            try scene.hold("/one?k=a")
            statuses += [try scene.ask("/one?k=a"), try scene.ask("/page?k=a")]
            try scene.hold("/two?k=a")
            statuses.append(try scene.ask("/two?k=a"))
            try scene.hold("/two?k=b")
            try scene.hold("/two?k=")
            statuses += [try scene.ask("/two?k=c"), try scene.ask("/free")]
            try scene.hold("/dry?k=a")
            try scene.hold("/dry?k=d")
            try scene.hold("/dry?k=d")
            for count in [255, 256] {
                let field = "Long: \(String(repeating: "x", count: count))\r\n"
                try scene.hold("/long", fields: field)
                if count == 255 { statuses.append(try scene.ask("/long", fields: field)) }
                if count == 256 { try scene.hold("/long", fields: field) }
            }
            statuses += try scene.finish()
            scene.gateway.answerAll(with: .fixed("now\n"))
            let log = scene.server
            let count = statuses.count
            func access() -> [Substring] { log.directory.read("access.log").split(separator: "\n") }
            #expect(waitUntil(Deadline(in: 20)) { access().count >= count })
            scene.clients = []
            scene.server.program.stop()
            return (statuses, access().map(String.init).sorted(), Self.lines(scene.server.log))
        }
        let (model, ours) = (try run(.nginx), try run(.portico))
        #expect(ours.statuses == model.statuses)
        #expect(ours.access == model.access)
        #expect(ours.lines == model.lines)
        #expect(ours.lines.contains { $0.contains("[info] limiting connections, dry run, by zone \"one\"") })
    }

    private static func lines(_ log: String) -> [String] {
        let marks = ["limiting connections", "the value of the"]
        return log.split(separator: "\n").map(String.init).filter { line in
            marks.contains { line.contains($0) }
        }.map { line in
            let text = line.replacing(#/^.*?(?=\[)/#, with: "")
            return text.replacing(#/\] .*?(?=(limiting|the value))/#, with: "] ")
        }
    }

    @Test("a request that is over, however it ended, makes room for another")
    func makesRoom() throws {
        var scene = try Scene(.portico)
        try scene.hold("/one?k=a")
        #expect(try scene.ask("/one?k=a") == 503)
        // The client leaves.
        scene.clients.removeLast().close()
        let after = scene
        #expect(
            waitUntil(Deadline(in: 20)) { after.server.directory.read("access.log").contains("499 PASSED") })
        try scene.hold("/one?k=a")
        #expect(try scene.ask("/one?k=a") == 503)
        // Over one connection, one after the other: never two at once.
        let client = scene.clients[0]
        scene.gateway.release()
        scene.gateway.release()
        #expect(try client.response(within: 20).status == 200)
        scene.gateway.answer("/one", with: .fixed("now\n"))
        for _ in 0..<5 {
            client.send("GET /one?k=a HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response(within: 20).status == 200)
        }
        scene.server.finish()
    }

    @Test("each stream of HTTP/2 counts, and one that is reset does no more")
    func streams() throws {
        let gateway = try RecordingGateway()
        gateway.answerAll(with: GatewayAnswer(steps: [.hang]))
        let server = try Server(
            Self.text.replacingOccurrences(of: "%H2%", with: "http2 on;"), gateways: [gateway])
        let client = try FrameClient(port: server.port)
        func statusIs(_ stream: UInt32, _ word: String) -> Bool {
            waitUntil(Deadline(in: 20)) { server.directory.read("access.log").contains(word) }
        }
        client.send(FrameClient.request(1, "/one?k=a"))
        #expect(waitUntil(Deadline(in: 20)) { gateway.requests.count == 1 })
        client.send(FrameClient.request(3, "/one?k=a"))
        #expect(statusIs(3, "503 REJECTED /one"))
        client.send(FrameClient.frame(3, 0, 1, FrameClient.number(8)))
        #expect(statusIs(1, "499 PASSED /one"))
        client.send(FrameClient.request(5, "/one?k=a"))
        #expect(waitUntil(Deadline(in: 20)) { gateway.requests.count == 2 })
        server.finish()
    }
}
