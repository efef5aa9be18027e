import Foundation
import TestSupport
import Testing

/// A reload in running workers: what clients and operators notice of it.
@Suite("Reload in place", .serialized) struct ReloadTests {
    private func text(_ word: String, more: String = "", workers: Int = 1) -> String {
        """
        worker_processes \(workers);
        error_log %PREFIX%/error.log notice;
        events { }
        http {
            access_log %PREFIX%/access.log;
            upstream app { server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT1%; \(more)
                location / { return 200 "\(word)\\n"; }
                location /app { proxy_pass http://app; } }
        }
        """
    }

    private func workers(of server: Server) -> Set<pid_t> { Set(server.program.children) }

    @Test("a kept connection goes on, and its next request is served by the new configuration")
    func keepsConnections() throws {
        let gateway = try RecordingGateway("app")
        let server = try Server(text("first"), gateways: [gateway])
        let client = try RawClient(port: server.port)
        func ask(_ path: String) throws -> String {
            client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            return String(latin1: try client.response().body)
        }
        #expect(try ask("/") == "first\n")
        _ = try ask("/app")
        let before = workers(of: server)
        try server.rewrite(text("second", more: "set $x y;"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        #expect(try ask("/") == "second\n")
        _ = try ask("/app")
        #expect(workers(of: server) == before)
        // The gateway's connection was kept as well.
        #expect(Set(gateway.requests.map(\.connection)).count == 1)
        #expect(
            waitUntil(Deadline(in: 5)) {
                server.directory.read("access.log").split(separator: "\n").count == 4
            })
        server.finish()
    }

    @Test("a request under way ends under the configuration that it began with")
    func requestsUnderWayGoOn() throws {
        let gateway = try RecordingGateway("slow")
        gateway.enqueue(
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab").then(.waitForRelease).then(
                .send(Array("cd".utf8))))
        let server = try Server(text("first"), gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET /app HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(gateway.waitForRequests(1))
        try server.rewrite(
            "events { } http { access_log off; server { listen 127.0.0.1:%PORT1%; return 204; } }")
        #expect(try server.reload().ending == .exited(0))
        gateway.release()
        #expect(String(latin1: try client.response().body) == "abcd")
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 204)
        server.finish()
    }

    @Test("worker_shutdown_timeout bounds what a former configuration keeps alive")
    func formerConfigurationEnds() throws {
        let gateway = try RecordingGateway("app")
        gateway.answer("/app", with: .upgrade())
        let upgrade = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
        let limited = "worker_shutdown_timeout 300ms;\n" + text("second", more: upgrade)
        let server = try Server(text("first", more: upgrade), gateways: [gateway])
        func tunnel() throws -> RawClient {
            let client = try RawClient(port: server.port)
            client.send(
                "GET /app HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            #expect(try client.response().status == 101)
            return client
        }
        let old = try tunnel()
        let idle = try RawClient(port: server.port)
        idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try idle.response().status == 200)
        try server.rewrite(limited, gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        let new = try tunnel()
        #expect(old.isClosedByPeer(within: 5))
        new.send("still")
        #expect(try new.read(5) == Array("still".utf8))
        idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try idle.response().status == 200)
        server.finish()
    }

