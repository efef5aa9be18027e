import Foundation
import Testing

@testable import Net

/// A query as a name server sees it.
struct DNSQuery {
    let bytes: [UInt8]
    let name: String
    let type: Int
    let usesEDNS: Bool
    /// The head's end, behind which the question stands, and its end.
    let question: ArraySlice<UInt8>

    var isIPv4: Bool { type == 1 }

    init?(_ bytes: [UInt8]) {
        guard bytes.count > 16 else { return nil }
        var labels: [String] = []
        var index = 12
        while index < bytes.count, bytes[index] != 0 {
            let end = index + 1 + Int(bytes[index])
            guard end < bytes.count else { return nil }
            labels.append(String(decoding: bytes[index + 1..<end], as: UTF8.self))
            index = end
        }
        guard index + 5 <= bytes.count else { return nil }
        self.bytes = bytes
        name = labels.joined(separator: ".")
        type = Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
        question = bytes[12..<index + 5]
        usesEDNS = bytes[11] == 1
    }
}

/// A response being written.
struct DNSReply {
    private(set) var bytes: [UInt8]

    init(to query: DNSQuery, code: UInt8 = 0, isTruncated: Bool = false) {
        bytes = Array(query.bytes[0..<2]) + [isTruncated ? 0x83 : 0x81, 0x80 | code]
        bytes += [0, 1, 0, 0, 0, 0, 0, 0]
        bytes += query.question
    }

    /// A record of the answer section; without an owner it is the name that was asked for.
    func with(_ type: UInt8, owner: String? = nil, ttl: UInt32 = 300, _ content: [UInt8]) -> DNSReply {
        with(type, ownerBytes: owner.map(wire) ?? [0xC0, 12], ttl: ttl, content)
    }

    func with(_ type: UInt8, ownerBytes: [UInt8], ttl: UInt32 = 300, _ content: [UInt8]) -> DNSReply {
        var reply = self
        reply.bytes += ownerBytes + [0, type, 0, 1]
        reply.bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ttl >> $0) }
        reply.bytes += [UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
        reply.bytes[7] += 1
        return reply
    }

    func a(_ text: String, owner: String? = nil, ttl: UInt32 = 300) -> DNSReply {
        with(1, owner: owner, ttl: ttl, addressBytes(text))
    }

    func aaaa(_ text: String, owner: String? = nil, ttl: UInt32 = 300) -> DNSReply {
        with(28, owner: owner, ttl: ttl, addressBytes(text))
    }

    func alias(_ target: String, owner: String? = nil, ttl: UInt32 = 300) -> DNSReply {
        with(5, owner: owner, ttl: ttl, wire(target))
    }

    /// An OPT record in the additional section, with EDNS's upper bits of the code.
    func options(code: UInt8) -> DNSReply {
        var reply = self
        reply.bytes += [0, 0, 41, 0x04, 0xD0, code, 0, 0, 0, 0, 0]
        reply.bytes[11] += 1
        return reply
    }
}

/// A name with its labels' lengths.
func wire(_ name: String) -> [UInt8] {
    name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
}

private func addressBytes(_ text: String) -> [UInt8] {
    SocketAddress(ip: text, port: 0)?.withAddressBytes { bytes in bytes.indices.map { bytes[$0] } } ?? []
}

func addresses(_ texts: String..., port: UInt16 = 80) -> [SocketAddress] {
    texts.compactMap { SocketAddress(ip: $0, port: port) }
}

/// A name server of a test's own, which answers when it is told to.
final class NameServer {
    let socket: DNSSocket
    let address: SocketAddress
    private(set) var queries: [DNSQuery] = []
    private let reply: (DNSQuery) -> [[UInt8]]

    /// - Parameter reply: the datagrams that answer a query.
    init(_ reply: @escaping (DNSQuery) -> [[UInt8]]) throws {
        socket = try DNSSocket(isIPv6: false)
        let any = try #require(SocketAddress(ip: "127.0.0.1", port: 0))
        let result = any.withSockaddr { [socket] in bind(socket.fd, $0, $1) }
        try #require(result == 0)
        address = try #require(SocketAddress.local(of: socket.fd))
        self.reply = reply
    }

