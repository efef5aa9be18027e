/// A line of a story.
struct StoryStep {
    enum Comparison: String { case less = "<", atMost = "<=", equal = "==", atLeast = ">=", more = ">" }

    enum Action {
        /// A canned gateway, with the words of `portico-bench gateway`.
        case gateway(name: String, words: [String])
        /// `portico` or `nginx` with a configuration.
        case start(name: String, program: String, file: String)
        /// A load that goes on while the next steps are taken.
        case load(name: String, words: [String])
        case sleep(us: Int64)
        /// Until a load has ended.
        case await(name: String)
        /// Ends at once, without a word to anybody.
        case kill(name: String)
        case stop(name: String)
        case pause(name: String)
        case resume(name: String)
        case restart(name: String)
        /// The configuration is read anew: another file, if one is named.
        case reload(name: String, file: String?)
        case slow(name: String, us: Int64)
        case fail(name: String, percent: Int)
        case assert(name: String, metric: String, comparison: Comparison, value: Double)
    }

    let line: Int
    let text: String
    let action: Action

    /// - Throws: what is wrong with the line, without its number.
    init(line: Int, text: String) throws(LoadOptions.Complaint) {
        self.line = line
        self.text = text
        action = try StoryStep.action(text.split(separator: " ").map(String.init))
    }

    private static func action(_ words: [String]) throws(LoadOptions.Complaint) -> Action {
        let name = words.count > 1 ? words[1] : ""
        let rest = Array(words.dropFirst(2))
        switch (words[0], rest.count) {
        case ("gateway", _) where !name.isEmpty: return .gateway(name: name, words: rest)
        case ("start", 2): return .start(name: name, program: rest[0], file: rest[1])
        case ("load", 1...): return .load(name: name, words: rest)
        case ("sleep", 0) where !name.isEmpty: return .sleep(us: try LoadOptions.time("sleep", name))
        case ("wait", 0) where !name.isEmpty: return .await(name: name)
        case ("kill", 0) where !name.isEmpty: return .kill(name: name)
        case ("stop", 0) where !name.isEmpty: return .stop(name: name)
        case ("pause", 0) where !name.isEmpty: return .pause(name: name)
        case ("resume", 0) where !name.isEmpty: return .resume(name: name)
        case ("restart", 0) where !name.isEmpty: return .restart(name: name)
        case ("reload", 0...1) where !name.isEmpty: return .reload(name: name, file: rest.first)
        case ("slow", 1): return .slow(name: name, us: try LoadOptions.time("slow", rest[0]))
        case ("fail", 1):
            guard let percent = Int(rest[0]), 0...100 ~= percent else {
                throw LoadOptions.Complaint(text: "fail is a number of percent")
            }
            return .fail(name: name, percent: percent)
        case ("assert", 3): return try assertion(name, rest)
        default: throw LoadOptions.Complaint(text: "\"\(words.joined(separator: " "))\" is no step")
        }
    }

    /// `NAME METRIC OP VALUE`; a time is turned into microseconds, as reports have them.
    private static func assertion(_ name: String, _ words: [String]) throws(LoadOptions.Complaint) -> Action {
        guard let comparison = Comparison(rawValue: words[1]) else {
            throw LoadOptions.Complaint(text: "\"\(words[1])\" is none of < <= == >= >")
        }
        let plain = Double(words[2])
        let value = if let plain { plain } else { Double(try LoadOptions.time("the value", words[2])) }
        return .assert(name: name, metric: words[0], comparison: comparison, value: value)
    }

    static func holds(_ found: Double, _ comparison: Comparison, _ value: Double) -> Bool {
        switch comparison {
        case .less: found < value
        case .atMost: found <= value
        case .equal: found == value
        case .atLeast: found >= value
        case .more: found > value
        }
    }
}
