import Core
import Net
import Sharing

@testable import Upstream

/// A group under load, in memory: servers with a few places and a queue each, requests that come by chance.
///
/// One server is slow, one fails at once, one is new from the middle on: its state is one that nobody knows.
struct BalancingSimulation {
    /// What came of it.
    struct Result {
        /// Times of requests in microseconds, in order.
        var times: [Int64] = []
        /// Requests that each server was given; in the second half.
        var counts: [Int]
        var lateCounts: [Int]
        /// Requests that the new one had at most.
        var newcomerMost = 0

        func percentile(_ part: Double) -> Int64 {
            times.isEmpty ? 0 : times[min(times.count - 1, Int(Double(times.count) * part))]
        }
    }

    private struct Request {
        var beganUs: Int64
        let selection: Selection
        var attemptUs: Int64 = 0
        var peer = 0
    }

    private struct Server {
        var busy = 0
        var waiting: [Int] = []
        var next = 0
    }

    static let slow = 1
    static let failing = 2
    static let new = 3
    private static let places = 4
    private static let serviceUs: Int64 = 20_000

    private let servers: Int
    private let beginUs: Int64 = 100_000_000
    private let untilUs: Int64
    private var group: PeerGroup
    private var isNewHere = false
    private var generator = SplitMix(seed: 4711)
    private var requests: [Request] = []
    private var states: [Server]
    private var events = EventHeap()
    private(set) var result: Result

    init(_ method: BalancingMethod, servers: Int, seconds: Int64) {
        self.servers = servers
        untilUs = beginUs + seconds * 1_000_000
        group = PeerGroup.of((0..<servers).map { "10.0.\($0 / 250).\($0 % 250):80" }, method) {
            $0[BalancingSimulation.new].isDown = true
        }
        states = (0..<servers).map { _ in Server() }
        result = Result(
            counts: [Int](repeating: 0, count: servers), lateCounts: [Int](repeating: 0, count: servers))
    }

    /// - Parameter load: the part of all places that is busy.
    mutating func run(load: Double) -> Result {
        let perUs =
            load * Double(servers * BalancingSimulation.places) / Double(BalancingSimulation.serviceUs)
        events.push(beginUs, -1)
        while let (time, what) = events.pop() {
            if !isNewHere, time > (beginUs + untilUs) / 2 { admitNew() }
            if what >= 0 {
                end(what, time)
                continue
            }
            guard time < untilUs else { continue }
            events.push(time + chance(mean: 1 / perUs), -1)
            let selection = Selection.of(key: "\(requests.count)", address: requests.count)
            requests.append(Request(beganUs: time, selection: selection))
            send(requests.count - 1, time)
        }
        result.times.sort()
        return result
    }

    private mutating func admitNew() {
        isNewHere = true
        var settings = group.settings
        settings.peers[BalancingSimulation.new].isDown = false
        group = PeerGroup(settings, table: nil, former: group)
    }

    /// Exponentially distributed.
    private mutating func chance(mean: Double) -> Int64 {
        let part = Double(generator.next() >> 11) / Double(1 << 53)
        // ln(1 - x) by its inverse: halvings, then what is left of one.
        var rest = 1 - part
        var sum = 0.0
        while rest < 0.5 {
            rest *= 2
            sum += 0.693147
        }
        let y = 1 - rest
        sum += y + y * y / 2 + y * y * y / 3 + y * y * y * y / 4 + y * y * y * y * y / 5
        return Int64(sum * mean)
    }

    private mutating func send(_ number: Int, _ time: Int64) {
        guard case .peer(let peer) = group.pick(requests[number].selection, nowMs: time / 1000) else {
            return
        }
        requests[number].peer = peer
        requests[number].attemptUs = time
        result.counts[peer] += 1
        if isNewHere { result.lateCounts[peer] += 1 }
        if peer == BalancingSimulation.failing { return events.push(time + 500, number) }
        states[peer].waiting.append(number)
        if peer == BalancingSimulation.new {
            let server = states[peer]
            result.newcomerMost = max(result.newcomerMost, server.busy + server.waiting.count - server.next)
        }
        serve(peer, time)
    }

    private mutating func serve(_ peer: Int, _ time: Int64) {
        while states[peer].busy < BalancingSimulation.places,
            states[peer].next < states[peer].waiting.count
        {
            let number = states[peer].waiting[states[peer].next]
            states[peer].next += 1
            states[peer].busy += 1
            let factor: Double = peer == BalancingSimulation.slow ? 10 : 1
            let mean = Double(BalancingSimulation.serviceUs) * factor
            events.push(time + Int64(mean / 2) + chance(mean: mean / 2), number)
        }
    }

    private mutating func end(_ number: Int, _ time: Int64) {
        let request = requests[number]
        let hasFailed = request.peer == BalancingSimulation.failing
        group.end(
            request.peer, request.selection, hasFailed ? .failure : .success,
            afterUs: time - request.attemptUs, nowMs: time / 1000)
        if hasFailed { return send(number, time) }
        states[request.peer].busy -= 1
        serve(request.peer, time)
        result.times.append(time - request.beganUs)
    }
}

/// What happens when, the next one first.
private struct EventHeap {
    private var entries: [(time: Int64, what: Int)] = []

    mutating func push(_ time: Int64, _ what: Int) {
        entries.append((time, what))
        var child = entries.count - 1
        while child > 0, entries[(child - 1) / 2].time > entries[child].time {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (Int64, Int)? {
        guard let first = entries.first else { return nil }
        entries[0] = entries[entries.count - 1]
        entries.removeLast()
        var parent = 0
        while 2 * parent + 1 < entries.count {
            var child = 2 * parent + 1
            if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
            guard entries[child].time < entries[parent].time else { break }
            entries.swapAt(child, parent)
            parent = child
        }
        return first
    }
}
