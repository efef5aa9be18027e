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
    /// Whether the value is made anew whenever it is asked for.
    let isVolatile: Bool
    private var exact = CaselessTable()
    private var masks = HostMaskTable()
    private var patterns: [(pattern: Int, value: Int)] = []
    private var patternSet = ConfiguredPatternSet.none
    private var values: [Template<Variable>] = []
    /// The value of what is not named; without one, nothing.
    var fallback: Template<Variable>?

    init(source: Template<Variable>, hasHostnames: Bool, isVolatile: Bool = false) {
        self.source = source
        self.isVolatile = isVolatile
        self.hasHostnames = hasHostnames
    }

    /// The texts that the value is made of.
    var templates: [Template<Variable>] { [source] + values + (fallback.map { [$0] } ?? []) }

    /// Says what `name` comes to.
    ///
    /// - Returns: whether it was not named before.
    func add(_ name: [UInt8], _ value: Template<Variable>) -> Bool {
        values.append(value)
        return exact.insert(name, values.count - 1)
    }

    /// Says what the hosts that `mask` stands for come to.
    ///
    /// - Returns: whether it was not named before.
    func add(_ mask: HostMask, _ value: Template<Variable>) -> Bool {
        values.append(value)
        return masks.add(mask, values.count - 1)
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
        let found = key.withReadable { find($0.extracting(first: keyCount($0)), exchange) }
        if let found { return values[found].append(for: exchange, to: out) }
        fallback?.append(for: exchange, to: out)
    }

    private func find(_ key: Span<UInt8>, _ exchange: Exchange) -> Int? {
        if let index = hasHostnames ? masks[key] : exact[key] { return index }
        // As in nginx, no expression is held against nothing.
        guard !patterns.isEmpty, !key.isEmpty else { return nil }
        return exchange.firstMatch(of: patternSet, key).map { patterns[$0].value }
    }

    /// A dot that ends the name of a host does not count.
    private func keyCount(_ key: Span<UInt8>) -> Int {
        let endsWithDot = hasHostnames && key.count > 0 && key[key.count - 1] == UInt8(ascii: ".")
        return endsWithDot ? key.count - 1 : key.count
    }
}
