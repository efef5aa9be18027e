internal import Config
internal import Core
internal import Net

/// A number of bytes that may depend on the request: `limit_rate 10k`, `limit_rate $rate`.
enum RateSetting {
    case fixed(Int64)
    case computed(Template<Variable>)

    /// The number for `exchange`; 0 if variables make no number of it.
    func value(for exchange: Exchange) -> Int64 {
        switch self {
        case .fixed(let count): return count
        case .computed(let template):
            let text = exchange.worker.takeScratch()
            defer { exchange.worker.giveScratch(text) }
            template.append(for: exchange, to: text)
            let word = String(decoding: text.bytes, as: UTF8.self)
            if word.isEmpty { return 0 }
            if let count = Units.size(word) { return Int64(count) }
            exchange.log(.error, "invalid size \"\(word)\"")
            return 0
        }
    }

    static var directives: [Directive<Block>] {
        [
            row(
                "limit_rate", "Bytes a second that a response is sent at; 0 is no limit.",
                \.settings.core.limitRate),
            row(
                "limit_rate_after", "Bytes that are sent before `limit_rate` applies.",
                \.settings.core.limitRateAfter),
            row(
                "proxy_limit_rate",
                "Bytes a second that a response is read at from a gateway; 0 is no limit.",
                in: [.http, .server, .location], \.settings.proxy.limitRate),
        ]
    }

    private static func row(
        _ name: String, _ summary: String,
        in contexts: Context = [.http, .server, .location, .ifInLocation],
        _ path: any ReferenceWritableKeyPath<Block, RateSetting> & Sendable
    ) -> Directive<Block> {
        Directive(
            name, summary, "size", default: "0", in: contexts, arity: 1...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            let word = statement.argument(0)
            if word.contains("$") {
                block[keyPath: path] = .computed(try block.template(word, statement))
                return
            }
            guard let count = Units.size(word) else { throw .invalidValue(statement) }
            block[keyPath: path] = .fixed(Int64(count))
        }
    }
}
