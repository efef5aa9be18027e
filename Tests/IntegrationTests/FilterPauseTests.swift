import TestSupport
import Testing

/// What filters have too much work with for one turn is the client's before the gateway says more.
@Suite("Pauses behind filters", .serialized) struct FilterPauseTests {
    private static let text = """
        worker_processes 1; error_log %PREFIX%/error.log info; events { }
        http {
            access_log off;
            proxy_buffering off;
            gzip_proxied any;
            gzip_http_version 1.0;
            gzip_types text/plain;
            upstream app { server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT2%; http2 on; location / { proxy_pass http://app; } }
            server { listen 127.0.0.1:%PORT1%;
                gzip on;
                sub_filter_types *;
                sub_filter_once off;
                # 14,000 bytes become more than a filter works on in a turn.
                sub_filter a "\(String(repeating: "Z", count: 200))";
                location /1/ { proxy_pass http://app/; proxy_http_version 1.1; }
                location /2/ { proxy_pass http://127.0.0.1:%PORT2%/; proxy_http_version 2; } } }
        """

    private static let content: String = {
        var state: UInt32 = 1
        return String(
            (0..<14_000).map { _ -> Character in
                state = state &* 1_664_525 &+ 1_013_904_223
                return ["a", "b", "c", "d", "e", "f", "g", "h"][Int(state >> 29)]
            })
    }()

    private static func answer(waiting: Bool) -> GatewayAnswer {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        var steps: [GatewayAnswer.Step] = [.send(Array("\(head)36b0\r\n\(content)\r\n".utf8))]
        if waiting { steps.append(.waitForRelease) }
        return GatewayAnswer(steps: steps + [.send(Array("0\r\n\r\n".utf8))])
    }

    @Test("over HTTP/1 and over HTTP/2", arguments: ["/1/", "/2/"])
    func nothingWaits(path: String) throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        gateway.enqueue(Self.answer(waiting: false), Self.answer(waiting: true))
        let request = "GET \(path) HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
        let whole = try RawClient.ask(server.port, request).body
        #expect(whole.count > 1000 && whole.starts(with: [0x1F, 0x8B]))
        let client = try RawClient(port: server.port)
        client.send(request)
        _ = try client.interimHead()
        // Coded in other portions it has about the same length.
        #expect(try client.read(whole.count * 9 / 10, within: 10).starts(with: [0x1F, 0x8B]))
        gateway.release()
        _ = try client.readToEnd()
        server.finish()
    }
}
