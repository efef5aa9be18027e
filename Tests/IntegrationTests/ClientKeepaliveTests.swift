import Foundation
import TestSupport
import Testing

/// How long clients' connections stay. Beside nginx where it is there.
@Suite("Clients' connections", .serialized) struct ClientKeepaliveTests {
    /// Requests that one connection serves, 4 at most.
    private func count(_ server: Server, _ port: Int, _ target: String) throws -> Int {
        let client = try RawClient(port: server.ports[port])
        defer { client.close() }
        for number in 1...4 {
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            guard try client.response().keepsAlive else { return number }
        }
        return 4
    }

    @Test("go by the rules of the locations that a request comes through", arguments: Server.Kind.all)
    func rules(_ kind: Server.Kind) throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; %TEMP_PATHS%
                server { listen 127.0.0.1:%PORT1%; keepalive_requests 1; error_page 404 /more;
                    location /more { keepalive_requests 3; return 200 "x"; }
                    location /server { return 200 "x"; }
                    location /slash/ { proxy_pass http://%DEAD%; }
                    location /if { keepalive_requests 100; if ($arg_x) { return 200 "x"; } rewrite ^ /server; }
                    location /missing { keepalive_requests 100; return 404; } }
                server { listen 127.0.0.1:%PORT2%; keepalive_timeout 0;
                    location /more { keepalive_timeout 9; return 200 "x"; }
                    location /server { return 200 "x"; } }
                server { listen 127.0.0.1:%PORT3%; keepalive_requests 1; return 200 "x"; } }
            """, kind: kind)
        let targets = ["/more", "/server", "/slash", "/if?x=1", "/if", "/missing"]
        #expect(try targets.map { try count(server, 0, $0) } == [3, 1, 1, 4, 1, 1])
        #expect(try ["/more", "/server"].map { try count(server, 1, $0) } == [4, 1])
        #expect(try count(server, 2, "/") == 4)
        server.program.stop()
    }

    @Test("keepalive_min_timeout: an idle client of a worker that ends may ask again for as long")
    func minTimeout() throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; keepalive_timeout 60s;
                server { listen 127.0.0.1:%PORT1%; return 200 "x"; }
                server { listen 127.0.0.1:%PORT2%; keepalive_min_timeout 40s; return 200 "x"; } }
            """)
        let clients = try server.ports.map { try RawClient(port: $0) }
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        for client in clients {
            client.send(request)
            #expect(try client.response().keepsAlive)
        }
        server.program.send(SIGQUIT)
        // Who has no more than ten seconds has had them.
        #expect(clients[0].isClosedByPeer(within: 30))
        clients[1].send(request)
        let last = try clients[1].response()
        #expect(last.text == "x" && !last.keepsAlive && clients[1].isClosedByPeer())
        #expect(server.program.waitForEnd(within: 10) == .exited(0))
    }
}
