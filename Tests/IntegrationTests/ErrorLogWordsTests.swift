import Foundation
import TestSupport
import Testing

/// Lines of the error log that operators search for: their words are nginx's. Beside nginx where it is there.
@Suite("Words of the error log", .serialized) struct ErrorLogWordsTests {
    @Test("clients that go, servers that fail, and redirects without an end", arguments: Server.Kind.all)
    func words(_ kind: Server.Kind) throws {
        let gateway = try RecordingGateway("one")
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; %TEMP_PATHS%
                upstream two { server %DEAD%; server %GATEWAY1% backup; }
                upstream off { server %GATEWAY1% down; }
                server { listen 127.0.0.1:%PORT1%;
                    location /kept { return 200 "x"; }
                    location /failing { proxy_pass http://two; }
                    location /off/ { proxy_pass http://off/x/; }
                    location /again { rewrite ^ /again last; }
                    location /inner { error_page 404 = @nowhere; return 404; } } }
            """, kind: kind, gateways: [gateway])
        try RawClient(port: server.port).close()
        let client = try RawClient(port: server.port)
        client.send("GET /kept HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 200)
        client.close()
        #expect(try RawClient.get(server.port, "/failing").status == 200)
        #expect(try RawClient.get(server.port, "/off/a?b").status == 502)
        #expect(try RawClient.get(server.port, "/again").status == 500)
        #expect(try RawClient.get(server.port, "/inner").status == 500)
        for line in [
            "[info] ", "client closed connection while waiting for request, client: 127.0.0.1, server: ",
            "client 127.0.0.1 closed keepalive connection",
            "upstream server temporarily disabled while connecting to upstream, client: 127.0.0.1",
            "no live upstreams while connecting to upstream, client: 127.0.0.1, server: , request: "
                + "\"GET /off/a?b HTTP/1.1\", upstream: \"http://off/x/a?b\", host: ",
            "rewrite or internal redirection cycle while processing \"/again\", client: 127.0.0.1",
            "could not find named location \"@nowhere\", client: 127.0.0.1",
        ] { #expect(server.waitForLog(line), "\(line) is told\n\(server.log)") }
        server.finish(expected: ["connect() failed", "no live upstreams"])
    }

    @Test(
        "heads that are wrong, late or cut: which part of it was read, and what there was",
        arguments: Server.Kind.all)
    func heads(_ kind: Server.Kind) throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; %TEMP_PATHS%
                server { listen 127.0.0.1:%PORT1%; client_header_timeout 200ms; client_body_timeout 200ms;
                    location / { client_max_body_size 9; proxy_pass http://127.0.0.1:1; } } }
            """, kind: kind)
        for text in ["BAD\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
            let client = try RawClient(port: server.port)
            client.send(text)
            #expect(try client.response().status == 400)
        }
        let late = try [
            "GET /lin", "GET /fields HTTP/1.1\r\nHos",
            "POST / HTTP/1.1\r\nHost: a\r\n"
                + "Content-Length: 9\r\n\r\nx",
        ].map { text in
            let client = try RawClient(port: server.port)
            client.send(text)
            return client
        }
        for client in late { #expect(client.isClosedByPeer(within: 5)) }
        for text in ["GET /cut-lin", "GET /cut HTTP/1.1\r\nHos"] {
            let client = try RawClient(port: server.port)
            client.send(text)
            client.close()
        }
        let timedOut = "client timed out (110: Connection timed out) while reading client request"
        let cut = "client prematurely closed connection while reading client request"
        let who = ", client: 127.0.0.1, server: , request: "
        for line in [
            "client sent invalid method while reading client request line\(who)\"BAD\"",
            "client sent invalid request while reading client request line\(who)\"GET /%zz HTTP/1.1\"",
            "client sent HTTP/1.1 request without \"Host\" header while reading client request headers"
                + "\(who)\"GET / HTTP/1.1\"",
            "\(timedOut) line\(who)\"GET /lin\"", "\(timedOut) headers\(who)\"GET /fields HTTP/1.1\"",
            "\(cut) line\(who)\"GET /cut-lin\"", "\(cut) headers\(who)\"GET /cut HTTP/1.1\"",
        ] { #expect(server.waitForLog(line), "\(line) is told\n\(server.log)") }
        #expect(!server.log.contains("request: \"POST /"))
        server.finish()
    }

    @Test(
        "a head that is refused is told with the names that it gave before that", arguments: Server.Kind.all)
    func refusedNames(_ kind: Server.Kind) throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { log_format l "$status $host $server_name $http_x_odd $http_referer|";
                access_log %PREFIX%/access.log l; %TEMP_PATHS%
                server { listen 127.0.0.1:%PORT1%; server_name first.test; return 200; }
                server { listen 127.0.0.1:%PORT1%; server_name b.test; return 200; } }
            """, kind: kind)
        let wrong = "bad field: x\r\n"
        for head in Self.refusedHeads {
            let client = try RawClient(port: server.port)
            client.send("GET /\(head.path) HTTP/1.1\r\n\(head.fields)\(wrong)\r\n")
            #expect(try client.response().status == 400)
        }
        for head in Self.refusedHeads {
            let line = "request: \"GET /\(head.path) HTTP/1.1\"\(head.told)\n"
            #expect(server.waitForLog("server: \(head.server), \(line)"), "\(line)\n\(server.log)")
        }
        let lines = "400 first.test"
        #expect(
            server.directory.read("access.log").hasPrefix(lines), "\(server.directory.read("access.log"))")
        server.finish()
    }

    private static let refusedHeads: [(path: String, fields: String, server: String, told: String)] = [
        ("none", "", "first.test", ""),
        ("host", "Host: B.test:80\r\n", "b.test", ", host: \"B.test:80\""),
        (
            "more", "Referer: /r\r\nHost: b.test\r\nX_Odd: 1\r\n", "b.test",
            ", host: \"b.test\", referrer: \"/r\""
        ),
    ]
}
