import Foundation
import TestSupport
import Testing

/// Requests that are refused, and what stands behind them.
@Suite("Hardening: requests") struct HardeningRequestTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            upstream u { server %GATEWAY1%; keepalive 8; }
            server { listen 127.0.0.1:%PORT1%;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                location / { proxy_pass http://u; }
                location /stream { proxy_pass http://u; proxy_request_buffering off; proxy_read_timeout 1s; }
                location = /status { stub_status; } }
            server { listen 127.0.0.1:%PORT2%; server_name "a
        X: b";
                location / { proxy_pass http://u; proxy_set_header X-Name $host; } }
        }
        """

    private static let refusedFields = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked,",
        "Transfer-Encoding : chunked", "Transfer-Encoding: \u{0B}chunked", "Transfer_Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked", "Transfer-Encoding:", "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5, 5", "Content-Length: +5", "Content-Length: -5", "Content-Length: 0x5",
        "Content-Length: 18446744073709551621", "Content-Length:\r\n 5", "Content_Length: 5", "Host: b",
        "X: a\rb", "X: a\u{0}b", "X : a", "Xa", ": a",
    ]

    private static let refusedChunks = [
        "FFFFFFFFFFFFFFFFF\r\nx", "-1\r\nx", "0x1\r\nx", "1 \r\nx", "1\nx\n0\n\n", "1\r\nxx", "1;a\rb\r\nx",
        "0\r\nX a\r\n\r\n", "0\r\n" + String(repeating: "X: a\r\n", count: 20) + "\r\n",
    ]

    /// Each is answered once with 400 and closes; nothing behind it, and it itself, reaches the gateway.
    @Test("a refused request is not passed on, nor what is pipelined behind it")
    func refusedRequestsAreTheLast() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        let behind = "GET /behind HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        for fields in Self.refusedFields {
            try expectRefusal(server, "POST /p HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n0\r\n\r\n" + behind)
        }
        let head = " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for chunks in Self.refusedChunks {
            try expectRefusal(server, "POST /p" + head + chunks + "\r\n0\r\n\r\n" + behind)
        }
        for target in ["/x#y", "/x\u{1}", "/x y", "/%00", "/../x", "x", "http://u@a/"] {
            try expectRefusal(server, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n" + behind)
        }
        #expect(gateway.requests.map(\.line) == [])
        server.finish()
    }

    private func expectRefusal(_ server: Server, _ request: String) throws {
        let client = try RawClient(port: server.port)
        client.send(request)
        let answer = String(latin1: try client.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(request.debugDescription): \(answer)")
        #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(request.debugDescription)")
    }

    @Test("a server's own name, told as the host of a request that names none, begins no field")
    func serverNameHasNoLines() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.ports[1])
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(try client.response().status == 200)
        let head = try #require(gateway.requests.first?.head)
        #expect(head.values("x-name").first?.hasPrefix("a") == true && head.values("x").isEmpty)
        server.finish()
    }

    @Test("a streamed upload may take longer than proxy_read_timeout")
    func streamedUploadIsNotTimedAsAnAnswer() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        for piece in ["a", "b", "c", "d"] {
            usleep(400_000)
            client.send(piece)
        }
        #expect(try client.response().status == 200)
        #expect(gateway.requests.map(\.text) == ["abcd"])
        server.finish()
    }

    @Test("a final answer to a client that still waits for 100 Continue ends the connection")
    func unansweredExpectationCloses() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("POST /status HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 25\r\n\r\n")
        #expect(try client.response().head.values("connection") == ["close"])
        client.send("POST /x HTTP/1.1\r\nHost: a\r\n\r\nGET /behind HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.isClosedByPeer(within: 8))
        #expect(gateway.requests.isEmpty)
        server.finish()
    }

    @Test("clients that vanish at every stage leave the counters as they were")
    func countersReturn() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        gateway.answer("/hang", with: .hang)
        let server = try Server(Self.text, gateways: [gateway])
        let stages = [
            "", "GET / HT", "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
            "POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ]
        for stage in stages {
            for isReset in [false, true] {
                let client = try RawClient(port: server.port)
                client.send(stage)
                usleep(20_000)
                if isReset { client.reset() } else { client.close() }
            }
        }
        let isQuiet = waitUntil(Deadline()) {
            let text = (try? RawClient.get(server.port, "/status").text) ?? ""
            return text.hasPrefix("Active connections: 1 ") && text.contains("Writing: 1 Waiting: 0")
                && text.contains("Reading: 0")
        }
        #expect(isQuiet)
        server.finish()
    }
}
