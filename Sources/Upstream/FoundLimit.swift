internal import Config

/// `auto` and `auto:floor-ceiling`: how `max_conns` says that a server's limit is to be found.
public enum FoundLimit {
    /// Where it begins, and what it is never above, unless something else is said.
    static var usual: ClosedRange<Int> { 8...1024 }

    /// The bounds that a word says; `nil`: it is none of these.
    public static func bounds(_ word: String) -> ClosedRange<Int>? {
        if word == "auto" { return usual }
        guard word.hasPrefix("auto:") else { return nil }
        let ends = word.dropFirst(5).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let floor = Units.number(String(ends[0])),
            let ceiling = Units.number(String(ends[1])), floor >= 1, ceiling >= floor,
            ceiling <= Int(Int32.max)
        else { return nil }
        return floor...ceiling
    }

    /// The word for bounds.
    public static func word(_ bounds: ClosedRange<Int>) -> String {
        "auto:\(bounds.lowerBound)-\(bounds.upperBound)"
    }
}

extension PeerSettings {
    /// The limit as the configuration's language has it: a number or `auto:8-512`; 0: none.
    public var maxConnectionsWord: String { foundLimit.map(FoundLimit.word) ?? "\(maxConnections)" }
}
