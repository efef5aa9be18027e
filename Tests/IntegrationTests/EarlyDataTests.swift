import Foundation
import TestSupport
import Testing

/// `ssl_early_data`: requests that come with a client's first message.
@Suite("Early data", .serialized) struct EarlyDataTests {
    private func server(_ lines: String, _ directory: TemporaryDirectory, _ gateway: RecordingGateway) throws
        -> Server
    {
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        return try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                \(lines) location / { return 200 "early=$ssl_early_data reused=$ssl_session_reused"; } } }
            """, gateways: [gateway], directory: directory)
    }

    /// A first connection for a ticket, then a second one that begins with the request.
    private func ask(_ server: Server, _ request: String) throws -> String {
        let path = server.directory.path
        try server.directory.write(
            request.replacingOccurrences(of: "\n", with: "\r\n") + "\r\n\r\n", to: "request")
        let address = "127.0.0.1:\(server.port)"
        let first = try Program.run(
            "sh",
            [
                "-c",
                "(printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'; sleep 0.2)"
                    + " | openssl s_client -connect \(address) -tls1_3 -sess_out \(path)/session -ign_eof",
            ], in: server.directory, name: "first")
        #expect(
            first.output.contains("Max Early Data: 16384") || first.output.contains("early=0"),
            "\(first.output)")
        let second = try Program.run(
            "sh",
            [
                "-c",
                "openssl s_client -connect \(address) -tls1_3 -sess_in \(path)/session"
                    + " -early_data \(path)/request -ign_eof < /dev/null",
            ], in: server.directory, name: "second")
        return second.output
    }

    @Test("without being told of it, gateways see only requests of clients that are there")
    func held() throws {
        let gateway = try RecordingGateway()
        let server = try server(
            "ssl_early_data on; location /gw { proxy_pass http://%GATEWAY1%; }", TemporaryDirectory(), gateway
        )
        let answer = try ask(server, "GET / HTTP/1.1\nHost: a\nConnection: close")
        #expect(answer.contains("Early data was accepted") && answer.contains("early= reused=r"), "\(answer)")
        let post = try ask(server, "POST /gw HTTP/1.1\nHost: a\nContent-Length: 0\nConnection: close")
        #expect(post.contains("HTTP/1.1 200") && gateway.requests.count == 1)
        server.finish()
    }

    @Test("a location that tells its gateways is served at once; others, and what may do harm, get 425")
    func served() throws {
        let gateway = try RecordingGateway()
        let server = try server(
            """
            ssl_early_data on;
            location /told { proxy_pass http://%GATEWAY1%; proxy_set_header Early-Data $ssl_early_data; }
            location /untold { proxy_pass http://%GATEWAY1%; }
            location /alike { proxy_pass http://%GATEWAY1%; proxy_set_header Early-Data not_ssl_early_data; }
            location /capitals { proxy_pass http://%GATEWAY1%; proxy_set_header Early-Data ${SSL_Early_Data}; }
            """, TemporaryDirectory(), gateway)
        #expect(try ask(server, "GET / HTTP/1.1\nHost: a\nConnection: close").contains("early=1 reused=r"))
        #expect(try ask(server, "GET /told HTTP/1.1\nHost: a\nConnection: close").contains("HTTP/1.1 200"))
        #expect(gateway.requests.last?["early-data"] == "1")
        #expect(try ask(server, "GET /untold HTTP/1.1\nHost: a\nConnection: close").contains("HTTP/1.1 425"))
        #expect(try ask(server, "GET /alike HTTP/1.1\nHost: a\nConnection: close").contains("HTTP/1.1 425"))
        let post = try ask(server, "POST /told HTTP/1.1\nHost: a\nContent-Length: 0\nConnection: close")
        #expect(post.contains("HTTP/1.1 425") && gateway.requests.count == 1)
        // Names of variables have no case.
        #expect(
            try ask(server, "GET /capitals HTTP/1.1\nHost: a\nConnection: close").contains("HTTP/1.1 200"))
        #expect(gateway.requests.last?["early-data"] == "1")
        server.finish()
    }

    @Test("where it is off, a client has to send its request again after the handshake")
    func off() throws {
        let gateway = try RecordingGateway()
        let server = try server("", TemporaryDirectory(), gateway)
        let path = server.directory.path
        _ = try Program.run(
            "sh",
            [
                "-c",
                "(sleep 0.2) | openssl s_client -connect 127.0.0.1:\(server.port) -tls1_3 -sess_out \(path)/session",
            ], in: server.directory, name: "first")
        try server.directory.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n", to: "request")
        let second = try Program.run(
            "sh",
            [
                "-c",
                "openssl s_client -connect 127.0.0.1:\(server.port) -tls1_3 -sess_in \(path)/session"
                    + " -early_data \(path)/request < /dev/null",
            ], in: server.directory, name: "second")
        #expect(!(second.output + second.errors).contains("Early data was accepted"))
        server.finish()
    }
}
