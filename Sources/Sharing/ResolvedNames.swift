public import Net

/// Addresses of names that are looked up while the service runs: written by the checker, read by workers.
///
/// A place for each name: a `Seqlock`'s number, how many addresses there are (one more), and those. One more
/// number, in front, counts the changes to all of them.
public final class ResolvedNames {
    /// Addresses that a name may have; further ones are dropped.
    public static var addressesMax: Int { 16 }

    private static var placeSize: Int { 2 + 3 * addressesMax }

    private let memory: SharedMemory
    private let places: PlaceTable
    private var held = HeldPlaces()

    /// A table with a place for each that `places` has.
    public init(places: PlaceTable) throws(Errno) {
        self.places = places
        memory = try SharedMemory(count: 1 + places.capacity * ResolvedNames.placeSize)
    }

    /// The names that this process goes by are these and no others.
    ///
    /// - Returns: false: there is no room for all of them.
    public func hold(_ names: some Sequence<DynamicName>) -> Bool {
        held.hold(names.map(ResolvedNames.mark)) { take($0) }
    }

    /// Goes by one more name.
    ///
    /// - Returns: false: there is no room for it.
    public func hold(also name: DynamicName) -> Bool {
        let mark = ResolvedNames.mark(name)
        if held[mark] == nil, let lease = take(mark) { held.add(mark, lease) }
        return held[mark] != nil
    }

    private func take(_ mark: Int) -> PlaceLease? {
        places.take(mark) { place, vacancy in
            guard case .foreign = vacancy else { return }
            write(nil, at: start(place))
        }
    }

    private static func mark(_ name: DynamicName) -> Int {
        SharedMemory.mark(of: name.text)
    }
    private func start(_ place: Int) -> Int { 1 + place * ResolvedNames.placeSize }

    /// Changes so far, of any name.
    public var changes: Int { memory.load(0) }

    /// The addresses of a name that were found last; `nil`: it was never found.
    public func addresses(of name: DynamicName) -> [FoundServer]? {
        let mark = ResolvedNames.mark(name)
        guard let place = held[mark] ?? places.find(mark) else { return nil }
        let start = start(place)
        let found = Seqlock(memory, start).read { _ -> [FoundServer]? in
            let count = min(memory.loadOrdered(start + 1), ResolvedNames.addressesMax + 1) - 1
            guard count >= 0 else { return nil }
            return (0..<count).compactMap { index in
                let numbers = (0..<3).map { memory.loadOrdered(start + 2 + index * 3 + $0) }
                return FoundServer(numbers: numbers)
            }
        }
        // It may have become another's before it was read.
        return held[mark] != nil || places.find(mark) == place ? found ?? nil : nil
    }

    /// Puts the addresses of a name there, if they are others than before. Only one process may write.
    ///
    /// - Returns: whether they were others.
    public func publish(_ addresses: [FoundServer], of name: DynamicName) -> Bool {
        let addresses = Array(addresses.prefix(ResolvedNames.addressesMax))
        guard hold(also: name), let place = held[ResolvedNames.mark(name)],
            self.addresses(of: name) != addresses
        else { return false }
        write(addresses, at: start(place))
        memory.add(0, 1)
        return true
    }

    /// - Parameter addresses: `nil`: it was never found.
    private func write(_ addresses: [FoundServer]?, at start: Int) {
        Seqlock(memory, start).write {
            memory.storeOrdered(start + 1, addresses.map { $0.count + 1 } ?? 0)
            for (index, address) in (addresses ?? []).enumerated() {
                for (offset, number) in address.numbers.enumerated() {
                    memory.storeOrdered(start + 2 + index * 3 + offset, number)
                }
            }
        }
    }
}

/// A server that a name was found to mean.
public struct FoundServer: Hashable, Sendable {
    /// Where it is.
    public var address: SocketAddress
    /// Its weight, by an SRV record; 0: that of the `server` line.
    public var weight = 0
    /// An SRV record has it tried after others.
    public var isBackup = false

    /// A server of which nothing but the address is known.
    public init(_ address: SocketAddress) { self.address = address }

    /// Family, port, weight and rank, then the address's high and low halves.
    var numbers: [Int] {
        let rank = (isBackup ? 1 << 40 : 0) | (weight & 0xFFFF) << 24
        switch address.kind {
        case .ipv4(let value, let port): return [rank | 4 << 16 | Int(port), 0, Int(value)]
        case .ipv6(let high, let low, let port):
            return [rank | 6 << 16 | Int(port), Int(bitPattern: UInt(high)), Int(bitPattern: UInt(low))]
        case .unix: return [0, 0, 0]
        }
    }

    init?(numbers: [Int]) {
        let port = UInt16(truncatingIfNeeded: numbers[0])
        switch numbers[0] >> 16 & 0xF {
        case 4: address = SocketAddress(.ipv4(UInt32(truncatingIfNeeded: numbers[2]), port: port))
        case 6:
            address = SocketAddress(
                .ipv6(
                    high: UInt64(UInt(bitPattern: numbers[1])), low: UInt64(UInt(bitPattern: numbers[2])),
                    port: port))
        default: return nil
        }
        weight = numbers[0] >> 24 & 0xFFFF
        isBackup = numbers[0] >> 40 & 1 == 1
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
    /// `service`: SRV records of the host (RFC 2782) say where it is, and the port is 0.
    public let service: String?

    /// A name that has to be looked up.
    public init(host: String, port: UInt16, isFollowed: Bool, service: String? = nil) {
        self.host = host
        self.port = port
        self.isFollowed = isFollowed
        self.service = service
    }

    /// What tells it from others.
    public var text: String { service.map { "\(host) service=\($0)" } ?? "\(host):\(port)" }

    /// The name that SRV records are asked of: `http` is short for `_http._tcp`.
    public var serviceName: String? {
        service.map { $0.contains(".") ? "\($0).\(host)" : "_\($0)._tcp.\(host)" }
    }
}
