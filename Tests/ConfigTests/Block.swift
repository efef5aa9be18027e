import Config

/// What the tests' own directives fill, and their table: names and forms as in nginx.
final class Block {
    var workers = 0
    var isDaemon = true
    var timeout = 0
    var age = 0
    var bufferSize = 0
    var bodySize: Int64 = 0
    var satisfy = 0
    var root = "html"
    var log: [String] = []
    let parent: Block?
    let context: Context

    init(parent: Block? = nil, in context: Context = .main) {
        self.parent = parent
        self.context = context
        guard let parent else { return }
        timeout = parent.timeout
        root = parent.root
    }

    /// What was done, by the outermost block.
    func note(_ text: String) {
        if let parent { parent.note(text) } else { log.append(text) }
    }

    static let table = DirectiveTable<Block>(settings + blocks)

    private static var settings: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location]
        return [
            .number("worker_processes", "Workers.", in: .main, default: "1", \.workers),
            .number("worker_rlimit_nofile", "Descriptors.", in: .main, default: nil, \.workers),
            .number("gzip_comp_level", "Level.", in: anywhere, default: "1", within: 1...9, \.workers),
            .flag("daemon", "Master.", in: .main, default: true, \.isDaemon),
            .milliseconds("client_body_timeout", "Wait.", in: anywhere, default: "60s", \.timeout),
            .seconds("proxy_cache_lock_age", "Age.", in: anywhere, default: nil, \.age),
            .size("client_header_buffer_size", "Buffer.", in: [.http, .server], default: "1k", \.bufferSize),
            .offset("client_max_body_size", "Body.", in: anywhere, default: "1m", \.bodySize),
            .oneOf("satisfy", "Access.", in: anywhere, default: "all", [("all", 1), ("any", 2)], \.satisfy),
            .string(
                "root", "Folder.", "path", in: [.http, .server, .location, .ifInLocation], default: "html",
                \.root),
            .ignored("tcp_nopush", "Ignored.", in: anywhere, arity: 1...1) { block, statement in
                block.note("ignored \(statement.name)")
            },
            Directive(
                "return", "Answer.", "code [text]", in: [.server, .location, .ifInServer, .ifInLocation],
                arity: 1...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.note("return \(block.root) \(block.timeout)")
            }.repeatable,
        ]
    }

    private static var blocks: [Directive<Block>] {
        [
            child("events", in: .main, arity: 0...0, opens: .events).once,
            child("http", in: .main, arity: 0...0, opens: .http).once,
            child("server", in: .http, arity: 0...0, opens: .server),
            child("location", in: [.server, .location], arity: 1...2, opens: .location),
            Directive("upstream", "Group.", "name", in: .http, arity: 1...1) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.note("upstream \(statement.argument(0))")
                try groupTable.apply(statement.block ?? [], to: block, in: .upstream)
            }.block(.definition),
            Directive("if", "Condition.", "(condition)", in: [.server, .location], arity: 1...9) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.note("if")
                let inside: Context = block.context == .server ? .ifInServer : .ifInLocation
                try table.apply(statement.block ?? [], to: block, in: inside)
            }.block(.nested),
            Directive("map", "Map.", "string $variable", in: .http, arity: 2...2) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.note("map of \(statement.block?.count ?? 0)")
            }.block(.definition, holdsLines: true),
        ]
    }

    private static let groupTable = DirectiveTable<Block>(
        [
            Directive("server", "Address.", "address", in: .upstream, arity: 1...9) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.note("peer \(statement.argument(0))")
            }.repeatable
        ],
        elsewhere: Set(
            settings.map(\.name) + ["events", "http", "server", "location", "upstream", "map", "if"]))

    private static func child(
        _ name: String, in contexts: Context, arity: ClosedRange<Int>, opens inside: Context
    ) -> Directive<Block> {
        Directive(name, "A block.", "", in: contexts, arity: arity) {
            (block: Block, statement: Statement) throws(ConfigError) in
            try table.apply(statement.block ?? [], to: Block(parent: block, in: inside), in: inside)
        }.block(.nested)
    }
}

/// Parses and obeys `text`.
func configured(_ text: String, name: String = "/conf/t.conf") throws(ConfigError) -> Block {
    let parser = ConfigParser(files: MemoryFiles(), directory: "/conf")
    let block = Block()
    try Block.table.apply(try parser.parse(text: text, name: name), to: block, in: .main)
    return block
}
