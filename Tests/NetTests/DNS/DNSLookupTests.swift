import Foundation
import Testing

@testable import Net

@Suite("DNS lookup") struct DNSLookupTests {
    private static let host = "app.local"

    /// Both types, as most tests need them.
    private static func answer(_ query: DNSQuery) -> DNSReply? {
        let reply = DNSReply(to: query)
        return query.isIPv4 ? reply.a("10.0.0.2", ttl: 50).a("10.0.0.1") : reply.aaaa("2001:db8::1", ttl: 40)
    }

    private static func code(_ code: UInt8) throws -> NameServer { try .one { DNSReply(to: $0, code: code) } }

    private static var both: DNSLookup.Outcome {
        .found(addresses("10.0.0.1", "10.0.0.2", "2001:db8::1"), ttlSeconds: 40)
    }

    private static func failure(_ text: String, _ host: String = host) -> DNSLookup.Outcome {
        .failed("\(host) could not be resolved (\(text))")
    }

    @Test("both families are found, sorted, with the port and the smallest TTL; the outcome stays")
    func both() throws {
        let server = try NameServer.one(Self.answer)
        let run = LookupRun(Self.host, settings(server), server)
        #expect(run.outcome == Self.both)
        #expect(run.tookMs == 0)
        #expect(server.queries.count == 2)
        #expect(run.lookup.advance(nowMs: 1 << 40) == Self.both)
    }

