/// What places lead to without taking a byte.
struct PatternClosure {
    private let graph: PatternGraph
    /// The round in which a place was last visited: no clearing between rounds.
    private var rounds: [UInt32]
    private var round: UInt32 = 0
    private var stack: [Int32] = []
    /// Places of bytes, in the order in which they were met.
    private var takers: [Int32] = []
    /// Patterns that end here.
    private(set) var accepted: [Int32] = []
    private(set) var visitedCount = 0

    init(_ graph: PatternGraph) {
        self.graph = graph
        rounds = Array(repeating: 0, count: graph.places.count)
    }

    /// Begins anew, empty.
    mutating func begin() {
        if round == .max {
            for index in rounds.indices { rounds[index] = 0 }
            round = 0
        }
        round += 1
        takers.removeAll(keepingCapacity: true)
        accepted.removeAll(keepingCapacity: true)
        visitedCount = 0
    }

    /// Follows `places` where what stands before and after is known.
    mutating func add(_ places: [Int32], before: Alphabet.Kind, after: Alphabet.Kind) {
        follow(places) { $0.holds(before, after) }
    }

    /// Follows `places` as far as no assertion is in the way.
    mutating func addUnconditionally(_ places: [Int32]) {
        follow(places) { _ in false }
    }

    private mutating func follow(_ places: [Int32], _ holds: (PatternNode.Assertion) -> Bool) {
        stack.append(contentsOf: places)
        while let place = stack.popLast() {
            guard rounds[Int(place)] != round else { continue }
            rounds[Int(place)] = round
            visitedCount += 1
            switch graph.places[Int(place)] {
            case .set: takers.append(place)
            case .fork(let one, let other):
                stack.append(other)
                stack.append(one)
            case .assertion(let assertion, let next):
                if holds(assertion) { stack.append(next) }
            case .accept(let pattern): accepted.append(pattern)
            case .dead: break
            }
        }
    }

    /// Where a byte leads, in order and each once.
    mutating func successors(on byte: UInt8) -> [Int32] {
        var found: [Int32] = []
        for place in takers {
            guard case .set(let set, let next) = graph.places[Int(place)], graph.sets[Int(set)].contains(byte)
            else { continue }
            found.append(next)
        }
        found.sort()
        var count = 0
        for index in found.indices where index == 0 || found[index] != found[index - 1] {
            found[count] = found[index]
            count += 1
        }
        found.removeLast(found.count - count)
        return found
    }
}

extension PatternNode.Assertion {
    /// Whether it is true between what stands before and after.
    func holds(_ before: Alphabet.Kind, _ after: Alphabet.Kind) -> Bool {
        switch self {
        case .subjectStart: before == .start
        case .lineStart: before == .start || before == .newline && after != .end
        case .subjectEnd: after == .end
        case .lastLineEnd: after == .end || after == .lastNewline
        case .lineEnd: after == .end || after == .newline || after == .lastNewline
        case .wordBoundary: (before == .word) != (after == .word)
        case .notWordBoundary: (before == .word) == (after == .word)
        }
    }
}
