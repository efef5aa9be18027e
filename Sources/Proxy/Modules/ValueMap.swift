internal import Config
internal import Core

/// `map`: a variable whose value follows from another's.
///
/// Exact names come first, then (with `hostnames`) names with `*` at the beginning, the longest first,
/// then those with `*` at the end, then regular expressions in the order of the file, then `default`.
final class ValueMap {
    /// What is looked up.
    let source: Template<Variable>
    /// Names may be masks of host names.
    let hasHostnames: Bool
    private var exact = CaselessTable()
    private var heads = CaselessTable()
    private var tails = CaselessTable()
    private var patterns: [(pattern: Int, value: Int)] = []
    private var patternSet = ConfiguredPatternSet.none
    private var values: [Template<Variable>] = []
    /// The value of what is not named; without one, nothing.
    var fallback: Template<Variable>?

    init(source: Template<Variable>, hasHostnames: Bool) {
        self.source = source
        self.hasHostnames = hasHostnames
    }

    /// The texts that the value is made of.
    var templates: [Template<Variable>] { [source] + values + (fallback.map { [$0] } ?? []) }

    /// Says what `name` comes to.
    ///
    /// - Returns: whether it was not named before.
    func add(_ name: [UInt8], _ value: Template<Variable>) -> Bool {
        values.append(value)
        let index = values.count - 1
        guard hasHostnames else { return exact.insert(name, index) }
        if name.starts(with: "*.".utf8) { return heads.insert(Array(name.dropFirst(1)), index) }
        if name.first == UInt8(ascii: ".") {
            let isNew = exact.insert(Array(name.dropFirst()), index)
            return heads.insert(name, index) && isNew
        }
        if name.count > 2 && name.suffix(2).elementsEqual(".*".utf8) {
            return tails.insert(Array(name.dropLast(1)), index)
        }
        return exact.insert(name, index)
    }

    /// Says what values that match a regular expression come to.
    func add(regex: Int, _ value: Template<Variable>) {
        values.append(value)
        patterns.append((regex, values.count - 1))
    }

    /// All rows are there.
    func close(_ table: PatternTable) {
        patternSet = table.set(of: patterns.map(\.pattern))
    }

    /// Appends the value for `exchange`. Always has one, though it may be empty.
    func append(for exchange: Exchange, to out: ByteBuffer) {
        let key = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(key) }
        source.append(for: exchange, to: key)
        let found = key.withReadable { find($0, exchange) }
        if let found { return values[found].append(for: exchange, to: out) }
        fallback?.append(for: exchange, to: out)
    }

    private func find(_ key: Span<UInt8>, _ exchange: Exchange) -> Int? {
        if let index = exact[key] { return index }
        if hasHostnames, let index = findMask(key) { return index }
        // As in nginx, no expression is held against nothing.
        guard !patterns.isEmpty, !key.isEmpty else { return nil }
        return exchange.firstMatch(of: patternSet, key).map { patterns[$0].value }
    }

    private func findMask(_ key: Span<UInt8>) -> Int? {
        if heads.count > 0 {
            for index in key.indices where key[index] == UInt8(ascii: ".") {
                if let found = heads[key.extracting(index..<key.count)] { return found }
            }
        }
        guard tails.count > 0 else { return nil }
        for index in key.indices.reversed() where key[index] == UInt8(ascii: ".") {
            if let found = tails[key.extracting(0..<(index + 1))] { return found }
        }
        return nil
    }
}
