import Foundation
import TestSupport
import Testing

/// What the access log says of an attempt whose client went away, as nginx does.
@Suite("A client that leaves") struct ClientLeftTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format l "$uri $upstream_status $upstream_connect_time $upstream_header_time $upstream_response_time|";
            access_log %PREFIX%/access.log l;
            upstream two { server %DEAD%; server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://%GATEWAY1%; }
                location /two { proxy_pass http://two; }
                location /page { proxy_intercept_errors on; error_page 404 /said; proxy_pass http://%GATEWAY1%; }
                location /said { return 200; } }
        }
        """

    private static let seconds = #"\d+\.\d{3}"#

    private func expectLine(_ pattern: String, _ server: Server) {
        let isThere = waitUntil(Deadline(in: 5)) {
            server.directory.read("access.log").range(of: pattern, options: .regularExpression) != nil
        }
        #expect(isThere, "\(pattern) in:\n\(server.directory.read("access.log"))")
    }

    @Test(
        "leaves the time that its gateway took so far",
        arguments: [
            ("/hang", GatewayAnswer.hang), ("/part", .raw("HTTP/1.1 200 OK\r\nX-").then(.hang)),
            ("/two", .hang),
        ])
    func timeIsLogged(path: String, answer: GatewayAnswer) throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        gateway.answerAll(with: answer)
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(waitUntil(Deadline(in: 5)) { !gateway.requests.isEmpty })
        client.close()
        let seconds = Self.seconds
        if path == "/two" {
            expectLine("/two (502, )?- (-, )?\(seconds) (-, )?- (\(seconds), )?\(seconds)\\|", server)
        } else {
            expectLine("\(path) - \(seconds) - \(seconds)\\|", server)
        }
        server.finish()
    }

    @Test("is noticed while limit_rate makes its response wait", arguments: [true, false])
    func pausedResponse(isHalfClosed: Bool) throws {
        let part = String(repeating: "x", count: 2000)
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; limit_rate 200;
                server { listen 127.0.0.1:%PORT1%; set $part \(part); return 200 $part$part$part$part$part; } }
            """)
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.read(100)
        // What is left would take most of a minute.
        if isHalfClosed {
            client.finishSending()
            #expect(client.isClosedByPeer(within: 20))
        } else {
            client.close()
        }
        #expect(server.waitForLog("client prematurely closed connection", within: 20))
        server.finish()
    }

    @Test("an answer that is not wanted beyond its head has its time as well")
    func unreadAnswersHaveTheirTime() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        gateway.answer(
            "/page", with: .raw("HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nabc").then(.hang))
        gateway.answer(
            "/accel",
            with: .raw("HTTP/1.1 200 OK\r\nX-Accel-Redirect: /said\r\nContent-Length: 10\r\n\r\nabc").then(
                .hang))
        let server = try Server(Self.text, gateways: [gateway])
        let seconds = Self.seconds
        _ = try RawClient.get(server.port, "/page")
        expectLine("/said 404 \(seconds) \(seconds) \(seconds)\\|", server)
        _ = try RawClient.get(server.port, "/accel")
        expectLine("/said 200 \(seconds) \(seconds) \(seconds)\\|", server)
        server.finish()
    }
}
