import Foundation
import TestSupport
import Testing

/// `OPTIONS *` asks about the server as a whole: RFC 9110 §9.3.7.
@Suite("OPTIONS *") struct ServerOptionsTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format l "$request_uri $uri $status";
            access_log %PREFIX%/access.log l;
            server { listen 127.0.0.1:%PORT1%; server_name open.test; root %PREFIX%; try_files $uri /none;
                location / { return 403; } location ~ . { return 403; } }
            server { listen 127.0.0.1:%PORT1%; server_name moved.test; return 421; }
            server { listen 127.0.0.1:%PORT1%; server_name closed.test; deny all; }
        }
        """

    @Test("is answered by the server itself, under its own rules")
    func isAnswered() throws {
        let server = try Server(Self.text)
        let client = try RawClient(port: server.port)
        for _ in 0..<2 {
            client.send("OPTIONS * HTTP/1.1\r\nHost: open.test\r\n\r\n")
            let response = try client.response(to: "OPTIONS")
            #expect(response.status == 200 && response.body.isEmpty)
            #expect(response["Content-Length"] == "0")
            #expect(response["Allow"]?.contains("OPTIONS") == true)
        }
        for (host, status) in [("moved.test", 421), ("closed.test", 403)] {
            let request = "OPTIONS * HTTP/1.1\r\nHost: \(host)\r\n\r\n"
            #expect(try RawClient.ask(server.port, request).status == status)
        }
        #expect(waitUntil(Deadline(in: 5)) { server.directory.read("access.log").contains("* * 403") })
        #expect(server.directory.read("access.log").contains("* * 200"))
        server.finish()
    }

    @Test("no other method has such a target", arguments: ["GET", "HEAD", "POST", "TRACE", "X"])
    func othersAreRefused(method: String) throws {
        let server = try Server(Self.text)
        let response = try RawClient.ask(server.port, "\(method) * HTTP/1.1\r\nHost: open.test\r\n\r\n")
        #expect(response.status == 400)
        server.finish()
    }
}
