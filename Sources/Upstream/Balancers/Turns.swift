/// Smooth weighted round robin: each eligible peer gains its weight, the highest is chosen and pays the sum.
/// Weights 5, 1, 1 give a a b a c a a.
///
/// Moving a thousand peers for each choice took 16 µs. But what gains alike keeps its order: eligible peers
/// of one weight stand in a line, highest first, and only the heads of lines are compared. What a line has
/// gained is kept once for all who stand in it. Whoever has paid goes to the end, mostly without passing
/// anybody. Those whose weight is not whole, after failures or in a slow start, stand alone and are moved
/// one by one.
///
/// Turns are counted in 1024ths of a unit of weight: a peer in its slow start has a part of its own.
final class Turns {
    private enum Place { case out, alone, line }

    fileprivate struct Account {
        /// Its turn; of one in a line: less what the line has gained.
        var credit = 0
        /// Falls with failures, creeps back with each turn.
        var effective: Int
        let weight: Int

        var share: Int { effective << 10 }

        mutating func gain(_ share: Int) {
            credit += share
            if effective < weight { effective += 1 }
        }
    }

    /// Where a peer stands; -1: nobody is there.
    private struct Link {
        let line: Int
        var place = Place.out
        var previous = -1
        var next = -1
    }

    private struct Line {
        let share: Int
        var gained = 0
        var first = -1
        var last = -1
    }

    /// Primaries, or backups: nobody takes turns with the other ones.
    private struct Section {
        let peers: Range<Int>
        let lines: Range<Int>
        /// They have been let in. Turns among some of them take everybody out again.
        var isOpen = false
        /// What all lines gain with each turn.
        var share = 0
        var alone: [Int] = []
    }

    private let peers: [Peer]
    private let mayRamp: Bool
    private let gainMax: Int
    private var accounts: [Account] = []
    private var links: [Link] = []
    private var lines: [Line] = []
    private var sections: [Section] = []
    private var entering: [Int] = []

    /// - Parameters:
    ///   - parts: primaries and backups.
    ///   - gainMax: when what a line has gained is counted anew.
    init(_ peers: [Peer], _ parts: [Range<Int>], gainMax: Int = 1 << 60) {
        self.peers = peers
        self.gainMax = gainMax
        mayRamp = peers.contains { $0.settings.slowStartMs > 0 }
        for part in parts {
            let begin = lines.count
            var known: [Int: Int] = [:]
            for index in part {
                let weight = peers[index].settings.weight
                if known[weight] == nil {
                    known[weight] = lines.count
                    lines.append(Line(share: weight << 10))
                }
                accounts.append(Account(effective: weight, weight: weight))
                links.append(Link(line: known[weight] ?? begin))
            }
            sections.append(Section(peers: part, lines: begin..<lines.count))
        }
    }

    /// A peer's turn, and what of its weight it has.
    func standing(_ index: Int) -> (credit: Int, effective: Int) {
        let gained = links[index].place == .line ? lines[links[index].line].gained : 0
        return (accounts[index].credit + gained, accounts[index].effective)
    }

    /// The same peer before a reload: its turn goes on. Called before any turn is taken.
    func adopt(_ index: Int, _ standing: (credit: Int, effective: Int)) {
        accounts[index].credit = standing.credit
        accounts[index].effective = standing.effective
    }

    // MARK: One turn

    /// A turn among all of a section that are open and that the request was not tried at.
    func take(_ section: Int, _ isOpen: [Bool], _ selection: Selection, nowMs: Int64) -> Int? {
        if !sections[section].isOpen { open(section, isOpen, nowMs) }
        guard selection.triedCount > 0 else { return step(section, nowMs) }
        let all = sections[section].peers
        for place in 0..<selection.triedCount where all.contains(selection.tried(place)) {
            leave(selection.tried(place))
        }
        let best = step(section, nowMs)
        for place in 0..<selection.triedCount {
            let index = selection.tried(place)
            if all.contains(index) && isOpen[index] { enter(index, nowMs) }
        }
        lineUp()
        return best
    }

    /// A primary gets a request out of turn: it pays as if it had been its turn. One that has got so many
    /// that it owes a round already is not charged, as in nginx: the others would have to wait for it later.
    func charge(_ index: Int, _ isOpen: [Bool], nowMs: Int64) {
        if !sections[0].isOpen { open(0, isOpen, nowMs) }
        guard links[index].place != .out else { return }
        let all = sections[0].alone.reduce(sections[0].share) {
            $0 + peers[$1].ramped(accounts[$1].share, nowMs: nowMs)
        }
        guard standing(index).credit > accounts[index].share - all else { return }
        _ = step(0, nowMs, paid: index)
    }

    /// - Parameter payer: who gets it, whosever turn it is.
    private func step(_ section: Int, _ nowMs: Int64, paid payer: Int? = nil) -> Int? {
        var best = -1
        var highest = Int.min
        var total = sections[section].share
        for line in sections[section].lines where lines[line].first >= 0 {
            lines[line].gained += lines[line].share
            if lines[line].gained > gainMax { rebase(line) }
            let head = lines[line].first
            let credit = accounts[head].credit + lines[line].gained
            guard credit > highest || (credit == highest && head < best) else { continue }
            best = head
            highest = credit
        }
        for index in sections[section].alone {
            let share = peers[index].ramped(accounts[index].share, nowMs: nowMs)
            accounts[index].gain(share)
            total += share
            let credit = accounts[index].credit
            guard credit > highest || (credit == highest && index < best) else { continue }
            best = index
            highest = credit
        }
        guard best >= 0 else { return nil }
        best = payer ?? best
        accounts[best].credit -= total
        if links[best].place == .line, links[best].next >= 0 {
            unlink(best)
            join(best, from: lines[links[best].line].last)
        }
        if !sections[section].alone.isEmpty { lineUpWhole(section, nowMs) }
        return best
    }

