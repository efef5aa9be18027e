import Foundation
import TestSupport
import Testing

/// `proxy_limit_rate`: a gateway is read no faster than that, whatever the client takes.
@Suite("proxy_limit_rate") struct ProxyRateTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            server { listen 127.0.0.1:%PORT1%; proxy_read_timeout 900ms;
                location / { proxy_limit_rate 100k; proxy_pass http://%GATEWAY1%; }
                location /asked { proxy_limit_rate $arg_rate; proxy_pass http://%GATEWAY1%; }
                location /unbuffered { proxy_limit_rate 100k; proxy_buffering off; proxy_pass http://%GATEWAY1%; }
                location /client { limit_rate $arg_rate; limit_rate_after $arg_after;
                    proxy_pass http://%GATEWAY1%; }
            }
        }
        """

    private static let body = String(repeating: "0123456789abcdef", count: 15_000)

    /// Milliseconds that the response took.
    private func time(_ server: Server, _ target: String) throws -> Double {
        let begunNs = Deadline.nowNs()
        let client = try RawClient(port: server.port)
        client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try client.response(within: 30)
        #expect(response.status == 200)
        #expect(response.text == Self.body, "\(target)")
        return Double(Deadline.nowNs() - begunNs) / 1e6
    }

    /// 240,000 bytes at 102,400 a second: each second that has begun allows those of a second, so that more
    /// than one whole second lies within.
    @Test("a response takes its time, and longer than the gateway may be silent")
    func time() throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        gateway.answerAll(with: .fixed(Self.body))
        #expect(try time(server, "/") > 1000)
        #expect(try time(server, "/asked?rate=100k") > 1000)
        let pieces = stride(from: 0, to: Self.body.count, by: 24_000).map {
            String(Self.body.dropFirst($0).prefix(24_000))
        }
        gateway.answerAll(with: .chunked(pieces))
        #expect(try time(server, "/") > 1000)
        server.finish()
    }

    @Test("it does not where there is no limit, or nothing is buffered")
    func noLimit() throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        gateway.answerAll(with: .fixed(Self.body))
        for target in ["/asked", "/asked?rate=0", "/unbuffered", "/asked?rate=100m"] {
            // On a busy machine anything may take a second, but not each time.
            let isQuick = try (0..<5).contains { _ in try time(server, target) < 900 }
            #expect(isQuick, "\(target)")
        }
        server.finish()
    }

    @Test("the limit of what clients get may be made of variables")
    func clients() throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        gateway.answerAll(with: .fixed(Self.body))
        #expect(try time(server, "/client?rate=100k&after=0") > 1000)
        let isQuick = try (0..<5).contains { _ in
            try time(server, "/client?rate=100k&after=300k") < 900
        }
        #expect(isQuick)
        server.finish()
    }
}
