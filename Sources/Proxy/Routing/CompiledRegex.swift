internal import Config
internal import Core
internal import _StringProcessing

/// A regular expression of the configuration: Swift's own, over bytes.
///
/// Each byte of the subject is taken for one character of Latin-1, so that nothing depends on whether it
/// is valid UTF-8.
final class CompiledRegex {
    private let regex: Regex<AnyRegexOutput>
    let source: String
    /// The names of its named groups.
    let groupNames: [String]

    init(_ source: String, ignoringCase: Bool, _ statement: Statement) throws(ConfigError) {
        self.source = source
        groupNames = CompiledRegex.groupNames(source)
        // Bytes of the pattern become characters as those of subjects do.
        let pattern = CompiledRegex.text(PatternDialect.translated(Array(source.utf8)).span)
        do {
            let compiled = try Regex(pattern).matchingSemantics(.unicodeScalar).asciiOnlyCharacterClasses()
                .wordBoundaryKind(.simple)
            regex = ignoringCase ? compiled.ignoresCase() : compiled
        } catch {
            throw ConfigError("invalid regular expression \"\(source)\": \(error)", statement)
        }
    }

    /// `(?<name>`, `(?P<name>` or `(?'name'` in a pattern, but not the look-behinds `(?<=` and `(?<!`.
    static func groupNames(_ source: String) -> [String] {
        [("(?<", ">"), ("(?P<", ">"), ("(?'", "'")].flatMap { (mark: String, end: Character) in
            source.components(behind: mark).compactMap { rest in
                let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                return rest.dropFirst(name.count).first == end && !name.isEmpty ? String(name) : nil
            }
        }
    }

    static func text(_ bytes: Span<UInt8>) -> String {
        var scalars = String.UnicodeScalarView()
        for index in bytes.indices { scalars.append(Unicode.Scalar(bytes[index])) }
        return String(scalars)
    }

    /// Looks for the expression anywhere in `bytes`; what its groups matched goes to `captures`.
    func match(_ bytes: Span<UInt8>, into captures: inout Captures) -> Bool {
        let subject = CompiledRegex.text(bytes)
        guard let match = try? regex.firstMatch(in: subject) else { return false }
        captures.store(match.output)
        return true
    }
}

extension String {
    fileprivate func components(behind mark: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let start = rest.firstIndex(of: "(") {
            rest = rest[start...]
            if rest.hasPrefix(mark) { found.append(rest.dropFirst(mark.count)) }
            rest = rest.dropFirst()
        }
        return found
    }
}

/// What the groups of the last regular expression that matched stand for: `$1` … `$9`.
struct Captures {
    private var groups: [[UInt8]] = []
    /// By name, in lower case: names of variables have no case.
    private(set) var named: [String: [UInt8]] = [:]

    init() {}

    mutating func reset() {
        guard !groups.isEmpty || !named.isEmpty else { return }
        groups.removeAll(keepingCapacity: true)
        named.removeAll(keepingCapacity: true)
    }

    mutating func store(_ output: AnyRegexOutput) {
        reset()
        for element in output {
            let bytes = (element.substring ?? "").unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            groups.append(bytes)
            if let name = element.name { named[name.lowercased()] = bytes }
        }
    }

    /// Appends what group `index` matched; 0 is the whole match.
    func append(_ index: Int, to out: ByteBuffer) {
        if groups.indices.contains(index) { out.append(groups[index]) }
    }
}

extension Exchange {
    /// Looks for an expression of the configuration in `bytes`; sets `$1`… and the named groups.
    func matches(regex index: Int, _ bytes: Span<UInt8>) -> Bool {
        let regex = snapshot.configuration.regexes[index]
        guard regex.match(bytes, into: &captures) else { return false }
        adoptNamedGroups()
        return true
    }

    /// Sets the variables that are called like groups of the last match.
    func adoptNamedGroups() {
        guard !captures.named.isEmpty else { return }
        for (name, bytes) in captures.named {
            guard let index = snapshot.configuration.userVariables[name], userValues.indices.contains(index)
            else { continue }
            userValues[index] = UserValue(isSet: true, bytes: bytes)
        }
    }
}
