import Foundation
import TestSupport
import Testing

/// Names that variables in `proxy_pass` make, looked up for the request that leads to them.
@Suite("Names made of variables", .serialized) struct RequestNameTests {
    private static let name = "app.portico.test"

    private func server(
        _ names: NameServer, _ gateway: RecordingGateway, resolver: String = "valid=1h", _ more: String = ""
    ) throws -> Server {
        try Server(
            """
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log %PREFIX%/access.log combined; resolver_timeout 1s;
                server { listen 127.0.0.1:%PORT1%;
                    resolver 127.0.0.1:\(names.port) ipv6=off \(resolver); \(more)
                    location / { proxy_pass http://$arg_h:\(gateway.port)$uri; }
                    location /streamed/ {
                        set $upstream $arg_h:\(gateway.port);
                        proxy_request_buffering off; proxy_pass http://$upstream; } } }
            """, gateways: [gateway])
    }

    private func status(_ server: Server, _ target: String) -> Int? {
        (try? RawClient.get(server.port, target))?.status
    }

    @Test("a name is asked for once as long as its answer holds, with the path and the field Host of the URL")
    func found() throws {
        let names = try NameServer([Self.name: ["127.0.0.1"]])
        defer { names.stop() }
        let gateway = try RecordingGateway()
        let server = try server(names, gateway)
        for _ in 0..<5 { #expect(status(server, "/a?h=\(Self.name)") == 200) }
        #expect(names.questionCount(of: Self.name) == 1)
        let request = try #require(gateway.requests.first)
        #expect(
            request.target == "/a" && request.head["Host"] == "\(Self.name):\(gateway.port)")
        // An address needs no name server.
        #expect(status(server, "/a?h=127.0.0.1") == 200)
        #expect(names.questionCount == 1)
        server.finish()
    }

    @Test("an answer holds as long as it says: other addresses are found without a reload")
    func moves() throws {
        let names = try NameServer([Self.name: ["127.0.0.2"]])
        defer { names.stop() }
        let gateway = try RecordingGateway()
        let server = try server(names, gateway, resolver: "")
        // Nobody listens at the first address.
        #expect(status(server, "/?h=\(Self.name)") == 502)
        names.set(Self.name, ["127.0.0.2", "127.0.0.1"])
        #expect(waitUntil(Deadline(in: 5)) { status(server, "/?h=\(Self.name)") == 200 })
        // The other one is tried first, or is known to have failed.
        for _ in 0..<4 { #expect(status(server, "/?h=\(Self.name)") == 200) }
        server.finish(expected: ["connect() failed", "no live upstreams"])
    }

    @Test("what cannot be resolved is a 502 in nginx's words, and is asked for again by the next request")
    func unknown() throws {
        let names = try NameServer(["silent.portico.test": NameServer.silence])
        defer { names.stop() }
        let gateway = try RecordingGateway()
        let server = try server(names, gateway)
        #expect(status(server, "/?h=\(Self.name)") == 502)
        #expect(
            server.log.contains("[error] ")
                && server.log.contains(
                    " \(Self.name) could not be resolved (3: Host not found), client: 127.0.0.1")
        )
        #expect(status(server, "/?h=silent.portico.test") == 502)
        #expect(server.log.contains("silent.portico.test could not be resolved (110: Operation timed out)"))
        for bad in ["", "a..b", "\(String(repeating: "x", count: 300))"] {
            #expect([500, 502].contains(try #require(status(server, "/?h=\(bad)"))), "\(bad)")
        }
        names.set(Self.name, ["127.0.0.1"])
        #expect(status(server, "/?h=\(Self.name)") == 200)
        server.finish(expected: ["could not be resolved", "no host in upstream", "invalid"])
    }

    @Test("a name server that falls silent takes no name away that was known")
    func stale() throws {
        let names = try NameServer([Self.name: ["127.0.0.1"]])
        defer { names.stop() }
        let gateway = try RecordingGateway()
        let server = try server(names, gateway, resolver: "valid=1s")
        #expect(status(server, "/?h=\(Self.name)") == 200)
        names.set(Self.name, NameServer.silence)
        var statuses: Set<Int?> = []
        let isSaid = waitUntil(Deadline(in: 10)) {
            statuses.insert(status(server, "/?h=\(Self.name)"))
            return server.log.contains("the addresses until now go on to be used")
        }
        #expect(isSaid && statuses == [200])
        // The server says that there is none any more.
        names.set(Self.name, nil)
        #expect(waitUntil(Deadline(in: 10)) { status(server, "/?h=\(Self.name)") == 502 })
        server.finish(expected: ["could not be resolved"])
    }

    @Test("requests wait together; who leaves meanwhile is logged as gone, and the others are served")
    func waiting() throws {
        let names = try NameServer([Self.name: NameServer.silence])
        defer { names.stop() }
        let gateway = try RecordingGateway()
        let server = try server(names, gateway)
        let clients = try (0..<4).map { _ in try RawClient(port: server.port) }
        let body = String(repeating: "x", count: 100_000)
        for (number, client) in clients.enumerated() {
            let path = number % 2 == 0 ? "/" : "/streamed/"
            client.send(
                "POST \(path)?h=\(Self.name) HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n\(body)")
        }
        #expect(waitUntil(Deadline(in: 5)) { names.questionCount(of: Self.name) > 0 })
        clients[0].close()
        #expect(server.waitForLog("client prematurely closed connection"))
        names.set(Self.name, ["127.0.0.1"])
        // The question is asked once more within the time that a lookup has.
        for client in clients.dropFirst() { #expect(try client.response(to: "POST").status == 200) }
        #expect(gateway.requests.count == 3)
        #expect(gateway.requests.allSatisfy { $0.body.count == 100_000 })
        server.finish()
    }
}
