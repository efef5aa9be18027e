import Foundation
import TestSupport
import Testing

/// Lines of the error log that operators search for: their words are nginx's. Beside nginx where it is there.
@Suite("Words of the error log", .serialized) struct ErrorLogWordsTests {
    static let kinds: [Server.Kind] = Binary.nginx == nil ? [.portico] : [.portico, .nginx]

    @Test("clients that go, servers that fail, and redirects without an end", arguments: kinds)
    func words(_ kind: Server.Kind) throws {
        let gateway = try RecordingGateway("one")
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; %TEMP_PATHS%
                upstream two { server %DEAD%; server %GATEWAY1% backup; }
                server { listen 127.0.0.1:%PORT1%;
                    location /kept { return 200 "x"; }
                    location /failing { proxy_pass http://two; }
                    location /again { rewrite ^ /again last; }
                    location /inner { error_page 404 = @nowhere; return 404; } } }
            """, kind: kind, gateways: [gateway])
        try RawClient(port: server.port).close()
        let client = try RawClient(port: server.port)
        client.send("GET /kept HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 200)
        client.close()
        #expect(try RawClient.get(server.port, "/failing").status == 200)
        #expect(try RawClient.get(server.port, "/again").status == 500)
        #expect(try RawClient.get(server.port, "/inner").status == 500)
        for line in [
            "[info] ", "client closed connection while waiting for request, client: 127.0.0.1, server: ",
            "client 127.0.0.1 closed keepalive connection",
            "upstream server temporarily disabled while connecting to upstream, client: 127.0.0.1",
            "rewrite or internal redirection cycle while processing \"/again\", client: 127.0.0.1",
            "could not find named location \"@nowhere\", client: 127.0.0.1",
        ] { #expect(server.waitForLog(line), "\(line) is told\n\(server.log)") }
        server.finish(expected: ["connect() failed"])
    }
}