    @Test("what worker_shutdown_timeout ends is ended on the gateway's side too, and is logged")
    func endedRequestsLeaveNothing() throws {
        let gateway = try RecordingGateway("app")
        func text(_ more: String) -> String {
            """
            worker_processes 1; \(more)
            error_log %PREFIX%/error.log info;
            events { }
            http { log_format s "$uri $status"; access_log %PREFIX%/access.log s;
                upstream waiting { zone waiting 64k; server %GATEWAY1% max_conns=1 max_fails=0; }
                upstream sending { zone sending 64k; server %GATEWAY1% max_conns=1 max_fails=0; }
                upstream tunnel { zone tunnel 64k; server %GATEWAY1% max_conns=1 max_fails=0; }
                server { listen 127.0.0.1:%PORT1%;
                    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
                    location /waiting { proxy_pass http://waiting; }
                    location /sending { proxy_pass http://sending; }
                    location /tunnel { proxy_pass http://tunnel; } } }
            """
        }
        let paths = ["/waiting", "/sending", "/tunnel"]
        gateway.answer("/waiting", with: .hang)
        gateway.answer("/sending", with: .raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234").then(.hang))
        gateway.answer("/tunnel", with: .upgrade())
        let server = try Server(text(""), gateways: [gateway])
        let clients = try paths.map { path -> RawClient in
            let client = try RawClient(port: server.port)
            client.send(
                "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            return client
        }
        #expect(gateway.waitForRequests(3))
        #expect(try RawClient.get(server.port, "/waiting").status == 502)
        try server.rewrite(text("worker_shutdown_timeout 300ms;"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        for client in clients { #expect(client.isClosedByPeer(within: 5)) }
        #expect(waitUntil(Deadline()) { gateway.openConnections == 0 })
        gateway.forget()
        for path in paths { #expect(try RawClient.get(server.port, path).text == "app \(path)\n") }
        let lines = server.directory.read("access.log").split(separator: "\n").map(String.init)
        for line in ["/waiting 499", "/sending 200", "/tunnel 101"] {
            #expect(lines.contains(line), "\(line) in \(lines)")
        }
        server.finish(expected: ["no live upstreams"])
    }

    @Test("a connection to an address that is not listened on any more gets one more answer")
    func removedAddress() throws {
        let gateway = try RecordingGateway("app")
        let server = try Server(
            text("first", more: "listen 127.0.0.1:%PORT2%;"), gateways: [gateway])
        let client = try RawClient(port: server.ports[1])
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 200)
        try server.rewrite(text("second"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        #expect((try? RawClient(port: server.ports[1])) == nil)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let last = try client.response()
        #expect(String(latin1: last.body) == "first\n")
        #expect(last["Connection"] == "close")
        server.finish()
    }

    @Test("a refused configuration is told with its place, and exit status 1")
    func refusalIsTold() throws {
        let gateway = try RecordingGateway("app")
        let server = try Server(text("first") + "# %PORT2%\n", gateways: [gateway], awaitsPorts: false)
        #expect(waitUntil(Deadline(in: 5)) { (try? RawClient.get(server.port, "/"))?.status == 200 })
        // The address is taken: only the master can find that out.
        let taken = try Socket.listen(port: server.ports[1])
        defer { close(taken) }
        try server.rewrite(text("second", more: "listen 127.0.0.1:%PORT2%;"), gateways: [gateway])
        let result = try server.reload()
        #expect(result.ending == .exited(1))
        #expect(result.errors.contains("bind() to 127.0.0.1:\(server.ports[1]) failed"))
        #expect(String(latin1: try RawClient.get(server.port, "/").body) == "first\n")
        server.finish(expected: ["bind() to", "was refused"])
    }

    @Test("what a running worker cannot take on is served by new ones")
    func otherwiseNewWorkers() throws {
        let gateway = try RecordingGateway("app")
        let server = try Server(text("first"), gateways: [gateway])
        #expect(waitUntil(Deadline(in: 5)) { workers(of: server).count == 1 })
        let before = workers(of: server)
        try server.rewrite(text("second", workers: 2), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        #expect(
            waitUntil(Deadline(in: 5)) {
                let now = workers(of: server)
                return now.count == 2 && now.isDisjoint(with: before)
            })
        #expect(String(latin1: try RawClient.get(server.port, "/").body) == "second\n")
        server.finish()
    }

    @Test("a worker that does not answer is replaced; the service goes on by the new configuration")
    func silentWorkerIsReplaced() throws {
        let gateway = try RecordingGateway("app")
        let server = try Server(text("first", workers: 2), gateways: [gateway])
        #expect(waitUntil(Deadline(in: 5)) { workers(of: server).count == 2 })
        let stopped = try #require(workers(of: server).first)
        kill(stopped, SIGSTOP)
        defer { kill(stopped, SIGCONT) }
        try server.rewrite(text("second", workers: 2), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        kill(stopped, SIGCONT)
        #expect(
            waitUntil(Deadline(in: 5)) {
                let now = workers(of: server)
                return now.count == 2 && !now.contains(stopped)
            })
        for _ in 0..<10 { #expect(String(latin1: try RawClient.get(server.port, "/").body) == "second\n") }
        server.finish(expected: ["did not take the new configuration"])
    }

    @Test("a TLS session made before a reload is resumed after it, by any worker")
    func sessionsSurvive() throws {
        let server = try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed;
                return 200 "$ssl_session_reused"; } }
            """)
        let file = server.directory.path + "/session"
        func connect(_ option: String) throws -> String {
            try Program.run(
                "/usr/bin/openssl",
                ["s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_2", option, file],
                in: server.directory, name: "s_client"
            ).output
        }
        _ = try connect("-sess_out")
        #expect(try server.reload().ending == .exited(0))
        for _ in 0..<6 { #expect(try connect("-sess_in").contains("Reused, TLSv1.2")) }
        server.finish()
    }

    @Test("a configuration that listens nowhere ends no worker, and the next one is served again")
    func listensNowhere() throws {
        let gateway = try RecordingGateway("app")
        let server = try Server(text("one"), gateways: [gateway])
        #expect(try RawClient.get(server.port, "/").status == 200)
        // The lowest number; the checker is replaced.
        let worker = workers(of: server).min()
        try server.rewrite(
            "worker_processes 1; error_log %PREFIX%/error.log info; events { } http { access_log off; }")
        #expect(try server.reload().ending == .exited(0))
        #expect(waitUntil(Deadline(in: 5)) { (try? RawClient(port: server.port)) == nil })
        try server.rewrite(text("two"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        #expect(try RawClient.get(server.port, "/").status == 200)
        #expect(worker != nil && workers(of: server).min() == worker)
        server.finish()
    }
}