    @Test("only the families that are wanted are asked for")
    func families() throws {
        let server = try NameServer.one(Self.answer)
        var wanted = settings(server)
        wanted.usesIPv6 = false
        #expect(
            LookupRun(Self.host, wanted, server).outcome
                == .found(addresses("10.0.0.1", "10.0.0.2"), ttlSeconds: 50))
        wanted.usesIPv6 = true
        wanted.usesIPv4 = false
        #expect(
            LookupRun(Self.host, wanted, server).outcome == .found(addresses("2001:db8::1"), ttlSeconds: 40))
        wanted.usesIPv6 = false
        #expect(LookupRun(Self.host, wanted, server).outcome == Self.failure("3: Host not found"))
    }

    @Test("the descriptor is closed on exec, stays the same, and is gone after cancel")
    func descriptor() throws {
        let server = try NameServer.silent()
        let lookup = DNSLookup(host: Self.host, port: 80, settings: settings(server), nowMs: 5)
        #expect(lookup.deadlineMs == 5)
        let fd = lookup.fd
        #expect(fcntl(fd, F_GETFD) & FD_CLOEXEC != 0)
        #expect(lookup.advance(nowMs: 5) == nil)
        #expect(lookup.fd == fd)
        #expect(lookup.deadlineMs == 2005)
        lookup.cancel()
        #expect(lookup.fd == -1)
        #expect(lookup.advance(nowMs: 1 << 40) == nil)
        #expect(lookup.deadlineMs == .max)
    }

    @Test("each type and each lookup has an id of its own")
    func ids() throws {
        let server = try NameServer.silent()
        for _ in 0..<8 { _ = LookupRun(Self.host, settings(server, timeoutMs: 2), server) }
        let ids = Set(server.queries.map { Array($0.bytes[0..<2]) })
        #expect(ids.count > 8)
    }

    // MARK: What is not believed

    @Test("a response with another id, name, type or sender is ignored")
    func forgeries() throws {
        let stranger = try DNSSocket(isIPv6: false)
        let server = try NameServer { query in
            let forged = DNSReply(to: query).a("6.6.6.6").aaaa("::6").bytes
            var (id, name, type) = (forged, forged, forged)
            id[1] ^= 1
            name[13] ^= 1
            type[query.question.endIndex - 3] ^= 1 ^ 28
            return [id, name, type, [], Array(forged.dropLast())]
                + (Self.answer(query).map { [$0.bytes] } ?? [])
        }
        #expect(LookupRun(Self.host, settings(server), server).outcome == Self.both)

        let silent = try NameServer.silent()
        let lookup = DNSLookup(host: Self.host, port: 80, settings: settings(silent), nowMs: 0)
        #expect(lookup.advance(nowMs: 0) == nil)
        let (bytes, source) = try #require(Self.waited(for: silent))
        let query = try #require(DNSQuery(bytes))
        #expect(stranger.send(DNSReply(to: query).a("6.6.6.6").bytes, to: try #require(source)))
        var entry = pollfd(fd: lookup.fd, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 5000) == 1)
        #expect(lookup.advance(nowMs: 3) == nil)
        #expect(lookup.deadlineMs == 2000)
    }

    private static func waited(for server: NameServer) -> (bytes: [UInt8], source: SocketAddress?)? {
        var entry = pollfd(fd: server.socket.fd, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, 5000)
        return server.socket.receive()
    }

    @Test("the name's case in the response does not matter")
    func letterCase() throws {
        let server = try NameServer { query in
            var bytes = Self.answer(query)?.bytes ?? []
            bytes[13] ^= 0x20
            return [bytes]
        }
        #expect(LookupRun("APP.Local", settings(server), server).outcome == Self.both)
    }

    @Test("a flood of rubbish does not keep it from the answer, nor from its end")
    func flood() throws {
        let server = try NameServer { query in
            [[UInt8]](repeating: [1, 2, 3], count: 100) + [Self.answer(query)?.bytes ?? []]
        }
        #expect(LookupRun(Self.host, settings(server), server).outcome == Self.both)
    }

    // MARK: Servers

    @Test(
        "an error of a server sends the question to the next at once",
        arguments: [2, 5, 9] as [UInt8])
    func nextServer(code: UInt8) throws {
        let (bad, good) = (try Self.code(code), try NameServer.one(Self.answer))
        let run = LookupRun(Self.host, settings(bad, good), bad, good)
        #expect(run.outcome == Self.both)
        #expect(run.tookMs == 0)
    }

    @Test(
        "an error of all servers is told in nginx's words",
        arguments: [
            (2, "2: Server failure"), (5, "5: Operation refused"), (4, "4: Unimplemented"),
            (1, "1: Format error"), (11, "11: Unknown error"),
        ] as [(UInt8, String)])
    func errors(code: UInt8, text: String) throws {
        let (one, two) = (try Self.code(code), try Self.code(code))
        let run = LookupRun(Self.host, settings(one, two), one, two)
        #expect(run.outcome == Self.failure(text))
        #expect(run.tookMs == 0)
    }

    @Test("a server that says nothing is followed by the next, whose error counts after two rounds")
    func silentServer() throws {
        let (silent, good, bad) = (try NameServer.silent(), try NameServer.one(Self.answer), try Self.code(2))
        let run = LookupRun(Self.host, settings(silent, good), silent, good)
        #expect(run.outcome == Self.both)
        #expect(run.tookMs == 2000)
        let failing = LookupRun(Self.host, settings(silent, bad), silent, bad)
        #expect(failing.outcome == Self.failure("2: Server failure"))
        #expect(failing.tookMs < 30_000)
    }

    @Test("servers that cannot be reached are passed over")
    func unreachable() throws {
        let good = try NameServer.one(Self.answer)
        var wanted = settings(good)
        // Broadcasting is not permitted.
        wanted.servers.insert(contentsOf: addresses("255.255.255.255", port: 53), at: 0)
        let run = LookupRun(Self.host, wanted, good)
        #expect(run.outcome == Self.both)
        #expect(run.tookMs == 0)
    }

    @Test("an IPv6 server in the list does not keep the IPv4 ones from being asked")
    func mixedServers() throws {
        let good = try NameServer.one(Self.answer)
        var wanted = settings(good)
        wanted.servers += addresses("::1", port: 9)
        #expect(LookupRun(Self.host, wanted, good).outcome == Self.both)
    }

    @Test("a server that does not understand EDNS is asked without it", arguments: [1, 4] as [UInt8])
    func withoutEDNS(code: UInt8) throws {
        let server = try NameServer.one { $0.usesEDNS ? DNSReply(to: $0, code: code) : Self.answer($0) }
        let run = LookupRun(Self.host, settings(server), server)
        #expect(run.outcome == Self.both)
        #expect(run.tookMs == 0)
        let dropping = try NameServer.one { $0.usesEDNS ? nil : Self.answer($0) }
        #expect(LookupRun(Self.host, settings(dropping), dropping).outcome == Self.both)
    }

    @Test("a lost query is repeated with its id, after waits that grow")
    func repeats() throws {
        let server = try NameServer.silent()
        let run = LookupRun(Self.host, settings(server), server)
        #expect(run.outcome == Self.failure("110: Operation timed out"))
        #expect(run.tookMs == 30_000)
        // At 0, 2, 6 and 14 seconds.
        let queries = server.queries.filter(\.isIPv4)
        #expect(queries.count == 4)
        #expect(Set(queries.map { Array($0.bytes[0..<2]) }).count == 1)
    }

    @Test("each server is asked even when time is short")
    func shortTime() throws {
        let (silent, good) = (try NameServer.silent(), try NameServer.one(Self.answer))
        #expect(
            LookupRun(Self.host, settings(silent, good, timeoutMs: 300), silent, good).outcome == Self.both)
        #expect(
            LookupRun(Self.host, settings(silent, timeoutMs: 1), silent).outcome
                == Self.failure("110: Operation timed out"))
    }

    // MARK: Answers

    @Test("one family is waited for only for a while when the other has answered")
    func patience() throws {
        let server = try NameServer.one { $0.isIPv4 ? Self.answer($0) : nil }
        let run = LookupRun(Self.host, settings(server), server)
        #expect(run.outcome == .found(addresses("10.0.0.1", "10.0.0.2"), ttlSeconds: 50))
        #expect(run.tookMs == 3000)
        let none = try NameServer.one { $0.isIPv4 ? DNSReply(to: $0, code: 3) : nil }
        #expect(LookupRun(Self.host, settings(none), none).tookMs == 3000)
    }

    @Test("one family without addresses, or with an error, does not spoil the other")
    func oneFamily() throws {
        for code in [0, 2, 3] as [UInt8] {
            let server = try NameServer.one { $0.isIPv4 ? Self.answer($0) : DNSReply(to: $0, code: code) }
            let run = LookupRun(Self.host, settings(server), server)
            #expect(run.outcome == .found(addresses("10.0.0.1", "10.0.0.2"), ttlSeconds: 50))
            #expect(run.tookMs == 0)
        }
    }

    @Test("no such name, and a name without addresses, are not found")
    func notFound() throws {
        for code in [0, 3] as [UInt8] {
            let server = try Self.code(code)
            let run = LookupRun(Self.host, settings(server), server)
            #expect(run.outcome == Self.failure("3: Host not found"))
            #expect(run.tookMs == 0)
            #expect(run.lookup.fd >= 0)
        }
    }

    @Test("aliases are followed, their TTL counts, and doubles are dropped")
    func aliases() throws {
        let server = try NameServer.one { query in
            let reply = DNSReply(to: query).alias("b.example", ttl: 7)
            guard query.isIPv4 else { return reply }
            return reply.a("10.0.0.1", owner: "b.example").a("10.0.0.1", owner: "b.example")
        }
        #expect(
            LookupRun(Self.host, settings(server), server).outcome
                == .found(addresses("10.0.0.1"), ttlSeconds: 7))
    }

    @Test("an alias that leads out of the message is asked for, and a circle of them ends")
    func aliasesElsewhere() throws {
        let server = try NameServer.one { query in
            switch query.name {
            case Self.host: DNSReply(to: query).alias("b.example", ttl: 7)
            case "b.example": DNSReply(to: query).alias("c.example", ttl: 9)
            case "c.example": Self.answer(query)
            default: DNSReply(to: query, code: 3)
            }
        }
        let run = LookupRun(Self.host, settings(server), server)
        #expect(
            run.outcome == .found(addresses("10.0.0.1", "10.0.0.2", "2001:db8::1"), ttlSeconds: 7))
        #expect(server.names() == [Self.host, "b.example", "c.example"])
        let circle = try NameServer.one { query in
            DNSReply(to: query).alias(query.name == Self.host ? "b.example" : Self.host)
        }
        #expect(LookupRun(Self.host, settings(circle), circle).outcome == Self.failure("3: Host not found"))
        #expect(circle.names().count == 9)
    }

    @Test("a truncated answer is asked for over TCP, in whatever parts it comes", arguments: [1, 2, 7, 4096])
    func overTCP(part: Int) throws {
        let (server, stream) = try StreamNameServer.both(
            part: part, datagram: { DNSReply(to: $0, isTruncated: true).a("10.9.9.9") }, stream: Self.answer)
        defer { stream.stop() }
        #expect(LookupRun(Self.host, settings(server), server).outcome == Self.both)
    }

    @Test("a truncated answer is used as far as it came where its end is not to be had over TCP")
    func brokenTCP() throws {
        // What is accepted is closed without an answer.
        let (server, stream) = try StreamNameServer.both(
            part: 1,
            datagram: {
                let reply = DNSReply(to: $0, isTruncated: true)
                return $0.isIPv4 ? reply.a("10.0.0.1") : reply.aaaa("2001:db8::1")
            }, stream: { _ in nil })
        defer { stream.stop() }
        #expect(
            LookupRun(Self.host, settings(server), server).outcome
                == .found(addresses("10.0.0.1", "2001:db8::1"), ttlSeconds: 300))
    }

    @Test("a truncated answer is used as far as it came; an empty one is a failure")
    func truncated() throws {
        let server = try NameServer.one { query in
            DNSReply(to: query, isTruncated: true).with(query.isIPv4 ? 1 : 16, [10, 0, 0, 1])
        }
        #expect(
            LookupRun(Self.host, settings(server), server).outcome
                == .found(addresses("10.0.0.1"), ttlSeconds: 300))
        let empty = try NameServer.one { DNSReply(to: $0, isTruncated: true) }
        #expect(LookupRun(Self.host, settings(empty), empty).outcome == Self.failure("2: Server failure"))
    }

    @Test("the search list is tried in its order until a name is found")
    func searchList() throws {
        let server = try NameServer.one { query in
            query.name == "app.two"
                ? Self.answer(query) : DNSReply(to: query, code: query.name == "app.one" ? 3 : 2)
        }
        var wanted = settings(server)
        wanted.search = ["one", "two"]
        #expect(LookupRun("app", wanted, server).outcome == Self.both)
        #expect(server.names() == ["app.one", "app.two"])
        wanted.search = ["one"]
        #expect(LookupRun("app", wanted, server).outcome == Self.failure("2: Server failure", "app"))
        #expect(server.names().suffix(2) == ["app.one", "app"])
    }

    // MARK: Without a question

    @Test("numbers need no server")
    func numeric() {
        let none = ResolverSettings(servers: [])
        let run = LookupRun("10.1.2.3", none)
        #expect(run.outcome == .found(addresses("10.1.2.3"), ttlSeconds: 86_400))
        #expect(run.lookup.fd == -1)
        for text in ["::1", "[::1]"] {
            #expect(LookupRun(text, none).outcome == .found(addresses("::1"), ttlSeconds: 86_400))
        }
    }

    @Test(
        "what is no name fails at once",
        arguments: ["", ".", "a..b", "a b", String(repeating: "a", count: 64)])
    func badName(host: String) throws {
        let server = try NameServer.one(Self.answer)
        let run = LookupRun(host, settings(server), server)
        #expect(run.outcome == Self.failure("3: Host not found", host))
        #expect(run.lookup.fd == -1)
        #expect(server.queries.isEmpty)
    }

    @Test("without a server it fails as nginx does")
    func noServer() {
        #expect(
            LookupRun("app", ResolverSettings(servers: [])).outcome
                == .failed("no resolver defined to resolve app"))
    }

    @Test("the hosts file comes first where it counts, for the families that are wanted")
    func hostsFile() throws {
        let server = try NameServer.one(Self.answer)
        let hosts = HostsFile(text: "127.0.0.9 app.local\n")
        var wanted = settings(server)
        #expect(LookupRun(Self.host, wanted, server, hosts: hosts).outcome == Self.both)
        wanted.usesHosts = true
        let run = LookupRun(Self.host, wanted, server, hosts: hosts)
        #expect(run.outcome == .found(addresses("127.0.0.9"), ttlSeconds: 10))
        #expect(run.lookup.fd == -1)
        #expect(run.lookup.deadlineMs == 1000)
        wanted.usesIPv4 = false
        #expect(
            LookupRun(Self.host, wanted, server, hosts: hosts).outcome
                == .found(addresses("2001:db8::1"), ttlSeconds: 40))
    }
}
