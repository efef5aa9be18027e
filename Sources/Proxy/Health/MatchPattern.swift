internal import Config
internal import Core
internal import Pattern

/// A regular expression that an answer to a health check is held against.
struct MatchPattern {
    private let pattern: Pattern
    private let memory = PatternMemory.bounded()
    /// As it was written.
    let source: String

    init(_ source: String, caseless: Bool, _ line: Statement) throws(ConfigError) {
        self.source = source
        do {
            pattern = try Pattern(Array(source.utf8), caseless: caseless)
        } catch {
            throw ConfigError("invalid regular expression \"\(source)\": \(error)", line)
        }
    }

    /// Whether it matches anywhere. What would take too long to find out is not found.
    func matches(_ bytes: [UInt8]) -> Bool { pattern.matches(bytes.span, memory) == .match }
}
