internal import Core
internal import Net

/// `hash key consistent`: ketama, 160 points for each unit of weight, so that a peer that comes or goes
/// moves only its share of the keys. The points are those of nginx and of Cache::Memcached::Fast, unless a
/// group has so much weight that they take too long to make: then there are fewer, in proportion.
///
/// With `bound=n%`, a peer that has as many active requests as n percent of what is due to its weight passes
/// the key on to the next one on the circle: one key that everybody asks for cannot bury a peer (consistent
/// hashing with bounded loads).
///
/// An empty key goes round robin.
final class ConsistentHash: Balancer {
    private struct Point {
        let hash: UInt32
        /// Number of the server line; its addresses share the points.
        let server: UInt32
    }

    private static var pointsPerWeight: Int { 160 }
    /// As many as 4,096 servers of the usual weight have.
    static var pointsMax: Int { 4096 * pointsPerWeight }

    private var points: [Point] = []
    private var members: [[Int]] = []
    private var able: [Int] = []
    private let fallback = RoundRobin()
    private var bound: LoadBound?

    /// Points that keys can lead to.
    var pointCount: Int { points.count }

    /// - Parameter bound: percent of what is due to a peer's weight that it may have; `nil`: any.
    init(_ peers: [Peer], _ primaries: Range<Int>, bound: Int? = nil) {
        self.bound = bound.map { LoadBound(Array(peers[primaries]), percent: $0) }
        var servers: [String: Int] = [:]
        // A point's hash stands above its server: in order they are in the order of both.
        var keys: [UInt64] = []
        let weight = primaries.reduce(0) { $0 + peers[$1].settings.weight }
        for index in primaries {
            let settings = peers[index].settings
            if servers[settings.server] == nil {
                servers[settings.server] = members.count
                members.append([])
            }
            guard let server = servers[settings.server] else { continue }
            members[server].append(index)
            let count = ConsistentHash.pointCount(settings.weight, of: weight)
            ConsistentHash.addPoints(settings, count, UInt64(server), to: &keys)
        }
        keys.sort()
        for key in keys where points.last?.hash != UInt32(key >> 32) {
            points.append(Point(hash: UInt32(key >> 32), server: UInt32(truncatingIfNeeded: key)))
        }
    }

    /// - Parameter total: the weight of all primaries.
    private static func pointCount(_ weight: Int, of total: Int) -> Int {
        let count = weight * pointsPerWeight
        let all = total * pointsPerWeight
        return all <= pointsMax ? count : max(1, count / ((all + pointsMax - 1) / pointsMax))
    }

    /// CRC-32 over HOST NUL PORT and the previous point's hash, little-endian.
    private static func addPoints(
        _ settings: PeerSettings, _ count: Int, _ server: UInt64, to keys: inout [UInt64]
    ) {
        let (host, port) = ConsistentHash.split(settings.server)
        var begin = CRC32()
        begin.update(Array(host.utf8))
        begin.update(0)
        begin.update(Array(port.utf8))
        var previous: UInt32 = 0
        for _ in 0..<count {
            var crc = begin
            for shift: UInt32 in [0, 8, 16, 24] { crc.update(UInt8(truncatingIfNeeded: previous >> shift)) }
            keys.append(UInt64(crc.value) << 32 | server)
            previous = crc.value
        }
    }

    private static func split(_ server: String) -> (host: String, port: String) {
        if server.hasPrefix("unix:") { return (String(server.dropFirst(5)), "") }
        let (host, port) = HostAndPort.split(server)
        guard let port, !port.isEmpty, port.allSatisfy(\.isNumber) else { return (server, "") }
        return (String(host), String(port))
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard !points.isEmpty, !selection.hashKey.isEmpty else {
            return fallback.pick(from: group, selection, nowMs: nowMs)
        }
        if selection.hashTries == 0 {
            var crc = CRC32()
            crc.update(selection.hashKey)
            selection.hash = UInt32(firstPoint(atLeast: crc.value))
        }
        bound?.look(group.eligible.isOpen)
        // Those that pass on do not count, but are not asked without end either.
        var passed = 0
        while selection.hashTries <= 20 {
            let point = points[Int(selection.hash) % points.count]
            let addresses = members[Int(point.server)]
            if let bound, passed < members.count * 16, !addresses.contains(where: bound.hasRoom) {
                passed += 1
                selection.hash = UInt32((Int(selection.hash) % points.count + 1) % points.count)
                continue
            }
            if let index = takeTurn(among: addresses, group, selection, nowMs) { return index }
            selection.hash &+= 1
            selection.hashTries += 1
        }
        return fallback.pick(from: group, selection, nowMs: nowMs)
    }

    /// Addresses of one name take turns.
    private func takeTurn(
        among indices: [Int], _ group: PeerGroup, _ selection: Selection, _ nowMs: Int64
    ) -> Int? {
        able.removeAll(keepingCapacity: true)
        for index in indices where group.isEligible(index, selection) {
            if let bound, !bound.hasRoom(index) { continue }
            able.append(index)
        }
        if able.isEmpty, bound != nil {
            for index in indices where group.isEligible(index, selection) { able.append(index) }
        }
        guard let index = group.turns.take(among: able, count: able.count, nowMs: nowMs) else { return nil }
        group.noteChoice(index, nowMs: nowMs)
        return index
    }

    private func firstPoint(atLeast hash: UInt32) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// How many active requests each peer may have: so many percent of what is due to its weight.
private struct LoadBound {
    private let percent: Int
    private let weights: [Int]
    private var active: ActiveRequests
    /// Of those that can serve, together with the request that is placed.
    private var requests = 1
    private var weight = 1

    init(_ primaries: [Peer], percent: Int) {
        self.percent = percent
        weights = primaries.map(\.settings.weight)
        active = ActiveRequests(primaries)
    }

    mutating func look(_ isOpen: [Bool]) {
        active.look()
        requests = 1
        weight = 0
        for index in weights.indices where isOpen[index] {
            requests &+= max(0, active.counts[index])
            weight += weights[index]
        }
        weight = max(1, weight)
    }

    /// Whether one more keeps it within the bound, rounded up.
    func hasRoom(_ index: Int) -> Bool {
        let (due, isTooMuch) = requests.multipliedReportingOverflow(by: percent &* weights[index])
        return isTooMuch || max(0, active.counts[index]) &* 100 &* weight < due
    }
}
