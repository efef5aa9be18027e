internal import Config
internal import Core
package import HTTP
package import Upstream

/// `match name { … }`: what the answer to a health check must be like.
package final class MatchBlock {
    /// One condition of an answer.
    enum Test {
        case status([ClosedRange<UInt16>], isNegated: Bool)
        case present(name: [UInt8], isNegated: Bool)
        case equals(name: [UInt8], value: [UInt8], isNegated: Bool)
        case field(name: [UInt8], MatchPattern, isNegated: Bool)
        case body(MatchPattern, isNegated: Bool)
    }

    /// Bytes of content that are looked at.
    package static var bodyMax: Int { 256 << 10 }

    let name: String
    /// All must hold.
    private var tests: [Test] = []
    /// Each is a list of conditions; an answer that meets all of one list asks for no more requests.
    private var drains: [[Test]] = []

    init(_ statement: Statement) throws(ConfigError) {
        name = statement.argument(0)
        for line in statement.block ?? [] {
            guard line.block == nil else { throw ConfigError("unexpected \"{\"", line) }
            if line.name == "drain" {
                var reader = MatchReader(line, from: 1)
                drains.append(try reader.readAll())
            } else {
                var reader = MatchReader(line, from: 0)
                tests.append(try reader.readOne())
            }
        }
    }

    /// Content is looked at: it must be read.
    package var needsBody: Bool {
        (tests + drains.joined()).contains { if case .body = $0 { true } else { false } }
    }

    /// - Returns: how the check ended and, unless it passed, why: to stand before "from GET /uri".
    package func judge(_ answer: ProbeAnswer) -> (HealthRecord.Answer, String?) {
        for drain in drains where drain.allSatisfy({ $0.isMet(by: answer) }) {
            return (.draining, "\(answer.head.status)")
        }
        guard let unmet = tests.first(where: { !$0.isMet(by: answer) }) else { return (.passed, nil) }
        return (.failed, unmet.complaint(answer))
    }
}

/// What came back from a server that was asked how it is.
package struct ProbeAnswer {
    let head: ResponseHead
    let body: [UInt8]

    /// A response as far as it is looked at.
    package init(head: ResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// Values of all fields of a name (in lower case).
    func values(_ name: [UInt8]) -> [[UInt8]] {
        head.fields.filter { field in
            head.bytes.withBytes(of: field.name) { equalsLowercased($0, name) }
        }.map { head.bytes.bytes(of: $0.value) }
    }
}

extension MatchBlock.Test {
    func isMet(by answer: ProbeAnswer) -> Bool {
        switch self {
        case .status(let ranges, let isNegated):
            return ranges.contains { $0.contains(answer.head.status) } != isNegated
        case .present(let name, let isNegated):
            return answer.values(name).isEmpty == isNegated
        case .equals(let name, let value, let isNegated):
            return answer.values(name).contains(value) != isNegated
        case .field(let name, let regex, let isNegated):
            return answer.values(name).contains { regex.matches($0) } != isNegated
        case .body(let regex, let isNegated):
            return regex.matches(answer.body) != isNegated
        }
    }

    /// Why an answer that does not meet it does not do.
    func complaint(_ answer: ProbeAnswer) -> String {
        switch self {
        case .status:
            return "\(answer.head.status)"
        case .present(let name, let isNegated):
            return isNegated ? "unwanted field \"\(text(name))\"" : "no field \"\(text(name))\""
        case .equals(let name, let value, let isNegated):
            return "field \"\(text(name))\" \(isNegated ? "was" : "was not") \"\(text(value))\""
        case .field(let name, let regex, let isNegated):
            return "field \"\(text(name))\" \(isNegated ? "matched" : "did not match") \"\(regex.source)\""
        case .body(let regex, let isNegated):
            return "body \(isNegated ? "matched" : "did not match") \"\(regex.source)\""
        }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// Reads the words of one line of a `match` block.
private struct MatchReader {
    private let line: Statement
    private var rest: ArraySlice<String>

    init(_ line: Statement, from first: Int) {
        self.line = line
        rest = line.words.dropFirst(first)
    }

    private var invalid: ConfigError {
        ConfigError("invalid test \"\(line.words.joined(separator: " "))\" in \"match\"", line)
    }

    mutating func readOne() throws(ConfigError) -> MatchBlock.Test {
        let test = try next()
        guard rest.isEmpty else { throw invalid }
        return test
    }

    /// A `drain` line: one condition or several, all of which must hold.
    mutating func readAll() throws(ConfigError) -> [MatchBlock.Test] {
        var tests = [try next()]
        while !rest.isEmpty { tests.append(try next()) }
        return tests
    }

    private mutating func next() throws(ConfigError) -> MatchBlock.Test {
        switch rest.popFirst() {
        case "status": return try status()
        case "header": return try header()
        case "body":
            guard let word = rest.popFirst(), let (regex, isNegated) = try pattern(word) else {
                throw invalid
            }
            return .body(regex, isNegated: isNegated)
        case "require":
            throw .unsupported(
                "\"require\"", advice: "test \"status\", \"header\" or \"body\"", line)
        case "send", "expect":
            throw ConfigError("\"send\" and \"expect\" are for \"stream\" only", line)
        default: throw invalid
        }
    }

    private mutating func status() throws(ConfigError) -> MatchBlock.Test {
        var isNegated = false
        if rest.first == "!" {
            isNegated = true
            rest.removeFirst()
        }
        var ranges: [ClosedRange<UInt16>] = []
        while let word = rest.first, let range = MatchReader.range(word) {
            ranges.append(range)
            rest.removeFirst()
        }
        guard !ranges.isEmpty else { throw invalid }
        return .status(ranges, isNegated: isNegated)
    }

    /// `200` or `200-399`.
    private static func range(_ word: String) -> ClosedRange<UInt16>? {
        let parts = word.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard parts.count <= 2, let first = parts.first ?? nil, let last = parts.last ?? nil,
            (100...999).contains(first), (100...999).contains(last), first <= last
        else { return nil }
        return first...last
    }

    private mutating func header() throws(ConfigError) -> MatchBlock.Test {
        var isNegated = false
        if rest.first == "!" {
            isNegated = true
            rest.removeFirst()
        }
        guard let word = rest.popFirst() else { throw invalid }
        let name = word.utf8.map(\.asciiLowercased)
        if isNegated { return .present(name: name, isNegated: true) }
        guard let sign = rest.first else { return .present(name: name, isNegated: false) }
        switch sign {
        case "=", "!=":
            rest.removeFirst()
            guard let value = rest.popFirst() else { throw invalid }
            return .equals(name: name, value: Array(value.utf8), isNegated: sign == "!=")
        case "~", "~*", "!~", "!~*":
            rest.removeFirst()
            guard let (regex, isNegated) = try pattern(sign) else { throw invalid }
            return .field(name: name, regex, isNegated: isNegated)
        default: return .present(name: name, isNegated: false)
        }
    }

    /// The expression behind `~` and its like; `nil`: `sign` is none of them.
    private mutating func pattern(_ sign: String) throws(ConfigError) -> (MatchPattern, Bool)? {
        guard ["~", "~*", "!~", "!~*"].contains(sign) else { return nil }
        guard let source = rest.popFirst() else { throw invalid }
        let regex = try MatchPattern(source, caseless: sign.hasSuffix("*"), line)
        return (regex, sign.hasPrefix("!"))
    }
}
