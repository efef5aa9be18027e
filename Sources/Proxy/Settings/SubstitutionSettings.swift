internal import Config
internal import Core

/// `sub_filter…`: texts that are replaced in the content of responses.
struct SubstitutionSettings {
    var pairs = Replaceable<SubstitutionPair>()
    var types = MediaTypeSet()
    var isOnce = true
    var keepsLastModified = false
    /// What it all amounts to; `nil`: nothing is replaced.
    private(set) var plan: SubstitutionPlan?

    mutating func inheritLists() {
        pairs.inherit()
        types.inherit()
    }

    /// The block is complete.
    mutating func assemble() {
        guard !pairs.elements.isEmpty else { return plan = nil }
        // One for all that inherit it.
        if !pairs.isOwn, let plan, plan.isOnce == isOnce { return }
        plan = SubstitutionPlan(pairs.elements, isOnce: isOnce)
    }
}

/// One `sub_filter` line.
struct SubstitutionPair {
    let text: Template<Variable>
    let replacement: Template<Variable>
}

/// The `sub_filter` lines in force in a location.
final class SubstitutionPlan {
    let isOnce: Bool
    private let pairs: [SubstitutionPair]
    private let replacements: [Template<Variable>]
    /// Made at first use; `nil`: variables decide what is looked for.
    private lazy var table: SearchTable? = {
        let texts = pairs.compactMap { $0.text.constant }
        return texts.count == pairs.count ? SearchTable(texts) : nil
    }()

    init(_ pairs: [SubstitutionPair], isOnce: Bool) {
        self.pairs = pairs
        self.isOnce = isOnce
        replacements = pairs.map(\.replacement)
    }

    /// What is looked for in the response of a request, and what it is replaced by; `nil`: nothing is, as all
    /// texts are empty.
    func search(for exchange: Exchange) -> (table: SearchTable, replacements: [Template<Variable>])? {
        if let table { return (table, replacements) }
        let text = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(text) }
        var texts: [[UInt8]] = []
        var used: [Template<Variable>] = []
        for pair in pairs {
            text.removeAll()
            pair.text.append(for: exchange, to: text)
            if text.isEmpty { continue }
            texts.append(text.bytes)
            used.append(pair.replacement)
        }
        return texts.isEmpty ? nil : (SearchTable(texts), used)
    }
}

extension SubstitutionSettings {
    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location]
        return [
            Directive(
                "sub_filter", "Replaces a text in the content of responses, letters without case.",
                "string replacement", in: anywhere, arity: 2...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                guard !statement.argument(0).isEmpty else {
                    throw ConfigError("empty search pattern", statement)
                }
                block.settings.substitution.pairs.append(
                    SubstitutionPair(
                        text: try block.template(statement.argument(0), statement),
                        replacement: try block.template(statement.argument(1), statement)))
            }.repeatable,
            .mediaTypes(
                "sub_filter_types",
                "Types of content in which texts are replaced besides text/html; `*` is any.",
                \.settings.substitution.types),
            .flag(
                "sub_filter_once", "Whether each text is replaced once in a response.", in: anywhere,
                default: true, \.settings.substitution.isOnce),
            .flag(
                "sub_filter_last_modified",
                "Whether responses whose texts are replaced keep Last-Modified, and a weak ETag.",
                in: anywhere, default: false, \.settings.substitution.keepsLastModified),
        ]
    }
}
