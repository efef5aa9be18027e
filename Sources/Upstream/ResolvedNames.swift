public import Net

/// Addresses of names that are looked up while the service runs: written by the checker, read by workers.
///
/// A place for each name, found by its hash; a place begins with a number that is odd while it is being
/// written. One more number, in front, counts the changes to all of them.
public final class ResolvedNames {
    /// Addresses that a name may have; further ones are dropped.
    public static var addressesMax: Int { 16 }

    private static var placeSize: Int { 4 + 3 * addressesMax }

    private let memory: SharedMemory
    private let capacity: Int

    /// - Parameter capacity: names, over all reloads.
    public init(capacity: Int) throws(Errno) {
        self.capacity = capacity
        memory = try SharedMemory(count: 1 + capacity * ResolvedNames.placeSize)
    }

    /// Changes so far, of any name.
    public var changes: Int { memory.load(0) }

    /// The addresses of a name that were found last; `nil`: it was never found.
    public func addresses(of name: DynamicName) -> [SocketAddress]? {
        guard let place = place(of: name) else { return nil }
        for _ in 0..<100 {
            let before = memory.load(place + 1, ordered: true)
            guard before & 1 == 0 else { continue }
            guard before > 0 else { return nil }
            let count = min(max(memory.load(place + 2, ordered: true), 0), ResolvedNames.addressesMax)
            let found = (0..<count).compactMap { index in
                let numbers = (0..<3).map { memory.load(place + 4 + index * 3 + $0, ordered: true) }
                return ResolvedNames.address(numbers)
            }
            guard memory.load(place + 1, ordered: true) == before else { continue }
            return found
        }
        return nil
    }

    /// Puts the addresses of a name there, if they are others than before. Only one process may write.
    ///
    /// - Returns: whether they were others.
    public func publish(_ addresses: [SocketAddress], of name: DynamicName) -> Bool {
        let addresses = Array(addresses.prefix(ResolvedNames.addressesMax))
        guard let place = place(of: name), self.addresses(of: name) != addresses else { return false }
        let sequence = memory.load(place + 1) | 1
        memory.store(place + 1, sequence, ordered: true)
        memory.store(place + 2, addresses.count, ordered: true)
        for (index, address) in addresses.enumerated() {
            for (offset, number) in ResolvedNames.numbers(address).enumerated() {
                memory.store(place + 4 + index * 3 + offset, number, ordered: true)
            }
        }
        memory.store(place + 1, sequence &+ 1, ordered: true)
        memory.add(0, 1)
        return true
    }

    private func place(of name: DynamicName) -> Int? {
        let found = memory.place(of: "\(name.host):\(name.port)", among: capacity) {
            1 + $0 * ResolvedNames.placeSize
        }
        return found.map { 1 + $0.place * ResolvedNames.placeSize }
    }

    /// Family and port, then the address's high and low halves.
    private static func numbers(_ address: SocketAddress) -> [Int] {
        switch address.kind {
        case .ipv4(let value, let port): [4 << 16 | Int(port), 0, Int(value)]
        case .ipv6(let high, let low, let port):
            [6 << 16 | Int(port), Int(bitPattern: UInt(high)), Int(bitPattern: UInt(low))]
        case .unix: [0, 0, 0]
        }
    }

    private static func address(_ numbers: [Int]) -> SocketAddress? {
        let port = UInt16(truncatingIfNeeded: numbers[0])
        switch numbers[0] >> 16 {
        case 4: return SocketAddress(.ipv4(UInt32(truncatingIfNeeded: numbers[2]), port: port))
        case 6:
            return SocketAddress(
                .ipv6(
                    high: UInt64(UInt(bitPattern: numbers[1])), low: UInt64(UInt(bitPattern: numbers[2])),
                    port: port))
        default: return nil
        }
    }
}

/// A name in a `server` line that is looked up again while the service runs.
public struct DynamicName: Hashable, Sendable {
    /// As it was written.
    public let host: String
    /// The port of all its addresses.
    public let port: UInt16
    /// `resolve`: looked up again whenever the answer is too old; otherwise only until it is found.
    public let isFollowed: Bool

    /// A name that has to be looked up.
    public init(host: String, port: UInt16, isFollowed: Bool) {
        self.host = host
        self.port = port
        self.isFollowed = isFollowed
    }
}

extension UpstreamSettings {
    /// The names in it that are looked up while the service runs.
    public var dynamicNames: [DynamicName] {
        var seen: Set<DynamicName> = []
        return peers.compactMap(\.dynamicName).filter { seen.insert($0).inserted }
    }

    /// The same group with the addresses that its names have now.
    public func with(_ names: ResolvedNames) -> UpstreamSettings {
        guard peers.contains(where: { $0.dynamicName != nil }) else { return self }
        var result = self
        result.peers = []
        var done: Set<String> = []
        for peer in peers {
            guard let name = peer.dynamicName, let addresses = names.addresses(of: name), !addresses.isEmpty
            else {
                result.peers.append(peer)
                continue
            }
            // The addresses of one line stand where its first one stood.
            guard done.insert(peer.server).inserted else { continue }
            for address in addresses {
                var copy = peer
                copy.address = address
                copy.name = address.text
                copy.isUnresolved = false
                result.peers.append(copy)
            }
        }
        return result
    }
}
