import Foundation
import TestSupport
import Testing

/// Servers that are known by name: not yet found, found, moved.
@Suite("Names of servers", .serialized) struct NameTests {
    /// Answers from 127.0.0.2 and 127.0.0.3 too, since gateways listen on one address only.
    private func text(_ names: NameServer, _ lines: String) -> String {
        """
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            resolver 127.0.0.1:\(names.port) ipv6=off; resolver_timeout 2s;
            upstream app { \(lines) }
            server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app; } } }
        """
    }

    private func status(_ server: Server) -> Int? { (try? RawClient.get(server.port, "/"))?.status }

    @Test("a name that is not known yet is warned of; the other servers serve, and it joins when found")
    func joinsWhenFound() throws {
        let names = try NameServer([:])
        defer { names.stop() }
        let (one, two) = (try RecordingGateway("one"), try RecordingGateway("two"))
        let server = try Server(
            text(names, "server %GATEWAY1%; server app.portico.test:\(two.port);"), gateways: [one, two])
        #expect(server.log.contains("host not found in upstream \"app.portico.test:\(two.port)\""))
        for _ in 0..<4 { #expect(status(server) == 200) }
        #expect(two.requests.isEmpty)
        names.set("app.portico.test", ["127.0.0.1"])
        #expect(
            waitUntil(Deadline(in: 8)) {
                _ = status(server)
                return !two.requests.isEmpty
            })
        #expect(server.waitForLog("in upstream \"app\" is now 127.0.0.1:\(two.port)"))
        server.finish(expected: ["could not be resolved"])
    }

    @Test("with resolve a name is followed by its time to live, without a reload or a lost request")
    func followsChanges() throws {
        let names = try NameServer(["app.portico.test": ["127.0.0.2"]])
        defer { names.stop() }
        let gateway = try RecordingGateway("one")
        let server = try Server(
            text(names, "server app.portico.test:\(gateway.port) resolve max_fails=0;"), gateways: [gateway])
        // Nobody listens at the first address.
        #expect(server.waitForLog("is now 127.0.0.2:\(gateway.port)"))
        #expect(waitUntil(Deadline(in: 5)) { status(server) == 502 })
        names.set("app.portico.test", ["127.0.0.1"])
        #expect(waitUntil(Deadline(in: 5)) { status(server) == 200 })
        // Where nobody answers it goes on where it was; a name that does not exist any more has no servers.
        names.set("app.portico.test", NameServer.silence)
        #expect(server.waitForLog("could not be resolved (110: Operation timed out)", within: 12))
        for _ in 0..<5 { #expect(status(server) == 200) }
        names.set("app.portico.test", nil)
        #expect(server.waitForLog("is now gone", within: 12))
        #expect(waitUntil(Deadline(in: 8)) { status(server) == 502 })
        names.set("app.portico.test", ["127.0.0.1"])
        #expect(waitUntil(Deadline(in: 8)) { status(server) == 200 })
        server.finish(expected: ["connect() failed", "could not be resolved", "no live upstreams"])
    }

    @Test("service: SRV records say which hosts, ports and weights there are, and who stands behind them")
    func services() throws {
        let gateways = try ["one", "two", "three"].map { try RecordingGateway($0) }
        let names = try NameServer([
            "_http._tcp.app.portico.test": [
                "1 1 \(gateways[0].port) a.portico.test", "1 3 \(gateways[1].port) b.portico.test",
                "2 1 \(gateways[2].port) a.portico.test", "1 1 9 gone.portico.test",
            ],
            "a.portico.test": ["127.0.0.1"], "b.portico.test": ["127.0.0.1"],
        ])
        defer { names.stop() }
        let server = try Server(
            text(names, "zone app 64k; server app.portico.test service=http resolve max_fails=0;")
                .replacingOccurrences(of: "ipv6=off;", with: "ipv6=off status_zone=dns;")
                .replacingOccurrences(of: "location /", with: "location /api { api; } location /"),
            gateways: gateways)
        #expect(server.waitForLog("\"app.portico.test service=http\" in upstream \"app\" is now"))
        #expect(waitUntil(Deadline(in: 5)) { status(server) == 200 })
        for gateway in gateways { gateway.forget() }
        for _ in 0..<8 { #expect(status(server) == 200) }
        #expect(gateways.map(\.requests.count).reduce(0, +) == 8)
        #expect(
            gateways[0].requests.count == 2 && gateways[1].requests.count == 6,
            "\(gateways.map(\.requests.count))")
        let asked = try resolver(server, "requests")
        #expect((asked["srv"] ?? 0) > 0 && (asked["name"] ?? 0) > 0, "\(asked)")
        // The first two are gone: who stood behind them comes first.
        names.set("_http._tcp.app.portico.test", ["2 1 \(gateways[2].port) a.portico.test"])
        #expect(
            waitUntil(Deadline(in: 8)) {
                _ = status(server)
                return !gateways[2].requests.isEmpty
            })
        names.set("_http._tcp.app.portico.test", nil)
        #expect(waitUntil(Deadline(in: 8)) { status(server) == 502 })
        #expect(server.waitForLog("could not be resolved (3: Host not found)"))
        server.finish(expected: ["could not be resolved", "no live upstreams", "connect() failed"])
    }

    private func resolver(_ server: Server, _ part: String) throws -> [String: Int] {
        try server.json("/api/9/resolvers/dns")[part] as? [String: Int] ?? [:]
    }

    @Test("lookups through a resolver with a status_zone are counted by how they ended, also over a reload")
    func counted() throws {
        let names = try NameServer(["app.portico.test": ["127.0.0.1"]])
        defer { names.stop() }
        let gateway = try RecordingGateway("one")
        let server = try Server(
            text(names, "server %GATEWAY1%; server app.portico.test:\(gateway.port) resolve;")
                .replacingOccurrences(of: "ipv6=off;", with: "ipv6=off status_zone=dns;")
                .replacingOccurrences(of: "location /", with: "location /api { api; } location /"),
            gateways: [gateway])
        #expect(try waitUntil(Deadline(in: 8)) { (try resolver(server, "responses")["noerror"] ?? 0) > 0 })
        #expect(try resolver(server, "responses")["nxdomain"] == 0)
        names.set("app.portico.test", nil)
        #expect(try waitUntil(Deadline(in: 8)) { (try resolver(server, "responses")["nxdomain"] ?? 0) > 0 })
        let before = try resolver(server, "responses")
        #expect(
            before.keys.sorted() == [
                "formerr", "noerror", "notimp", "nxdomain", "refused", "servfail", "timedout", "unknown",
            ])
        #expect(try server.reload().ending == .exited(0))
        let (after, requests) = (try resolver(server, "responses"), try resolver(server, "requests"))
        #expect(after["noerror"] == before["noerror"])
        #expect((after["nxdomain"] ?? 0) >= (before["nxdomain"] ?? 0))
        #expect(requests.keys.sorted() == ["addr", "name", "srv"])
        // The last one may be under way.
        let ended = after.values.reduce(0, +)
        #expect((ended...ended + 2).contains(requests["name"] ?? 0), "\(requests) \(after)")
        server.finish(expected: ["could not be resolved"])
    }

    @Test("a group whose only server is not known answers 502, and starts")
    func aloneAndUnknown() throws {
        let names = try NameServer([:])
        defer { names.stop() }
        let server = try Server(text(names, "server app.portico.test;"))
        #expect(status(server) == 502)
        server.finish(expected: ["no live upstreams", "could not be resolved"])
    }
}
