internal import Config
internal import Core
internal import HTTP
internal import Net

/// `gzip…`, `gunzip…`: which contents are made smaller, or as they were, on their way to clients.
struct CompressionSettings {
    var compresses = false
    /// `gzip_types`
    var types = MediaTypeSet()
    var level = 1
    /// Contents that are shorter, in bytes, are not compressed, where their length is known.
    var minLength = 20
    var varies = false
    var minVersion = HTTPVersion.http11
    /// For requests that came through a proxy (`Via`).
    var proxied = ProxiedCompression.off
    /// `gzip_disable`: expressions for `User-Agent`.
    var disabled = Replaceable<Int>()
    /// `gzip_disable msie6`
    var disablesOldExplorers = false
    /// Most bytes of compressed content that are made before the client is asked again.
    var pieceMax = CompressionSettings.largestPiece
    var prepared = PreparedFiles.off
    var uncompresses = false
    var uncompressedPieceMax = CompressionSettings.largestPiece

    /// More than this is not made in one go.
    static var largestPiece: Int { 64 << 10 }

    mutating func inheritLists() {
        types.inherit()
        disabled.inherit()
    }
}

/// `gzip_static`: whether files beside others, with `.gz` behind their names, are served in their stead.
enum PreparedFiles {
    case off
    /// To clients that take them.
    case on
    /// To all clients.
    case always
}

/// `gzip_proxied`
struct ProxiedCompression: OptionSet {
    let rawValue: Int

    static let off = ProxiedCompression(rawValue: 1)
    static let expired = ProxiedCompression(rawValue: 2)
    static let noCache = ProxiedCompression(rawValue: 4)
    static let noStore = ProxiedCompression(rawValue: 8)
    static let isPrivate = ProxiedCompression(rawValue: 16)
    static let noLastModified = ProxiedCompression(rawValue: 32)
    static let noTag = ProxiedCompression(rawValue: 64)
    static let authorized = ProxiedCompression(rawValue: 128)
    static let any = ProxiedCompression(rawValue: 256)
}

extension CompressionSettings {
    private static var anywhere: Context { [.http, .server, .location] }

    static var directives: [Directive<Block>] { gzipRows + choiceRows + preparedRows }

    private static var gzipRows: [Directive<Block>] {
        [
            needsZlib(
                .flag(
                    "gzip", "Whether contents are compressed for clients that take that.",
                    in: [.http, .server, .location, .ifInLocation], default: false,
                    \.settings.compression.compresses)
            ) { $0.settings.compression.compresses },
            .mediaTypes(
                "gzip_types", "Types of content that are compressed besides text/html; `*` is any.",
                \.settings.compression.types),
            .number(
                "gzip_comp_level", "How hard to compress: 1 is fast, 9 is small.", in: anywhere, default: "1",
                within: 1...9, \.settings.compression.level),
            .size(
                "gzip_min_length", "Contents that say that they are shorter are not compressed.",
                in: anywhere, default: "20", \.settings.compression.minLength),
            buffers(
                "gzip_buffers", "How much compressed content is made before the client is asked again.",
                \.settings.compression.pieceMax),
        ]
    }

    private static var choiceRows: [Directive<Block>] {
        [
            .flag(
                "gzip_vary", "Whether caches are told that clients get it compressed or not.", in: anywhere,
                default: false, \.settings.compression.varies),
            .oneOf(
                "gzip_http_version", "The oldest version of HTTP that gets compressed content.", in: anywhere,
                default: "1.1", [("1.0", HTTPVersion.http10), ("1.1", .http11)],
                \.settings.compression.minVersion),
            .words(
                "gzip_proxied", "Which answers are compressed for requests that came through a proxy.",
                in: anywhere, default: "off",
                [
                    ("off", ProxiedCompression.off), ("expired", .expired), ("no-cache", .noCache),
                    ("no-store", .noStore), ("private", .isPrivate), ("no_last_modified", .noLastModified),
                    ("no_etag", .noTag), ("auth", .authorized), ("any", .any),
                ], \.settings.compression.proxied),
            Directive(
                "gzip_disable",
                "Browsers that get no compressed content; `msie6` are old ones of Microsoft's.",
                "regex ...", in: anywhere, arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                if !block.settings.compression.disabled.isOwn { block.settings.compression.disabled.clear() }
                for word in statement.arguments {
                    if word == "msie6" {
                        block.settings.compression.disablesOldExplorers = true
                    } else {
                        block.settings.compression.disabled.append(
                            try block.builder.regex(word, ignoringCase: true, statement))
                    }
                }
            }.repeatable,
        ]
    }

    private static var preparedRows: [Directive<Block>] {
        [
            .oneOf(
                "gzip_static", "Whether files with .gz behind their names are served in others' stead.",
                in: anywhere, default: "off",
                [("off", PreparedFiles.off), ("on", .on), ("always", .always)],
                \.settings.compression.prepared),
            needsZlib(
                .flag(
                    "gunzip", "Whether gzip is undone for clients that do not take it.", in: anywhere,
                    default: false, \.settings.compression.uncompresses)
            ) { $0.settings.compression.uncompresses },
            buffers(
                "gunzip_buffers", "How much content is made before the client is asked again.",
                \.settings.compression.uncompressedPieceMax),
        ]
    }

    /// `number size`: all of them together.
    private static func buffers(
        _ name: String, _ summary: String, _ path: Directive<Block>.Path<Int>
    ) -> Directive<Block> {
        Directive(name, summary, "number size", default: "32 4k", in: anywhere, arity: 2...2) {
            (block: Block, statement: Statement) throws(ConfigError) in
            guard let buffers = Units.buffers(statement.argument(0), statement.argument(1)) else {
                throw .invalidValue(statement)
            }
            block[keyPath: path] = min(max(buffers.count * buffers.size, 1 << 10), largestPiece)
        }
    }

    /// The same row, refused where it wants what this machine does not have.
    private static func needsZlib(
        _ row: Directive<Block>, when isWanted: @escaping @Sendable (Block) -> Bool
    ) -> Directive<Block> {
        Directive(
            row.name, row.summary, row.syntax, default: row.defaultText, in: row.contexts, arity: row.arity
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            try row.apply(block, statement)
            guard isWanted(block), Zlib.system == nil else { return }
            throw .needsZlib("\"\(row.name)\"", statement)
        }
    }
}

extension ConfigError {
    /// For what wants a library that this machine does not have.
    static func needsZlib(_ subject: String, _ statement: Statement) -> ConfigError {
        ConfigError(
            "\(subject) needs zlib, and this machine has no libz.so.1: install the package \"zlib1g\""
                + " (\"zlib\" on some systems)", statement)
    }
}