    /// One that answers a query with one reply.
    static func one(_ reply: @escaping (DNSQuery) -> DNSReply?) throws -> NameServer {
        try NameServer { query in reply(query).map { [$0.bytes] } ?? [] }
    }

    static func silent() throws -> NameServer { try NameServer { _ in [] } }

    func names(isIPv4: Bool = true) -> [String] { queries.filter { $0.isIPv4 == isIPv4 }.map(\.name) }

    func serve() {
        while let (bytes, source) = socket.receive() {
            guard let source, let query = DNSQuery(bytes) else { continue }
            queries.append(query)
            for datagram in reply(query) { _ = socket.send(datagram, to: source) }
        }
    }
}

func settings(_ servers: NameServer..., timeoutMs: Int = 30_000) -> ResolverSettings {
    var settings = ResolverSettings(servers: servers.map(\.address))
    settings.timeoutMs = timeoutMs
    return settings
}

/// A lookup with servers around it, at a time that passes only when nothing else is to be done.
struct LookupRun {
    let lookup: DNSLookup
    let outcome: DNSLookup.Outcome?
    /// Milliseconds that it took.
    let tookMs: Int64

    init(_ host: String, _ settings: ResolverSettings, _ servers: NameServer..., hosts: HostsFile? = nil) {
        let startMs: Int64 = 1000
        let lookup = DNSLookup(host: host, port: 80, settings: settings, nowMs: startMs, hosts: hosts)
        var nowMs = startMs
        var outcome = lookup.advance(nowMs: nowMs)
        var turnsLeft = 500
        while outcome == nil, turnsLeft > 0 {
            turnsLeft -= 1
            if !LookupRun.waitForData([lookup.fd] + servers.map(\.socket.fd)) {
                nowMs = max(nowMs, lookup.deadlineMs)
            }
            for server in servers { server.serve() }
            outcome = lookup.advance(nowMs: nowMs)
        }
        self.lookup = lookup
        self.outcome = outcome
        tookMs = nowMs - startMs
    }

    private static func waitForData(_ descriptors: [Int32]) -> Bool {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        return poll(&entries, nfds_t(entries.count), 40) > 0
    }
}

/// A name server over TCP, in a thread of its own.
final class StreamNameServer: Sendable {
    private let listener: Int32

    /// - Parameters:
    ///   - part: how many bytes of its answer go at once.
    ///   - reply: `nil`: the connection is closed instead.
    /// - Returns: `nil`: the port is in use.
    init?(at address: SocketAddress, part: Int, _ reply: @escaping @Sendable (DNSQuery) -> DNSReply?) {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listener = made
        let bound = address.withSockaddr { bind(made, $0, $1) }
        guard bound == 0, listen(made, 8) == 0 else {
            close(made)
            return nil
        }
        Thread.detachNewThread {
            while case let fd = accept(made, nil, nil), fd >= 0 {
                StreamNameServer.serve(fd, part, reply)
                close(fd)
            }
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// A server of datagrams and one of streams at one address.
    static func both(
        part: Int, datagram: @escaping (DNSQuery) -> DNSReply?,
        stream: @escaping @Sendable (DNSQuery) -> DNSReply?
    ) throws -> (NameServer, StreamNameServer) {
        // A port that is free for the one may be in use for the other.
        for _ in 0..<50 {
            let server = try NameServer.one(datagram)
            if let other = StreamNameServer(at: server.address, part: part, stream) { return (server, other) }
        }
        throw Errno(code: EADDRINUSE)
    }

    private static func serve(_ fd: Int32, _ part: Int, _ reply: (DNSQuery) -> DNSReply?) {
        var input: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 512)
        while input.count < 2 || input.count < 2 + Int(input[0]) << 8 + Int(input[1]) {
            let count = recv(fd, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            input += chunk.prefix(count)
        }
        guard let query = DNSQuery(Array(input.dropFirst(2))), let bytes = reply(query)?.bytes else { return }
        var rest = ([UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes)[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(part))
            rest = rest.dropFirst(send(fd, piece, piece.count, Int32(MSG_NOSIGNAL)))
        }
        // The end comes after the answer was read.
        shutdown(fd, Int32(SHUT_WR))
        _ = recv(fd, &chunk, 1, 0)
    }
}
