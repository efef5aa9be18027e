internal import Config

/// `add_before_body`, `add_after_body`, `addition_types`: what other locations answer, put around responses.
struct AdditionSettings {
    /// The paths that are asked; empty: none is.
    var before: [UInt8] = []
    var after: [UInt8] = []
    var types = MediaTypeSet()

    /// There is something to put around responses.
    var isUsed: Bool { !before.isEmpty || !after.isEmpty }

    static var directives: [Directive<Block>] {
        [
            path("add_before_body", "A path of the server whose answer is put before responses.", \.before),
            path("add_after_body", "A path of the server whose answer is put behind responses.", \.after),
            .mediaTypes(
                "addition_types", "Types of content that something is put around; `*` is any.",
                \.settings.addition.types),
        ]
    }

    private static var anywhere: Context { [.http, .server, .location] }

    private static func path(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<AdditionSettings, [UInt8]> & Sendable
    ) -> Directive<Block> {
        Directive(name, summary, "uri", in: anywhere, arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.addition[keyPath: path] = Array(statement.argument(0).utf8)
        }
    }
}
