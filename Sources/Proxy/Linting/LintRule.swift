internal import Config
internal import Core

/// One thing that loads and is still likely wrong.
///
/// To add one, write a row into one of the tables that `all` names, and a test of both sides.
struct LintRule: Sendable {
    /// What `# lint: ok NAME` silences.
    let name: String
    /// What is wrong, in one sentence.
    let sentence: String
    let why: String
    /// What to write instead.
    let mend: String
    let look: @Sendable (LintSubject) -> [LintRemark]

    init(
        _ name: String, _ sentence: String, why: String, mend: String,
        _ look: @escaping @Sendable (LintSubject) -> [LintRemark]
    ) {
        self.name = name
        self.sentence = sentence
        self.why = why
        self.mend = mend
        self.look = look
    }

    static var all: [LintRule] {
        inheritance + paths + rewriting + upstreams + requests + security + servers + limits
    }
}

/// A place where a rule has something to say.
struct LintRemark {
    let place: SourceLocation
    /// What exactly, without a stop at its end.
    let text: String

    init(_ statement: Statement, _ text: String) {
        place = statement.location
        self.text = text
    }
}

/// A configuration, as rules look at it.
struct LintSubject {
    /// All blocks, the file itself first.
    let blocks: [LintBlock]
    let configuration: Configuration
    let locations: [LintBlock]
    let servers: [LintBlock]
    let upstreams: [LintBlock]
    /// Blocks that have a `proxy_pass` of their own.
    let proxies: [(block: LintBlock, statement: Statement)]
    /// Upstreams by their names in small letters.
    private let upstreamsByName: [String: LintBlock]
    /// How many servers listen at an address.
    private let serverCounts: [String: Int]

    init(_ statements: [Statement], _ configuration: Configuration) {
        let place = statements.first?.location ?? SourceLocation(file: "", line: 0)
        blocks = LintBlock(Statement(words: [], block: statements, location: place), in: nil).all
        self.configuration = configuration
        locations = blocks.filter { $0.name == "location" }
        servers = blocks.filter { $0.name == "server" && $0.parent?.name == "http" }
        upstreams = blocks.filter { $0.name == "upstream" }
        proxies = blocks.flatMap { block in block.own("proxy_pass").map { (block, $0) } }
        upstreamsByName = Dictionary(
            upstreams.map { ($0.opening.argument(0).lowercased(), $0) },
            uniquingKeysWith: { first, _ in first })
        serverCounts = servers.reduce(into: [:]) { counts, server in
            for address in Set(server.listens) { counts[address, default: 0] += 1 }
        }
    }

    /// The upstream block that a URL leads to.
    func upstream(of url: LintURL) -> LintBlock? {
        upstreamsByName[url.host.lowercased()]
    }

    /// No other server listens where this one does.
    func isAlone(_ server: LintBlock) -> Bool { server.listens.allSatisfy { serverCounts[$0] ?? 0 <= 1 } }

    /// What every line of a name says to a rule.
    func lines(_ name: String, _ remark: (Statement, LintBlock) -> String?) -> [LintRemark] {
        blocks.flatMap { block in
            block.own(name).compactMap { line in remark(line, block).map { LintRemark(line, $0) } }
        }
    }
}
