import Foundation
import TestSupport
import Testing

/// Requests that wait for a server (`queue`), while the group changes.
@Suite("Queue", .serialized) struct QueueTests {
    private func text(_ servers: String) -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream app { zone app 64k; \(servers) queue 5 timeout=30s; }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://app; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    private func ask(_ server: Server, _ path: String) throws -> RawClient {
        let client = try RawClient(port: server.port)
        client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        return client
    }

    private func waiting(_ server: Server) -> Int {
        let upstream = try? server.json("/api/9/http/upstreams/app")
        return number(upstream, "queue", "size") ?? -1
    }

    @Test("a request that waits is given to a server that is added, or whose max_conns is raised")
    func followsTheGroup() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        for gateway in gateways { gateway.answer("/held", with: .hang) }
        let server = try Server(text("server %GATEWAY1% max_conns=1;"), gateways: gateways)
        let holder = try ask(server, "/held")
        #expect(gateways[0].waitForRequests(1))
        let waiter = try ask(server, "/a")
        #expect(waitUntil { waiting(server) == 1 })
        let body = "{\"server\":\"127.0.0.1:\(gateways[1].port)\",\"max_conns\":1}"
        #expect(try server.askUpstreams("POST", "app/servers", body).status == 201)
        #expect(String(latin1: try waiter.response().body) == "two /a\n")
        let secondHolder = try ask(server, "/held")
        #expect(gateways[1].waitForRequests(2))
        let second = try ask(server, "/b")
        #expect(waitUntil { waiting(server) == 1 })
        #expect(try server.askUpstreams("PATCH", "app/servers/0", "{\"max_conns\":2}").status == 200)
        #expect(String(latin1: try second.response().body) == "one /b\n")
        holder.close()
        secondHolder.close()
        server.finish()
    }

    @Test("a request that waits over a reload is given to a server that is new")
    func followsAReload() throws {
        let gateways = [try RecordingGateway("one"), try RecordingGateway("two")]
        gateways[0].answer("/held", with: .hang)
        let server = try Server(text("server %GATEWAY1% max_conns=1;"), gateways: gateways)
        let holder = try ask(server, "/held")
        #expect(gateways[0].waitForRequests(1))
        let waiter = try ask(server, "/a")
        #expect(waitUntil { waiting(server) == 1 })
        try server.rewrite(text("server %GATEWAY1% max_conns=1; server %GATEWAY2%;"), gateways: gateways)
        #expect(try server.reload().ending == .exited(0))
        #expect(String(latin1: try waiter.response().body) == "two /a\n")
        holder.close()
        server.finish()
    }

    @Test("who comes later does not pass those who wait")
    func inOrder() throws {
        let gateway = try RecordingGateway("one")
        gateway.answerAll(with: GatewayAnswer(steps: [.waitForRelease]).then(.close))
        let server = try Server(text("server %GATEWAY1% max_conns=1;"), gateways: [gateway])
        var clients: [RawClient] = []
        for index in 0..<4 {
            clients.append(try ask(server, "/\(index)"))
            #expect(waitUntil { index == 0 ? gateway.requests.count == 1 : waiting(server) == index })
        }
        for count in 1...4 {
            gateway.release()
            if count == 1 { clients.append(try ask(server, "/4")) }
            #expect(gateway.waitForRequests(min(count + 1, 5)))
        }
        gateway.release()
        #expect(waitUntil { gateway.requests.count == 5 })
        #expect(gateway.requests.map(\.target) == ["/0", "/1", "/2", "/3", "/4"])
        server.finish()
    }
}
