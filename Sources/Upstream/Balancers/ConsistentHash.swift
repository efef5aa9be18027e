internal import Core

/// `hash key consistent`: ketama, 160 points for each unit of weight, so that a peer that comes or goes
/// moves only its share of the keys. The points are those of nginx and of Cache::Memcached::Fast.
final class ConsistentHash: Balancer {
    private struct Point {
        let hash: UInt32
        /// Number of the server line; its addresses share the points.
        let server: Int
    }

    private var points: [Point] = []
    private var members: [[Int]] = []
    private var able: [Int] = []

    init(_ peers: [Peer], _ primaries: Range<Int>) {
        var servers: [String: Int] = [:]
        for index in primaries {
            let settings = peers[index].settings
            if servers[settings.server] == nil {
                servers[settings.server] = members.count
                members.append([])
            }
            guard let server = servers[settings.server] else { continue }
            members[server].append(index)
            addPoints(settings, server)
        }
        points.sort { ($0.hash, $0.server) < ($1.hash, $1.server) }
        var unique: [Point] = []
        for point in points where unique.last?.hash != point.hash { unique.append(point) }
        points = unique
    }

    /// CRC-32 over HOST NUL PORT and the previous point's hash, little-endian.
    private func addPoints(_ settings: PeerSettings, _ server: Int) {
        let (host, port) = ConsistentHash.split(settings.server)
        var begin = CRC32()
        begin.update(Array(host.utf8))
        begin.update(0)
        begin.update(Array(port.utf8))
        var previous: UInt32 = 0
        for _ in 0..<(settings.weight * 160) {
            var crc = begin
            for shift: UInt32 in [0, 8, 16, 24] { crc.update(UInt8(truncatingIfNeeded: previous >> shift)) }
            points.append(Point(hash: crc.value, server: server))
            previous = crc.value
        }
    }

    private static func split(_ server: String) -> (host: String, port: String) {
        if server.hasPrefix("unix:") { return (String(server.dropFirst(5)), "") }
        guard let colon = server.lastIndex(of: ":") else { return (server, "") }
        let port = server[server.index(after: colon)...]
        guard !port.isEmpty, port.allSatisfy(\.isNumber) else { return (server, "") }
        return (String(server[..<colon]), String(port))
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard !points.isEmpty else { return nil }
        if selection.hashTries == 0 {
            var crc = CRC32()
            crc.update(selection.hashKey)
            selection.hash = UInt32(firstPoint(atLeast: crc.value))
        }
        while selection.hashTries <= 20 {
            let point = points[Int(selection.hash) % points.count]
            let addresses = members[point.server]
            if let index = takeTurn(among: addresses, group, selection, nowMs) { return index }
            selection.hash &+= 1
            selection.hashTries += 1
        }
        return takeTurn(among: group.primaries, group, selection, nowMs)
    }

    /// Addresses of one name take turns; so do all when the points lead nowhere.
    private func takeTurn(
        among indices: some Sequence<Int>, _ group: PeerGroup, _ selection: Selection, _ nowMs: Int64
    ) -> Int? {
        able.removeAll(keepingCapacity: true)
        for index in indices where group.isEligible(index, selection) { able.append(index) }
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
