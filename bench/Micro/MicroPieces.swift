import Core
import HTTP
import Net
internal import Sharing
import Upstream

/// Everything that `portico-bench micro` can run.
enum MicroPieces {
    static var all: [MicroPiece] {
        requestHeads + HTTP2Pieces.all + exchanges + responseHeads + chunks + bytes + timers + balancers
            + PatternPieces.all + [
                control
            ]
    }

    /// What zeros elsewhere are believed by: an object and its storage.
    private static var control: MicroPiece {
        // Kept until the next one comes, or else the object would be put on the stack.
        var kept = ByteBuffer(capacity: 64)
        return MicroPiece(name: "control/two-allocations") { count in
            for _ in 0..<count { kept = ByteBuffer(capacity: 64) }
            return kept.capacity
        }
    }

    // MARK: Codecs

    private static func buffer(_ text: String) -> ByteBuffer {
        let buffer = ByteBuffer(capacity: text.utf8.count)
        buffer.append(text)
        return buffer
    }

    private static var requestHeads: [MicroPiece] {
        SampleHeads.requests.map { name, text in
            let bytes = buffer(text)
            let head = RequestHead()
            return MicroPiece(name: "request-head/\(name)") { count in
                var sum = 0
                var parser = HTTP1RequestParser()
                for _ in 0..<count {
                    head.reset()
                    guard case .complete(let length) = parser.parse(bytes, into: head, limits: HeadLimits())
                    else {
                        return 0
                    }
                    sum &+= length &+ head.fields.count
                }
                return sum
            }
        }
    }

    private static var responseHeads: [MicroPiece] {
        SampleHeads.responses.map { name, text in
            let bytes = buffer(text)
            let head = ResponseHead()
            var parser = HTTP1ResponseParser()
            return MicroPiece(name: "response-head/\(name)") { count in
                var sum = 0
                for _ in 0..<count {
                    head.reset()
                    guard case .complete(let length) = parser.parse(bytes, into: head, sizeMax: 64 << 10)
                    else { return 0 }
                    sum &+= length &+ Int(head.status)
                }
                return sum
            }
        }
    }

    private static var chunks: [MicroPiece] {
        [("one-of-16k", 1, 16 << 10), ("64-of-256", 64, 256), ("1024-of-1", 1024, 1)].map {
            name, chunks, size in
            let content = String(repeating: "x", count: size)
            let chunk = String(size, radix: 16) + "\r\n" + content + "\r\n"
            let bytes = buffer(String(repeating: chunk, count: chunks) + "0\r\n\r\n")
            return MicroPiece(name: "chunked/\(name)") { count in
                var sum = 0
                for _ in 0..<count { sum &+= decode(bytes) }
                return sum
            }
        }
    }

    /// - Returns: bytes of content.
    static func decode(_ input: ByteBuffer) -> Int {
        var reader = ContentReader(.chunked)
        var position = 0
        var content = 0
        while let piece = try? reader.next(in: input, from: position) {
            guard case .content(let range) = piece else { return content }
            content += range.count
            position = range.upperBound
        }
        return -1
    }

    private static var bytes: [MicroPiece] {
        let out = ByteBuffer(capacity: 4096)
        let path = buffer("/a/./b/../c/%7Euser/caf%C3%A9//menu.html")
        return [
            MicroPiece(name: "date") { count in
                var sum = 0
                for index in 0..<count {
                    out.removeAll()
                    CivilTime.appendHTTPDate(1_795_000_000 + Int64(index & 0xFFFF), to: out)
                    sum &+= out.count
                }
                return sum
            },
            MicroPiece(name: "normalise-path") { count in
                var sum = 0
                for _ in 0..<count {
                    out.removeAll()
                    let isGood = path.withReadable { URIPath.normalise($0, mergeSlashes: true, into: out) }
                    sum &+= isGood ? out.count : 0
                }
                return sum
            },
        ]
    }

    // MARK: Timers

    private static var timers: [MicroPiece] {
        [100, 10_000].flatMap { connections in [moving(connections), expiring(connections)] }
    }

    /// What each event of a connection does: its deadline moves later.
    private static func moving(_ connections: Int) -> MicroPiece {
        let timers = Timers(nowMs: 0)
        let ids = (0..<connections).map {
            timers.create(Token(slot: UInt32($0), generation: 1), kind: 0)
        }
        var nowMs: Int64 = 1
        return MicroPiece(name: "timers/move-later/\(connections)") { count in
            for index in 0..<count {
                nowMs += index & 63 == 0 ? 1 : 0
                timers.set(ids[index % connections], deadlineMs: nowMs + 60_000)
            }
            return Int(timers.waitMs(nowMs: nowMs, max: 1000))
        }
    }