    /// A turn among some primaries, the first `count` of `some`: all eligible, each moved by itself.
    func take(among some: [Int], count: Int, nowMs: Int64) -> Int? {
        if sections[0].isOpen { close(0) }
        return accounts.turn(among: some, count, growing: mayRamp ? peers : [], nowMs)
    }

    // MARK: Coming and going

    /// A failure takes a part of its weight.
    func lower(_ index: Int, by amount: Int, nowMs: Int64) {
        guard amount > 0 else { return }
        let isOut = links[index].place == .out
        leave(index)
        accounts[index].effective = max(0, accounts[index].effective - amount)
        if !isOut { enter(index, nowMs) }
    }

    /// These are eligible now, or are no more, or begin or end to grow.
    func follow(_ changed: [Int], _ isOpen: [Bool], nowMs: Int64) {
        for index in changed where sections[section(of: index)].isOpen {
            let place = isOpen[index] ? due(index, nowMs) : .out
            guard place != links[index].place else { continue }
            leave(index)
            if place != .out { enter(index, nowMs) }
        }
        lineUp()
    }

    private func open(_ section: Int, _ isOpen: [Bool], _ nowMs: Int64) {
        sections[section].isOpen = true
        for index in sections[section].peers where isOpen[index] { enter(index, nowMs) }
        lineUp()
    }

    private func close(_ section: Int) {
        sections[section].isOpen = false
        for index in sections[section].peers { leave(index) }
    }

    private func section(of index: Int) -> Int { sections[0].peers.contains(index) ? 0 : 1 }

    /// Where an eligible peer belongs.
    private func due(_ index: Int, _ nowMs: Int64) -> Place {
        guard accounts[index].effective == accounts[index].weight else { return .alone }
        return mayRamp && peers[index].isRamping(nowMs: nowMs) ? .alone : .line
    }

    private func leave(_ index: Int) {
        let section = section(of: index)
        switch links[index].place {
        case .out: return
        case .alone: sections[section].alone.removeAll { $0 == index }
        case .line:
            let line = links[index].line
            unlink(index)
            accounts[index].credit += lines[line].gained
            sections[section].share -= lines[line].share
        }
        links[index].place = .out
    }

    /// One that is out comes in. For a line, that is done when all that come in line up.
    private func enter(_ index: Int, _ nowMs: Int64) {
        let section = section(of: index)
        links[index].place = due(index, nowMs)
        guard links[index].place == .line else { return sections[section].alone.append(index) }
        let line = links[index].line
        accounts[index].credit -= lines[line].gained
        sections[section].share += lines[line].share
        entering.append(index)
    }

    /// Those who stood alone and have all of their weight again.
    private func lineUpWhole(_ section: Int, _ nowMs: Int64) {
        for index in sections[section].alone where due(index, nowMs) == .line {
            leave(index)
            enter(index, nowMs)
        }
        lineUp()
    }

    // MARK: Lines

    /// All that have come in, the last first: one walk along a line takes them all in.
    private func lineUp() {
        guard !entering.isEmpty else { return }
        if entering.count > 1 {
            entering.sort {
                links[$0].line == links[$1].line ? comesBefore($1, $0) : links[$0].line < links[$1].line
            }
        }
        var former = -1
        for index in entering {
            let line = links[index].line
            let isSameLine = former >= 0 && links[former].line == line
            join(index, from: isSameLine ? former : lines[line].last)
            former = index
        }
        entering.removeAll(keepingCapacity: true)
    }

    private func comesBefore(_ a: Int, _ b: Int) -> Bool {
        accounts[a].credit == accounts[b].credit ? a < b : accounts[a].credit > accounts[b].credit
    }

    /// Takes its place in its line, before `last` and whoever else it comes before.
    private func join(_ index: Int, from last: Int) {
        var place = last
        while place >= 0, comesBefore(index, place) { place = links[place].previous }
        let line = links[index].line
        let next = place >= 0 ? links[place].next : lines[line].first
        links[index].previous = place
        links[index].next = next
        if place >= 0 { links[place].next = index } else { lines[line].first = index }
        if next >= 0 { links[next].previous = index } else { lines[line].last = index }
    }

    private func unlink(_ index: Int) {
        let link = links[index]
        if link.previous >= 0 {
            links[link.previous].next = link.next
        } else {
            lines[link.line].first = link.next
        }
        if link.next >= 0 {
            links[link.next].previous = link.previous
        } else {
            lines[link.line].last = link.previous
        }
    }

    /// Long before what a line has gained could overflow.
    private func rebase(_ line: Int) {
        var index = lines[line].first
        while index >= 0 {
            accounts[index].credit += lines[line].gained
            index = links[index].next
        }
        lines[line].gained = 0
    }
}

extension [Turns.Account] {
    /// A walk that takes least_conn a microsecond for a thousand.
    ///
    /// - Parameter growing: all peers, if some may be in their slow start.
    fileprivate mutating func turn(
        among some: [Int], _ count: Int, growing peers: [Peer], _ nowMs: Int64
    ) -> Int? {
        let some = some.span
        var accounts = mutableSpan
        var best = -1
        var highest = Int.min
        var total = 0
        for place in 0..<count {
            let index = some[place]
            var share = accounts[index].share
            if !peers.isEmpty { share = peers[index].ramped(share, nowMs: nowMs) }
            accounts[index].gain(share)
            total += share
            guard accounts[index].credit > highest else { continue }
            best = index
            highest = accounts[index].credit
        }
        guard best >= 0 else { return nil }
        accounts[best].credit -= total
        return best
    }
}
