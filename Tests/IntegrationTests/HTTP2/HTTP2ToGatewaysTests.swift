import Foundation
import TestSupport
import Testing

/// `proxy_http_version 2` towards real gateways.
@Suite("HTTP/2 to gateways", .serialized) struct HTTP2ToGatewaysTests {
    private func gateway(_ kind: Server.Kind) throws -> Server {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["app"], in: directory)
        return try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log info; events { }
            http { access_log off; %TEMP_PATHS%
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                server { listen 127.0.0.1:%PORT1% http2; listen 127.0.0.1:%PORT2% ssl http2;
                    location / { add_header X-Asked "$request_method $host $http_te|$http_connection";
                        return 200 "$server_protocol $connection_requests"; }
                    location /plain/slow { alias %PREFIX%/slow; limit_rate 30k; } }
                server { listen 127.0.0.1:%PORT3% ssl; return 200 "$server_protocol $connection_requests"; } }
            """, kind: kind, directory: directory)
    }

    @Test(
        "a reload cuts nothing, and the connections go on under the configuration that follows",
        arguments: Server.Kind.all)
    func reload(kind: Server.Kind) throws {
        let gateway = try gateway(kind)
        try gateway.directory.write([UInt8](repeating: 0x61, count: 60_000), to: "slow")
        let server = try front(gateway)
        let client = try RawClient(port: server.port)
        client.send("GET /plain/slow HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try RawClient.get(server.port, "/plain").text == "HTTP/2.0 2")
        #expect(try server.reload().ending == .exited(0))
        let answer = try client.response(within: 30)
        #expect(answer.status == 200 && answer.isWhole && answer.body.count == 60_000)
        #expect(try RawClient.get(server.port, "/plain").text == "HTTP/2.0 3")
        server.finish()
        gateway.finish()
    }

    private func front(_ gateway: Server) throws -> Server {
        try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log info; events { }
            http { access_log off; proxy_http_version 2;
                upstream plain { server 127.0.0.1:\(gateway.ports[0]); }
                upstream secure { server 127.0.0.1:\(gateway.ports[1]); }
                upstream older { server 127.0.0.1:\(gateway.ports[2]); }
                server { listen 127.0.0.1:%PORT1%; http2 on;
                    location /plain { proxy_pass http://plain; }
                    location /secure { proxy_pass https://secure; }
                    location /older { proxy_pass https://older; } } }
            """)
    }

    @Test(
        "connections are kept and shared, by prior knowledge and by ALPN; a gateway of HTTP/1.1 is spoken to in that",
        arguments: Server.Kind.all)
    func protocols(kind: Server.Kind) throws {
        let gateway = try gateway(kind)
        let server = try front(gateway)
        for (path, version) in [("/plain", "HTTP/2.0"), ("/secure", "HTTP/2.0"), ("/older", "HTTP/1.1")] {
            for number in 1...3 {
                let answer = try RawClient.get(server.port, path)
                #expect(answer.text == "\(version) \(number)", "\(path)")
            }
        }
        let head = try RawClient.ask(
            server.port, "HEAD /plain HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n")
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(head["X-Asked"] == "HEAD plain trailers|")
        server.finish()
        gateway.finish()
    }
}
