internal import Core
internal import Pattern

/// The locations that come into question for a path, and why all but one do not.
///
/// What is chosen was found by `VirtualServer.find`; this tells of those beside it.
struct LocationCandidates {
    private let path: [UInt8]
    private let chosen: Location?
    private let patterns: PatternTable
    /// One a location of the blocks that were searched; the chosen one is marked.
    private(set) var lines: [String] = []

    /// Most of those that do not fit that are shown of one block.
    private static var strangersMax: Int { 20 }

    init(_ server: VirtualServer, path: [UInt8], chosen: Location?, _ patterns: PatternTable) {
        self.path = path
        self.chosen = chosen
        self.patterns = patterns
        _ = list(server.tree, indent: "")
    }

    /// - Returns: whether what was chosen is among them, and ended the search.
    private mutating func list(_ tree: LocationTree, indent: String) -> Bool {
        let index = tree.place(of: path.span)
        let named = index >= 0 ? tree.sorted[index] : nil
        var strangers = 0
        var isSettled = false
        for location in tree.sorted {
            let reason = reason(location, besides: named)
            if reason == nil {
                strangers += 1
                if strangers > LocationCandidates.strangersMax { continue }
            }
            let other =
                location.kind == .exact ? "the path is another one" : "the path does not begin with it"
            add(location, indent, reason ?? other)
            if location === named, location.kind != .exact, !location.nested.isEmpty {
                isSettled = list(location.nested, indent: indent + "  ")
            }
        }
        if strangers > LocationCandidates.strangersMax {
            lines.append("\(indent)  and \(strangers - LocationCandidates.strangersMax) more that do not fit")
        }
        var isMatched = false
        for location in tree.patterns {
            let obstacle = isSettled ? "a nested one was found" : obstacle(named, isMatched)
            if let obstacle {
                add(location, indent, "not looked at: \(obstacle)")
                continue
            }
            isMatched = look(at: location, indent)
            if isMatched, !location.nested.isEmpty { _ = list(location.nested, indent: indent + "  ") }
        }
        let isExact = named?.kind == .exact && named === chosen
        return isSettled || isExact || isMatched && chosen != nil
    }

    /// - Parameter named: the one that the path leads to by name alone.
    /// - Returns: `nil`: the path has nothing to do with it.
    private func reason(_ location: Location, besides named: Location?) -> String? {
        let isExact = location.kind == .exact
        if location === named {
            return isExact ? "the path is exactly that" : "the longest one that the path begins with"
        }
        guard !isExact, path.starts(with: location.nameBytes) else { return nil }
        return named?.kind == .exact ? "another one is exactly the path" : "another one is longer"
    }

    /// Why expressions are not looked at; `nil`: they are.
    private func obstacle(_ named: Location?, _ isMatched: Bool) -> String? {
        if let named, named.kind == .exact { return "an exact one was found" }
        if let named, named.kind == .prefixWithoutRegex { return "\"^~ \(named.name)\" forbids it" }
        return isMatched ? "an earlier one matches" : nil
    }

    /// - Returns: whether its expression matches.
    private mutating func look(at location: Location, _ indent: String) -> Bool {
        guard case .regex(let index) = location.kind else { return false }
        switch patterns[index].pattern.matches(path.span, patterns.memory) {
        case .match:
            add(location, indent, "the first expression that matches")
            return true
        case .noMatch: add(location, indent, "does not match")
        case .limitExceeded: add(location, indent, "it takes too long to say whether it matches")
        }
        return false
    }

    private mutating func add(_ location: Location, _ indent: String, _ reason: String) {
        let mark = location === chosen ? "> " : "  "
        lines.append("\(mark)\(indent)\(location.title(patterns).droppingWord): \(reason)")
    }
}

extension String {
    /// Without the word `location` in front.
    var droppingWord: String { hasPrefix("location ") ? String(dropFirst(9)) : self }
}
