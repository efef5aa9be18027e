internal import Config
internal import Core
internal import Sharing

/// `ewma`: of two peers that chance and weight take, the one that will be done first, by a moving average of
/// the time to the response's head that rises to each peak at once and forgets it slowly (peak EWMA).
///
/// What is thought of a peer that nobody asks moves towards what the others take: so a slow one gets another
/// chance, a new one begins as one of the many, neither overrun nor left alone, and none starves. A failure
/// counts as twice the time that was expected: a peer that fails fast does not look fast.
final class EWMA: Balancer {
    private let shares: WeightShares
    private let fallback = RoundRobin()
    private let peers: [Peer]
    private let halfLifeMs: Int
    private var mean = MeanTime()
    private var generator: SplitMix

    init(_ peers: [Peer], _ primaries: Range<Int>, halfLifeMs: Int, seed: UInt64) {
        shares = WeightShares(peers, primaries)
        self.peers = Array(peers[primaries])
        self.halfLifeMs = halfLifeMs
        generator = SplitMix(seed: seed)
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard shares.total > 0 else { return nil }
        mean.follow(peers, halfLifeMs, nowMs)
        var first: Int?
        while selection.hashTries <= 20 {
            selection.hashTries += 1
            let index = shares.peer(at: Int.random(in: 0..<shares.total, using: &generator))
            guard group.isEligible(index, selection), index != first, mayServe(index, group, nowMs)
            else { continue }
            guard let other = first else {
                first = index
                continue
            }
            return noted(prefers(index, to: other, nowMs) ? index : other, group, nowMs)
        }
        if let first { return noted(first, group, nowMs) }
        return fallback.pick(from: group, selection, nowMs: nowMs)
    }

    private func noted(_ index: Int, _ group: PeerGroup, _ nowMs: Int64) -> Int {
        group.noteChoice(index, nowMs: nowMs)
        return index
    }

    /// One in its slow start is passed over as often as its weight is small.
    private func mayServe(_ index: Int, _ group: PeerGroup, _ nowMs: Int64) -> Bool {
        guard group.eligible.isRamping[index] else { return true }
        let weight = peers[index].settings.weight << 10
        return Int.random(in: 0..<weight, using: &generator) < peers[index].ramped(weight, nowMs: nowMs)
    }

    /// In microseconds: that is as fine as it can be told, and whoever is forgotten comes to the mean.
    private func prefers(_ index: Int, to other: Int, _ nowMs: Int64) -> Bool {
        let time = expected(peers[index], nowMs) / 1000 + 1
        return peers[index].isDoneBefore(peers[other], time, expected(peers[other], nowMs) / 1000 + 1)
    }

    /// In nanoseconds.
    private func expected(_ peer: Peer, _ nowMs: Int64) -> Int {
        EWMA.expected(peer, towards: mean.ns, halfLifeMs, nowMs)
    }

    static func expected(_ peer: Peer, towards mean: Int, _ halfLifeMs: Int, _ nowMs: Int64) -> Int {
        let time = peer.state.time(to: .header)
        guard time > 0 else { return mean }
        // What was found within the half-life is not doubted.
        let age = Int(max(0, nowMs - peer.state.sampledMs)) - halfLifeMs
        return age <= 0 ? time : mean + halved(time - mean, age, halfLifeMs)
    }

    /// What is left of a difference when it halves once in `halfLife`.
    static func halved(_ difference: Int, _ age: Int, _ halfLife: Int) -> Int {
        let halvings = age / halfLife
        guard halvings < 50 else { return 0 }
        let rest = min(max(difference, -nsMax), nsMax) / (1 << halvings)
        return rest - rest / 2 * (age % halfLife) / halfLife
    }

    // MARK: What comes of it

    func answered(_ peer: Peer, afterNs: Int, nowMs: Int64) {
        let former = peer.state.time(to: .header)
        guard afterNs < former else {
            return peer.state.setTime(to: .header, ns: min(afterNs, EWMA.nsMax), nowMs: nowMs)
        }
        // Those that come within one millisecond are told once: no time has passed in which to forget.
        let age = Int(nowMs - peer.state.sampledMs)
        guard age > 0 else { return }
        let time = afterNs + EWMA.halved(former - afterNs, age, halfLifeMs)
        peer.state.setTime(to: .header, ns: time, nowMs: nowMs)
    }

    func failed(_ peer: Peer, afterNs: Int, nowMs: Int64) {
        let doubled = 2 * max(expected(peer, nowMs), mean.ns)
        let time = min(max(doubled, afterNs), EWMA.nsMax)
        peer.state.setTime(to: .header, ns: max(time, peer.state.time(to: .header)), nowMs: nowMs)
    }

    /// A minute: longer times are as bad.
    private static var nsMax: Int { 60_000_000_000 }
}

/// How long a response takes in the group, over those that were asked lately.
private struct MeanTime {
    /// In nanoseconds; 0: nothing is known.
    private(set) var ns = 0
    private var lookedMs = Int64.min
    /// Looking at a thousand peers takes some microseconds.
    private static var lookMs: Int64 { 100 }

    mutating func follow(_ peers: [Peer], _ halfLifeMs: Int, _ nowMs: Int64) {
        guard lookedMs == .min || nowMs - lookedMs >= MeanTime.lookMs || nowMs < lookedMs else { return }
        lookedMs = nowMs
        var sum = 0
        var count = 0
        for peer in peers where nowMs - peer.state.sampledMs <= Int64(halfLifeMs) {
            let time = peer.state.time(to: .header)
            guard time > 0 else { continue }
            sum &+= time
            count += 1
        }
        // Where nobody was asked, all are as they were.
        if count > 0 { ns = sum / count }
    }
}

extension BalancingMethod {
    /// `ewma [decay=time]`
    public static func ewma(halfLifeMs: Int = 5000, seed: UInt64? = nil) -> BalancingMethod {
        BalancingMethod("ewma") {
            EWMA($0, $1, halfLifeMs: halfLifeMs, seed: seed ?? UInt64.random(in: 0 ... .max))
        }.timed(Timing(part: .header))
    }
}

extension EWMA {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "ewma",
            "Of two servers by chance, the one that will be done first by a moving average of its response"
                + " times, which halves what it knows in `decay`.",
            "[decay=5s]",
            in: .upstream, arity: 0...1
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            let word = statement.argument(0)
            guard !statement.arguments.isEmpty else { return block.choose(.ewma(), statement) }
            guard word.hasPrefix("decay="), let ms = Units.milliseconds(String(word.dropFirst(6))),
                (1...86_400_000).contains(ms)
            else { throw ConfigError("invalid parameter \"\(word)\"", statement) }
            block.choose(.ewma(halfLifeMs: ms), statement)
        }
    }
}
