internal import Core
internal import Net
internal import Pattern
internal import Sharing

/// What `$1` … `$9` stand for: the groups of the pattern that matched last.
///
/// Where the groups are is found out only when somebody asks: most patterns match for the match alone.
struct Captures {
    private enum Groups {
        case none
        /// `pattern` matched `subject`, and nobody asked yet.
        case unknown
        case known
    }

    private var pattern: ConfiguredPattern?
    private let subject = ByteBuffer(capacity: 0)
    private var positions = PatternCaptures()
    private var groups = Groups.none
    /// For what it took too long to say whether and where it matches.
    private(set) var excess: PatternExcess?

    /// Whether there is such a thing; asked after each step of a request.
    var isExceeded: Bool { if case .none = excess { false } else { true } }

    mutating func reset() {
        if isExceeded { excess = nil }
        forget()
    }

    /// A pattern has not matched: there are no groups, as in nginx.
    mutating func forget() {
        guard pattern != nil else { return }
        pattern = nil
        groups = .none
        subject.removeAll()
        subject.shrink(toCapacity: 1024)
    }

    /// A pattern has matched.
    mutating func matched(_ pattern: ConfiguredPattern, _ bytes: Span<UInt8>) {
        self.pattern = pattern
        groups = .unknown
        subject.removeAll()
        guard pattern.pattern.groupCount > 0 else { return }
        subject.append(bytes)
    }

    /// It would have taken too long to say whether something matches: the request cannot be served.
    mutating func exceeded(_ excess: PatternExcess) {
        self.excess = excess
    }

    /// Finds the groups, if there is anything to find.
    private mutating func resolve(_ memory: PatternMemory) {
        guard case .unknown = groups, let pattern else { return }
        groups = .none
        guard pattern.pattern.groupCount > 0 else { return }
        let verdict = subject.withReadable { pattern.pattern.match($0, memory, into: &positions) }
        switch verdict {
        case .match: groups = .known
        case .noMatch: break
        case .limitExceeded: excess = .pattern(pattern)
        }
    }

    /// Calls `body` with what a group matched, unless it took no part in the match.
    mutating func withGroup(_ index: Int, _ memory: PatternMemory, _ body: (Span<UInt8>) -> Void) {
        resolve(memory)
        guard case .known = groups, let range = positions[index] else { return }
        let slice = Slice(from: range.lowerBound, to: range.upperBound)
        guard slice.end <= subject.count else { return }
        subject.withBytes(of: slice, body)
    }
}

extension Exchange {
    /// Looks for an expression of the configuration in `bytes`; sets `$1`… and variables named like groups.
    func matches(regex index: Int, _ bytes: Span<UInt8>) -> Bool {
        let pattern = snapshot.configuration.patterns[index]
        switch pattern.pattern.matches(bytes, snapshot.configuration.patterns.memory) {
        case .match:
            matched(pattern, bytes)
            return true
        case .noMatch: return false
        case .limitExceeded:
            values.captures.exceeded(.pattern(pattern))
            return false
        }
    }

    /// Looks for the first of several; `nil`: none matches.
    func firstMatch(of set: ConfiguredPatternSet, _ bytes: Span<UInt8>) -> Int? {
        switch set.firstMatch(bytes, snapshot.configuration.patterns.memory) {
        case .match(let index):
            matched(set.patterns[index], bytes)
            return index
        case .noMatch: return nil
        case .excess(let excess):
            values.captures.exceeded(excess)
            return nil
        }
    }

    /// Whether one of several matches; no groups are taken of it.
    func matchesAny(of set: ConfiguredPatternSet, _ bytes: Span<UInt8>) -> Bool {
        switch set.firstMatch(bytes, snapshot.configuration.patterns.memory) {
        case .match: return true
        case .noMatch: return false
        case .excess(let excess):
            values.captures.exceeded(excess)
            return false
        }
    }

    /// A pattern has matched: `$1`… are its groups, and so are the variables that are called like them.
    func matched(_ pattern: ConfiguredPattern, _ bytes: Span<UInt8>) {
        values.captures.matched(pattern, bytes)
        for (group, variable) in pattern.named where values.user.indices.contains(variable) {
            values.user[variable].clear()
            values.captures.withGroup(group, snapshot.configuration.patterns.memory) {
                values.user[variable].set($0)
            }
        }
    }

    /// Appends what a group of the last match stands for.
    func appendCapture(_ index: Int, to out: ByteBuffer) {
        values.captures.withGroup(index, snapshot.configuration.patterns.memory) { out.append($0) }
    }

    /// Ends the request with 500 if a pattern would have taken too long: what it decides is not known.
    ///
    /// - Returns: whether that was so.
    func endsForExcess() -> Bool {
        guard values.captures.isExceeded else { return false }
        endForExcess()
        return true
    }

    private func endForExcess() {
        guard let excess = values.captures.excess else { return }
        values.captures.reset()
        worker.log(.error, self, excess.text)
        worker.counters.add(.patternExcesses, 1)
        finish(status: 500)
    }
}
