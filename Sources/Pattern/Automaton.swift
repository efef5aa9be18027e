internal import Core

/// Patterns as one automaton over bytes, built as subjects need it: it says in one pass which of them match
/// somewhere in the subject, whatever they are, in time proportional to the subject.
///
/// A state is the set of places in the patterns that what was read so far has led to. States are made when
/// they are first reached; when they take more memory than they may, all are forgotten and made anew.
///
/// What is not regular stands in it as something regular that matches at least as much; whether such a
/// *candidate* does match is for the backtracker to say.
final class Automaton {
    enum Verdict {
        /// The first pattern that matches for certain, if one does. Candidates before it are in the memory.
        case first(Int?)
        case limitExceeded
    }

    /// Bytes that the states of so many patterns may take. Sets have more of them: a set of 300 that is asked
    /// about texts made for it would forget and make them again and again (33 ms for 8 KiB, not 0.02).
    static func memoryMax(patterns: Int) -> Int { min(1 << 20 + patterns * (24 << 10), 16 << 20) }

    private let graph: PatternGraph
    private let memoryMax: Int
    private let alphabet: Alphabet
    private(set) var states: StateTable
    private let start: Int32
    private var closure: PatternClosure

    init(_ graph: PatternGraph) {
        self.graph = graph
        memoryMax = Automaton.memoryMax(patterns: graph.isExact.count)
        alphabet = Alphabet(graph)
        states = StateTable(symbols: alphabet.symbols)
        closure = PatternClosure(graph)
        start = StateTable.first
        begin()
    }

    /// Forgets all states but the dead one and the first.
    private func begin() {
        states.removeAll()
        _ = states.index(of: .init(places: graph.starts, before: .start, accepted: []))
        settle(start)
    }

    /// Looks for the patterns in the whole subject.
    func search(_ subject: Span<UInt8>, _ memory: PatternMemory) -> Verdict {
        memory.candidates.removeAll()
        var best = Int32.max
        var state = start
        let last = subject.count - 1
        if states.isAccepting(state), note(state, &best, memory) { return .first(Int(best)) }
        var index = 0
        while index <= last {
            let symbol =
                index == last
                ? alphabet.symbol(ofLast: subject[index]) : alphabet.symbol(of: subject[index])
            var next = states.next(state, symbol)
            if next < 0 {
                guard let made = make(from: state, symbol, memory) else { return .limitExceeded }
                next = made
            }
            state = next
            if states.isSpecial(state) {
                if state == StateTable.dead { break }
                if note(state, &best, memory) { return .first(Int(best)) }
            }
            index &+= 1
        }
        if state != StateTable.dead {
            var end = states.next(state, alphabet.end)
            if end < 0 {
                guard let made = make(from: state, alphabet.end, memory) else { return .limitExceeded }
                end = made
            }
            if states.isAccepting(end) { _ = note(end, &best, memory) }
        }
        return .first(best == .max ? nil : Int(best))
    }

    /// Takes down what a state accepts.
    ///
    /// - Returns: whether nothing better can come.
    private func note(_ state: Int32, _ best: inout Int32, _ memory: PatternMemory) -> Bool {
        for pattern in states.accepted(by: state) where pattern < best {
            if graph.isExact[Int(pattern)] {
                best = pattern
            } else {
                memory.candidates.insert(Int(pattern))
            }
        }
        return best == 0
    }

    // MARK: States

    /// Makes the state that follows `state` on a symbol; `nil`: it cost too much.
    private func make(from state: Int32, _ symbol: Int, _ memory: PatternMemory) -> Int32? {
        let former = states.key(of: state)
        let sign = alphabet.signs[symbol]
        let isFirst = former.before == .start
        closure.begin()
        closure.add(former.places, before: former.before, after: sign.kind)
        if !isFirst { closure.add(graph.restarts, before: former.before, after: sign.kind) }
        var key = StateTable.Key(
            places: [], before: alphabet.normalised(sign.kind), accepted: closure.accepted)
        if let byte = sign.byte {
            key.places = closure.successors(on: byte)
        }
        guard !memory.spend(closure.visitedCount + 16) else { return nil }
        if key.places.isEmpty, key.accepted.isEmpty, graph.restarts.isEmpty {
            states.connect(state, symbol, StateTable.dead)
            return StateTable.dead
        }
        if let known = states.known(key) {
            states.connect(state, symbol, known)
            return known
        }
        if states.memory > memoryMax {
            begin()
            let fresh = states.index(of: key)
            settle(fresh)
            return fresh
        }
        let fresh = states.index(of: key)
        settle(fresh)
        states.connect(state, symbol, fresh)
        return fresh
    }

    /// Finds out what a new state accepts without looking at the next byte.
    private func settle(_ state: Int32) {
        let key = states.key(of: state)
        closure.begin()
        closure.addUnconditionally(key.places)
        if key.before != .start { closure.addUnconditionally(graph.restarts) }
        states.setAccepted(state, key.accepted + closure.accepted)
    }
}
