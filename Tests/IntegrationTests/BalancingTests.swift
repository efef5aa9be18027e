import Foundation
import TestSupport
import Testing

/// Methods of balancing in two workers, where it takes requests to see what they do.
@Suite("Balancing by response times", .serialized) struct BalancingTests {
    private func text(_ method: String) -> String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream app { zone app 64k; \(method); server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%; }
            server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app; } } }
        """
    }

    /// Each on a connection of its own: either worker has its share of them.
    private func ask(_ server: Server, _ count: Int) throws {
        for number in 0..<count {
            #expect(try RawClient.get(server.port, "/\(number)").status == 200)
        }
    }

    @Test(
        "the slow server is left alone once one worker has found it out, and a reload forgets nothing",
        arguments: [
            "least_time header", "least_time last_byte inflight", "random two least_time=header", "ewma",
        ])
    func slowServer(method: String) throws {
        let gateways = try ["one", "two", "three"].map { try RecordingGateway($0) }
        let slow = gateways[2]
        slow.answerAll(
            with: GatewayAnswer(steps: [.pause(milliseconds: 400)]).then(
                .send(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8))))
        let server = try Server(text(method), gateways: gateways)
        // By chance it may take a few until it is asked.
        for _ in 0..<20 where slow.requests.isEmpty { try ask(server, 5) }
        #expect(!slow.requests.isEmpty)
        let found = slow.requests.count
        try ask(server, 40)
        // Two of three would be equally fast; of 40 by turns it would have had 13.
        #expect(slow.requests.count - found <= 2)
        try server.rewrite(text(method) + "\n", gateways: gateways)
        #expect(try server.reload().ending == .exited(0))
        let before = slow.requests.count
        try ask(server, 20)
        #expect(slow.requests.count - before <= 1)
        server.finish()
    }

    @Test("hash with a bound: requests for one key that go on are spread over two servers, others are not")
    func bound() throws {
        let gateways = try ["one", "two", "three"].map { try RecordingGateway($0) }
        for gateway in gateways { gateway.answer("/held", with: .hang) }
        let server = try Server(
            text("hash $arg_k consistent bound=150%"), gateways: gateways)
        var clients: [RawClient] = []
        for number in 1...6 {
            let client = try RawClient(port: server.port)
            client.send("GET /held?k=hot HTTP/1.1\r\nHost: a\r\n\r\n")
            clients.append(client)
            #expect(waitUntil { gateways.map(\.requests.count).reduce(0, +) == number })
        }
        // Of six, none has more than half: 150 % of a third.
        #expect(gateways.allSatisfy { $0.requests.count <= 3 })
        #expect(gateways.count { !$0.requests.isEmpty } >= 2)
        for client in clients { client.close() }
        server.finish()
    }

    @Test(
        "words that cannot be are refused with the line that they stand in",
        arguments: [
            ("least_time", "invalid number of arguments in \"least_time\" directive"),
            ("least_time connect", "invalid value \"connect\""),
            ("random two least_time=connect", "invalid parameter \"least_time=connect\""),
            ("hash $uri bound=125%", "invalid parameter \"bound=125%\""),
            ("hash $uri consistent bound=100%", "invalid parameter \"bound=100%\""),
            ("ip_hash whole", "invalid parameter \"whole\""),
            ("ewma decay=0", "invalid parameter \"decay=0\""),
        ])
    func refused(method: String, message: String) throws {
        let directory = try TemporaryDirectory()
        let text = """
            events { }
            http { upstream app { server 127.0.0.1:1;
            \(method); } }
            """
        try directory.write(text, to: "server.conf")
        let check = try Program.run(
            Binary.portico, ["-t", "-p", directory.path + "/", "-c", directory.path + "/server.conf"],
            in: directory)
        #expect(check.errors.contains(message) && check.errors.contains("server.conf:3"), "\(check.errors)")
    }
}
