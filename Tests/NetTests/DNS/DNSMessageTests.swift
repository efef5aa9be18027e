import Testing

@testable import Net

@Suite("DNS message") struct DNSMessageTests {
    private static func query(_ text: String = "www.example.org", _ kind: DNSMessage.Kind = .a) throws
        -> DNSQuery
    {
        let name = try #require(DNSName(text))
        return try #require(DNSQuery(DNSMessage.query(id: 0x1234, name: name, kind: kind)))
    }

    private static func read(_ reply: DNSReply) -> DNSMessage? { DNSMessage(response: reply.bytes) }

    private static func texts(_ message: DNSMessage?) -> [String]? {
        message?.addresses.list.map(\.addressText)
    }

    @Test("a query wants recursion, and says how long a response may be (RFC 6891 6.1.2)")
    func queryBytes() throws {
        let name = try #require(DNSName("a.b"))
        let question: [UInt8] = [1, 97, 1, 98, 0, 0, 28, 0, 1]
        #expect(
            DNSMessage.query(id: 0xABCD, name: name, kind: .aaaa)
                == [0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1] + question + [
                    0, 0, 41, 4, 0xD0, 0, 0, 0, 0, 0, 0,
                ])
        #expect(
            DNSMessage.query(id: 0xABCD, name: name, kind: .aaaa, edns: false)
                == [0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + question)
    }

    @Test("addresses of the name are read, and the smallest TTL")
    func reads() throws {
        let reply = DNSReply(to: try Self.query()).a("10.0.0.1", ttl: 60).a("10.0.0.2", ttl: 30)
        let message = try #require(Self.read(reply))
        #expect(message.id == 0x1234)
        #expect(message.name == DNSName("www.example.org"))
        #expect(message.kind == .a)
        #expect(message.code == 0)
        #expect(Self.texts(message) == ["10.0.0.1", "10.0.0.2"])
        #expect(message.addresses.ttlSeconds == 30)
        let six = Self.read(DNSReply(to: try Self.query("a.b", .aaaa)).aaaa("2001:db8::7"))
        #expect(Self.texts(six) == ["2001:db8::7"])
    }

    @Test("services: hosts, ports and weights; a broken record spoils the message (RFC 2782)")
    func services() throws {
        let query = try Self.query("_http._tcp.example.org", .srv)
        let record: [UInt8] = [0, 10, 0, 5, 0x1F, 0x90] + wire("a.example")
        let message = try #require(
            Self.read(DNSReply(to: query).with(33, ttl: 7, record).with(33, owner: "other", record)))
        #expect(message.kind == .srv && message.services.ttlSeconds == 7)
        #expect(
            message.services.list
                == [
                    DNSMessage.Service(
                        priority: 10, weight: 5, port: 8080, target: try #require(DNSName("a.example")))
                ])
        #expect(message.services.list.first?.target.text == "a.example")
        for count in 0..<record.count {
            #expect(Self.read(DNSReply(to: query).with(33, Array(record.prefix(count)))) == nil)
        }
    }

    @Test("an alias leads on, in whatever order the records stand, and its TTL counts")
    func alias() throws {
        let reply = DNSReply(to: try Self.query()).a("10.0.0.1", owner: "C.example").alias(
            "b.example", ttl: 9
        )
        .alias("c.Example", owner: "b.example")
        let message = try #require(Self.read(reply))
        #expect(Self.texts(message) == ["10.0.0.1"])
        #expect(message.addresses.ttlSeconds == 9)
    }

    @Test("records of other names, types and classes do not count")
    func foreignRecords() throws {
        let query = try Self.query()
        var other = DNSReply(to: query).a("10.0.0.9").bytes
        other[query.question.endIndex + 5] = 3
        #expect(DNSMessage(response: other)?.addresses.list == [])
        let reply = DNSReply(to: query).a("10.0.0.1", owner: "evil.example").aaaa("::2").with(16, [1, 97])
            .a("10.0.0.3")
        #expect(Self.texts(Self.read(reply)) == ["10.0.0.3"])
    }

    @Test("a chain of aliases has 16 links at most, and a circle ends")
    func chains() throws {
        func chain(_ count: Int) throws -> DNSReply {
            (1...count).reduce(DNSReply(to: try Self.query("n0"))) { reply, index in
                reply.alias("n\(index)", owner: "n\(index - 1)")
            }.a("10.0.0.1", owner: "n\(count)")
        }
        #expect(Self.texts(Self.read(try chain(16))) == ["10.0.0.1"])
        #expect(Self.texts(Self.read(try chain(17))) == [])
        let circle = DNSReply(to: try Self.query()).alias("b").alias("www.example.org", owner: "b")
        #expect(Self.texts(Self.read(circle)) == [])
    }

    @Test("TTLs lie in 0...86400; one with the highest bit is 0 (RFC 2181 8)")
    func ttlLimits() throws {
        let query = try Self.query()
        for (ttl, wanted) in [(0, 0), (86_400, 86_400), (86_401, 86_400), (0x8000_0001, 0)] as [(UInt32, Int)]
        {
            #expect(Self.read(DNSReply(to: query).a("10.0.0.1", ttl: ttl))?.addresses.ttlSeconds == wanted)
        }
    }

    @Test("a truncated response counts up to its cut, another must be whole")
    func truncation() throws {
        let query = try Self.query()
        let cut = DNSReply(to: query, isTruncated: true).a("10.0.0.1").a("10.0.0.2").bytes.dropLast(3)
        let message = try #require(DNSMessage(response: Array(cut)))
        #expect(message.isTruncated)
        #expect(Self.texts(message) == ["10.0.0.1"])
        #expect(DNSMessage(response: DNSReply(to: query).a("10.0.0.1").bytes.dropLast(3)) == nil)
    }

    @Test("EDNS's part of the code counts (RFC 6891 6.1.3)")
    func extendedCode() throws {
        let query = try Self.query()
        #expect(Self.read(DNSReply(to: query, code: 3).options(code: 0))?.code == 3)
        #expect(Self.read(DNSReply(to: query).options(code: 1))?.code == 16)
    }

    @Test("queries, other opcodes, other counts of questions and other classes are refused")
    func refuses() throws {
        let query = try Self.query()
        #expect(DNSMessage(response: query.bytes) == nil)
        let good = DNSReply(to: query).a("10.0.0.1").bytes
        func changed(_ index: Int, _ byte: UInt8) -> DNSMessage? {
            var bytes = good
            bytes[index] = byte
            return DNSMessage(response: bytes)
        }
        #expect(changed(2, 0x81) != nil)
        #expect(changed(2, 0x89) == nil)
        #expect(changed(5, 0) == nil)
        #expect(changed(5, 2) == nil)
        #expect(changed(query.question.endIndex - 1, 3) == nil)
        #expect(changed(query.question.endIndex - 3, 15) == nil)
    }

    @Test(
        "a pointer leads backwards, and not into the head (RFC 1035 4.1.4)",
        arguments: [0, 11, 33, 34, 35, 200, 0x3FFF])
    func pointers(target: Int) throws {
        // The record's owner begins at 33.
        let query = try Self.query()
        #expect(query.question.endIndex == 33)
        let owner = [0xC0 | UInt8(target >> 8), UInt8(target & 0xFF)]
        #expect(Self.read(DNSReply(to: query).with(1, ownerBytes: owner, [10, 0, 0, 1])) == nil)
        let looping = [1, 97, 0xC0, 33] as [UInt8]
        #expect(Self.read(DNSReply(to: query).with(1, ownerBytes: looping, [10, 0, 0, 1])) == nil)
    }

    @Test("records cannot share a long way of pointers: each would have to go it", arguments: [126, 127])
    func pointerChains(count: Int) throws {
        let query = try Self.query()
        // A record that nobody reads holds the way: each pointer leads to the one before it, the first one to
        // the question's name.
        let way = query.question.endIndex + 1 + 10
        var content: [UInt8] = [0xC0, 12]
        for index in 1..<count {
            let former = way + 2 * (index - 1)
            content += [0xC0 | UInt8(former >> 8), UInt8(former & 0xFF)]
        }
        let last = way + 2 * (count - 1)
        let owner = [0xC0 | UInt8(last >> 8), UInt8(last & 0xFF)]
        var reply = DNSReply(to: query)
        reply = reply.with(16, ownerBytes: [0], content)
        reply = reply.with(1, ownerBytes: owner, [10, 0, 0, 1])
        #expect((Self.read(reply) != nil) == (count < 127))
    }

    @Test("a name that pointers make too long is refused")
    func longNames() throws {
        let label = String(repeating: "a", count: 63)
        let query = try Self.query([label, label, label].joined(separator: "."))
        let fits = [UInt8(61)] + [UInt8](repeating: 98, count: 61) + [0xC0, 12]
        #expect(Self.read(DNSReply(to: query).with(1, ownerBytes: fits, [10, 0, 0, 1])) != nil)
        let long = [UInt8(62)] + [UInt8](repeating: 98, count: 62) + [0xC0, 12]
        #expect(Self.read(DNSReply(to: query).with(1, ownerBytes: long, [10, 0, 0, 1])) == nil)
    }

    @Test("contents of a wrong length are refused", arguments: [1, 28, 5] as [UInt8])
    func wrongLengths(type: UInt8) throws {
        for content in [[], [10, 0, 0], [10, 0, 0, 1, 2], [0, 0]] as [[UInt8]] {
            #expect(Self.read(DNSReply(to: try Self.query()).with(type, content)) == nil)
        }
    }

    @Test("no change of a byte, no cut and no noise at the end does harm")
    func mutations() throws {
        let query = try Self.query("www.example.org", .aaaa)
        let samples = [
            DNSReply(to: query).alias("b.example").aaaa("2001:db8::1", owner: "b.example").a("10.0.0.1")
                .options(code: 0),
            DNSReply(to: query, isTruncated: true).aaaa("::1").with(5, [1, 98, 0xC0, 12]),
            DNSReply(to: query, code: 3),
        ]
        var readCount = 0
        for sample in samples.map(\.bytes) {
            #expect(DNSMessage(response: sample) != nil)
            for index in sample.indices {
                var bytes = sample
                for byte in UInt8.min ... .max {
                    bytes[index] = byte
                    if DNSMessage(response: bytes).map(\.addresses) != nil { readCount += 1 }
                }
                _ = DNSMessage(response: Array(sample[..<index])).map(\.addresses)
                _ = DNSMessage(response: sample + sample[index...]).map(\.addresses)
                _ = DNSMessage(response: Array(sample[index...])).map(\.addresses)
            }
        }
        #expect(readCount > 0)
    }
}
