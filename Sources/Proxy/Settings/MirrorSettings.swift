internal import Config

/// `mirror`, `mirror_request_body`.
struct MirrorSettings {
    /// The paths that copies go to.
    var paths = Replaceable<[UInt8]>()
    var copiesBody = true

    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location]
        return [
            Directive(
                "mirror", "Where a copy of each request goes; what that answers is dropped.", "uri | off",
                default: "off", in: anywhere, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let word = statement.argument(0)
                let paths = block.settings.mirror.paths
                if paths.isOwn, word == "off" || paths.elements.isEmpty { throw .duplicate(statement) }
                if word == "off" { return block.settings.mirror.paths.clear() }
                block.settings.mirror.paths.append(Array(word.utf8))
            }.repeatable,
            .flag(
                "mirror_request_body",
                "Whether copies have the request's content, which is read before that.",
                in: anywhere, default: true, \.settings.mirror.copiesBody),
        ]
    }
}