    private static func expiring(_ connections: Int) -> MicroPiece {
        let timers = Timers(nowMs: 0)
        let ids = (0..<connections).map {
            timers.create(Token(slot: UInt32($0), generation: 1), kind: 0)
        }
        var nowMs: Int64 = 1
        for (index, id) in ids.enumerated() { timers.set(id, deadlineMs: nowMs + 1 + Int64(index)) }
        return MicroPiece(name: "timers/fire-and-set/\(connections)") { count in
            var fired = 0
            while fired < count {
                nowMs += 1
                while let expired = timers.nextExpired(nowMs: nowMs) {
                    timers.set(ids[Int(expired.token.slot)], deadlineMs: nowMs + Int64(connections))
                    fired += 1
                }
            }
            return fired
        }
    }

    // MARK: Balancers

    private static var methods: [(name: String, method: BalancingMethod)] {
        [
            ("round-robin", .roundRobin), ("least-conn", .leastConnections), ("ip-hash", .ipHash()),
            ("hash", .hash(key: "", .modulo)), ("consistent", .hash(key: "", .consistent(bound: nil))),
            ("random", .random(two: nil)), ("random-two", .random(two: .leastConnections)),
            ("least-time", .leastTime(.header, inflight: true)), ("ewma", .ewma()),
        ]
    }

    private static var balancers: [MicroPiece] {
        methods.flatMap { name, method in
            [3, 16, 1000].map { servers in
                balancer("pick/\(name)/\(servers)") { group(method, servers: servers) }
            }
        } + unusual
    }

    /// Groups in which not all servers are alike, or whose state other processes see.
    private static var unusual: [MicroPiece] {
        [3, 1000].flatMap { servers in
            [
                balancer("pick/weights/\(servers)") {
                    group(.roundRobin, servers: servers) { $1.weight = 1 + $0 % 7 }
                },
                balancer("pick/max-conns/\(servers)") {
                    group(.roundRobin, servers: servers) { $1.maxConnections = 1 }
                },
                balancer("pick/banned/\(servers)") {
                    let group = group(.roundRobin, servers: servers)
                    for peer in stride(from: 0, to: servers, by: 10) {
                        group.finished(peer, .failure, nowMs: 100_000)
                    }
                    return group
                },
                balancer("pick/least-conn-zone/\(servers)") {
                    let table = try? PeerStateTable(capacity: 4096, workers: 1)
                    return group(.leastConnections, servers: servers, table)
                },
            ]
        }
    }

    static func group(
        _ method: BalancingMethod, servers: Int, _ table: PeerStateTable? = nil,
        change: (Int, inout PeerSettings) -> Void = { _, _ in }
    ) -> PeerGroup {
        var settings = UpstreamSettings(name: "gateways")
        settings.method = method
        settings.peers = (0..<servers).map { index in
            let host = 0x0A00_0001 + UInt32(index)
            let name = "10.0.\((host >> 8) & 255).\(host & 255):8000"
            return PeerSettings(server: name, address: SocketAddress(.ipv4(host, port: 8000)))
        }
        for index in settings.peers.indices { change(index, &settings.peers[index]) }
        return PeerGroup(settings, table: table)
    }

    /// A request's choice from beginning to end: keys, pick, account.
    private static func balancer(_ name: String, _ make: @escaping () -> PeerGroup) -> MicroPiece {
        // Made when it is run first: a thousand servers take a moment.
        var made: PeerGroup?
        let selection = Selection()
        let keys = (0..<256).map { buffer("/products/\($0 &* 7919)") }
        let addresses = (0..<256).map { index in
            let address = ByteBuffer(capacity: 4)
            for part in [10, index & 255, index &* 31 & 255, 7] { address.append(UInt8(part)) }
            return address
        }
        return MicroPiece(name: name) { count in
            let group = made ?? make()
            made = group
            var sum = 0
            for index in 0..<count {
                selection.reset()
                addresses[index & 255].withReadable { selection.setClientAddress($0) }
                keys[index & 255].withReadable { selection.setHashKey($0) }
                guard case .peer(let peer) = group.pick(selection, nowMs: 100_000) else { continue }
                group.finished(peer, .success, nowMs: 100_000)
                sum &+= peer
            }
            return sum
        }
    }
}
