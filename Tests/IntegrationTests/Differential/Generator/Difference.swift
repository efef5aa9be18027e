import TestSupport

/// What the two programs did with one ask, where it was not the same.
struct Difference {
    let servers: [Statement]
    let ask: GeneratedAsk
    private(set) var model: [String]
    private(set) var ours: [String]

    /// - Returns: nil where there is none.
    init?(servers: [Statement], ask: GeneratedAsk, model: [String], ours: [String]) {
        if model == ours { return nil }
        self.servers = servers
        self.ask = ask
        self.model = model
        self.ours = ours
    }

    /// The rule that says that it is meant to be so.
    var rule: IntendedDifference? {
        var left = self
        for rule in IntendedDifference.all {
            switch rule.effect {
            case .lines(let even):
                let (model, ours) = (even(left, left.model), even(left, left.ours))
                if model == ours { return rule }
                (left.model, left.ours) = (model, ours)
            case .whole(let covers):
                if covers(left) { return rule }
            }
        }
        return nil
    }

    /// Roughly what kind of difference it is, so that one kind is not looked at a hundred times.
    var kind: String {
        guard let (theirs, mine) = pairs.first else { return "" }
        func short(_ line: String) -> String {
            let isTelling = line.hasPrefix("HTTP/") || line.hasPrefix("[") || line.hasPrefix("***")
            return isTelling ? line : String(line.prefix { $0 != ":" }.prefix(24))
        }
        return "\(short(theirs)) | \(short(mine))"
    }

    /// Lines that differ, by their places; a line that the other lacks stands beside nothing.
    private var pairs: [(model: String, ours: String)] {
        (0..<max(model.count, ours.count)).compactMap { index in
            let theirs = index < model.count ? model[index] : ""
            let mine = index < ours.count ? ours[index] : ""
            return theirs == mine ? nil : (theirs, mine)
        }
    }

    // MARK: What rules ask

    /// Whether both are the same but for lines of this kind.
    func partsOnly(_ isExpected: (String) -> Bool) -> Bool {
        model.filter { !isExpected($0) } == ours.filter { !isExpected($0) }
    }

    /// Whether the configuration says this somewhere.
    func has(_ words: String) -> Bool {
        servers.flatMap(\.all).contains { $0.words.contains(words) }
    }

    func asks(method: String) -> Bool { ask.requests.contains { $0.method == method } }

    func asksFor(_ text: String) -> Bool {
        ask.requests.contains { String(latin1: $0.target).contains(text) }
    }

    func asksWith(_ isMeant: (String) -> Bool) -> Bool {
        ask.requests.contains { $0.fields.contains(where: isMeant) }
    }

    func answersWith(_ field: String) -> Bool {
        ask.answers.contains { $0.fields.contains { $0.hasPrefix(field) } }
    }

    var isChunked: Bool {
        ask.requests.contains { if case .chunked = $0.body { true } else { false } }
    }
}
