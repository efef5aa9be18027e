/// A response of a name server, and the queries that ask for one. RFC 1035 §4, RFC 6891.
public struct DNSMessage: Equatable, Sendable {
    /// What is asked for.
    public enum Kind: Int, Sendable {
        /// IPv4 addresses.
        case a = 1
        /// IPv6 addresses: RFC 3596.
        case aaaa = 28
        /// Hosts and ports of a service: RFC 2782.
        case srv = 33
    }

    /// Where a service is offered: RFC 2782.
    public struct Service: Equatable, Sendable {
        /// The lowest number is tried first.
        public let priority: Int
        /// Its share among those of the same priority.
        public let weight: Int
        /// The port.
        public let port: UInt16
        /// The host.
        public let target: DNSName
    }

    /// An answer that is of use here.
    public struct Record: Equatable, Sendable {
        /// What it says of its owner.
        public enum Content: Equatable, Sendable {
            /// Its port is 0.
            case address(SocketAddress)
            /// CNAME: the name under which to look on.
            case alias(DNSName)
            /// SRV
            case service(Service)
        }

        /// Whom it is about.
        public let owner: DNSName
        /// Seconds, 0...86400.
        public let ttlSeconds: Int
        /// What it says.
        public let content: Content
    }

    /// Bytes of the head.
    static var headSize: Int { 12 }
    /// The largest response that we ask for: it fits into every path's packets.
    static var payloadMax: Int { 1232 }
    private static var ttlMax: Int { 86_400 }
    private static var chainMax: Int { 16 }
    private static var classInternet: Int { 1 }
    private static var typeAlias: Int { 5 }
    private static var typeOptions: Int { 41 }

    /// The query's number.
    public let id: UInt16
    /// The name that was asked for.
    public let name: DNSName
    /// The type that was asked for.
    public let kind: Kind
    /// RCODE, with EDNS's upper bits.
    public private(set) var code: Int
    /// TC: records are missing.
    public let isTruncated: Bool
    /// The addresses and aliases of the answer section, in their order.
    public private(set) var answers: [Record] = []

    // MARK: Asking

    /// A recursive query.
    ///
    /// - Parameter edns: says that a response of 1232 bytes may come; without it 512 is the limit.
    public static func query(id: UInt16, name: DNSName, kind: Kind, edns: Bool = true) -> [UInt8] {
        var bytes = [UInt8(id >> 8), UInt8(id & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]
        bytes += name.wire
        bytes += [0, UInt8(kind.rawValue), 0, UInt8(classInternet)]
        guard edns else { return bytes }
        bytes += [0, 0, UInt8(typeOptions), UInt8(payloadMax >> 8), UInt8(payloadMax & 0xFF)]
        bytes += [0, 0, 0, 0, 0, 0]
        return bytes
    }

    // MARK: Reading

    /// Reads a response; `nil`: it is none, or is malformed.
    ///
    /// Of a truncated one the records before the cut are taken.
    public init?(response bytes: [UInt8]) {
        var reader = DNSReader(bytes)
        guard let id = reader.number16(), let flags = reader.number16() else { return nil }
        // QR is set, and OPCODE is that of a plain query.
        guard flags & 0xF800 == 0x8000, reader.number16() == 1 else { return nil }
        guard let answered = reader.number16(), let authority = reader.number16() else { return nil }
        guard let additional = reader.number16(), let name = reader.name() else { return nil }
        guard let kind = reader.number16().flatMap(Kind.init), reader.number16() == DNSMessage.classInternet
        else { return nil }
        self.id = UInt16(truncatingIfNeeded: id)
        self.name = name
        self.kind = kind
        code = flags & 0x0F
        isTruncated = flags & 0x0200 != 0
        for index in 0..<answered + authority + additional
        where !takeRecord(&reader, isAnswer: index < answered) {
            guard isTruncated else { return nil }
            return
        }
    }

    /// Returns `false` if there is no whole record.
    private mutating func takeRecord(_ reader: inout DNSReader, isAnswer: Bool) -> Bool {
        guard let owner = reader.name(), let type = reader.number16(), let place = reader.number16() else {
            return false
        }
        guard let life = reader.number32(), let length = reader.number16() else { return false }
        var content = reader
        guard reader.skip(length) else { return false }
        if type == DNSMessage.typeOptions, !isAnswer { code |= (life >> 24) << 4 }
        guard isAnswer, place == DNSMessage.classInternet else { return true }
        let found: Record.Content?
        switch type {
        case Kind.a.rawValue: found = DNSMessage.ipv4(&content)
        case Kind.aaaa.rawValue: found = DNSMessage.ipv6(&content)
        case Kind.srv.rawValue: found = DNSMessage.service(&content)
        case DNSMessage.typeAlias: found = content.name().map { .alias($0) }
        default: return true
        }
        guard let found, content.position == reader.position else { return false }
        // RFC 2181 §8: a life with the highest bit set is none.
        let seconds = life >> 31 == 0 ? min(life, DNSMessage.ttlMax) : 0
        answers.append(Record(owner: owner, ttlSeconds: seconds, content: found))
        return true
    }

    private static func ipv4(_ reader: inout DNSReader) -> Record.Content? {
        reader.number32().map { .address(SocketAddress(.ipv4(UInt32($0), port: 0))) }
    }

    private static func ipv6(_ reader: inout DNSReader) -> Record.Content? {
        guard let high = reader.number64(), let low = reader.number64() else { return nil }
        return .address(SocketAddress(.ipv6(high: high, low: low, port: 0)))
    }

    private static func service(_ reader: inout DNSReader) -> Record.Content? {
        guard let priority = reader.number16(), let weight = reader.number16(), let port = reader.number16(),
            let target = reader.name()
        else { return nil }
        return .service(
            Service(
                priority: priority, weight: weight, port: UInt16(truncatingIfNeeded: port), target: target))
    }

    // MARK: Meaning

    /// Where the service that was asked for is offered, and the smallest TTL; aliases end with the message.
    var services: (list: [Service], ttlSeconds: Int) {
        let end = followed
        var list: [Service] = []
        var ttl = end.ttlSeconds
        for record in answers where record.owner == end.name {
            guard case .service(let service) = record.content else { continue }
            list.append(service)
            ttl = min(ttl, record.ttlSeconds)
        }
        return (list, ttl)
    }

    /// The addresses of the name that was asked for, or of the one at the end of its aliases, and the
    /// smallest TTL on the way; records of other names do not count.
    public var addresses: (list: [SocketAddress], ttlSeconds: Int) {
        let end = followed
        return (end.list, end.ttlSeconds)
    }

    /// The same, and the name at the end of the aliases: where they lead out of the message, it is asked for.
    var followed: (list: [SocketAddress], ttlSeconds: Int, name: DNSName) {
        var owner = name
        var ttl = DNSMessage.ttlMax
        for _ in 0...DNSMessage.chainMax {
            var found: [SocketAddress] = []
            var alias: Record?
            for record in answers where record.owner == owner {
                switch record.content {
                case .address(let address) where address.isIPv6 == (kind == .aaaa):
                    found.append(address)
                    ttl = min(ttl, record.ttlSeconds)
                case .address, .service: break
                case .alias: alias = alias ?? record
                }
            }
            if !found.isEmpty { return (found, ttl, owner) }
            guard let alias, case .alias(let next) = alias.content else { break }
            ttl = min(ttl, alias.ttlSeconds)
            owner = next
        }
        return ([], ttl, owner)
    }
}
