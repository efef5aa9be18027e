import Foundation
import TestSupport
import Testing

/// Gateways that answer badly, too much or too fast, and connections to them that are kept.
@Suite("Hardening: responses") struct HardeningResponseTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            upstream u { server %GATEWAY1% max_fails=0; keepalive 8; }
            upstream both { server %GATEWAY1% max_fails=0; server %GATEWAY1% max_fails=0; keepalive 8; }
            server { listen 127.0.0.1:%PORT1%;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                location / { proxy_pass http://u; }
                location /error { proxy_pass http://u; proxy_intercept_errors on; error_page 404 /page; }
                location /page { return 200 page; }
                location /stream { proxy_pass http://both; proxy_request_buffering off;
                    proxy_next_upstream error http_503 non_idempotent; } }
        }
        """

    private static let ok = "HTTP/1.1 200 OK\r\n"

    @Test(
        "a response that cannot be trusted is a 502",
        arguments: [
            "garbage\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            ok + "Content-Length: 5x\r\n\r\nhello",
            ok + "Transfer-Encoding: gzip\r\n\r\nhello", ok + "X: a\rb\r\nContent-Length: 0\r\n\r\n",
            ok + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", ok + "X : a\r\nContent-Length: 0\r\n\r\n",
            ok + "X: " + String(repeating: "a", count: 5000) + "\r\nContent-Length: 0\r\n\r\n",
            String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        ])
    func untrustworthyResponses(_ raw: String) throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        gateway.enqueue(.raw(raw))
        #expect(try RawClient.get(server.port, "/a").status == 502)
        #expect(try RawClient.get(server.port, "/b").text == "g1 /b\n")
        server.finish()
    }

    @Test("a connection whose response came in two pieces is used again")
    func splitResponseKeepsConnection() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        gateway.answerAll(
            with: GatewayAnswer(steps: [
                .send(Array((Self.ok + "Content-Length: 5\r\n\r\n").utf8)), .pause(milliseconds: 30),
                .send(Array("hello".utf8)),
            ]))
        let server = try Server(Self.text, gateways: [gateway])
        for _ in 0..<4 { #expect(try RawClient.get(server.port, "/").text == "hello") }
        #expect(gateway.connectionCount == 1)
        server.finish()
    }

    @Test(
        "bytes behind a response are nobody's answer",
        arguments: [
            [ok + "Content-Length: 2\r\n\r\nhi", stray], [ok + "Content-Length: 2\r\n\r\n", "hi" + stray],
            [ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + stray],
            ["HTTP/1.1 204 No Content\r\n\r\n" + stray],
        ])
    func strayBytes(_ pieces: [String]) throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        let sends = pieces.map { GatewayAnswer.Step.send(Array($0.utf8)) }
        gateway.enqueue(
            GatewayAnswer(steps: Array(sends.flatMap { [$0, .pause(milliseconds: 20)] }.dropLast())))
        let client = try RawClient(port: server.port)
        client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.response()
        usleep(50_000)
        client.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().text == "g1 /b\n")
        #expect(gateway.connectionCount == 2)
        server.finish()
    }

    private static let stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"

    @Test("bytes behind a response that is replaced by an error page end its connection")
    func strayBytesBehindInterceptedResponse() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        gateway.enqueue(.raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" + Self.stray))
        #expect(try RawClient.get(server.port, "/error").text == "page")
        #expect(try RawClient.get(server.port, "/b").text == "g1 /b\n")
        #expect(gateway.connectionCount == 2)
        server.finish()
    }

    @Test("a status that would go to the next peer is passed on when the body was streamed")
    func streamedBodyIsNotSentTwice() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        gateway.answerAll(with: .fixed("busy", status: "503 Service Unavailable"))
        let server = try Server(Self.text, gateways: [gateway])
        // What comes with the head is all there is, and could be sent again.
        let client = try RawClient(port: server.port)
        client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\na")
        #expect(waitUntil(Deadline(in: 5)) { gateway.openConnections == 1 })
        client.send("b")
        let answer = try client.response()
        #expect(answer.status == 503)
        #expect(answer.text == "busy")
        #expect(gateway.requests.count == 1)
        server.finish()
    }

    @Test("a gateway is done with a response that its client does not read yet; the client gets it whole")
    func responseIsSpooled() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let body = String(repeating: "0123456789abcdef", count: 3 << 20)
        gateway.answer("/big", with: .untilClose(body))
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(gateway.waitForRequests(1))
        #expect(waitUntil(Deadline(in: 10)) { gateway.openConnections == 0 })
        #expect(try client.response(within: 20).body == Array(body.utf8))
        server.finish()
    }

    @Test("a client that reads slowly but steadily is not cut by client_min_rate")
    func steadyClientIsKept() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let body = String(repeating: "0123456789abcdef", count: 1 << 20)
        gateway.answer("/big", with: .fixed(body))
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        var count = 0
        for _ in 0..<65 {
            count += try client.read(64 << 10).count
            usleep(100_000)
        }
        count += try client.readToEnd(within: 20).count
        #expect(count > body.utf8.count)
        #expect(!server.log.contains("client_min_rate"))
        server.finish()
    }
}
