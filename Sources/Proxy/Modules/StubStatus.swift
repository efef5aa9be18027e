internal import Config
internal import Core
internal import HTTP
internal import Sharing

/// `stub_status`: the counters of connections and requests, in nginx's words.
package enum StubStatus {
    static func handle(_ exchange: Exchange) -> Outcome {
        guard exchange.method == .get || exchange.method == .head else { return .status(405) }
        exchange.response.fill(exchange.routing.statusOverride.take() ?? 200, "text/plain") {
            append(exchange.worker.counters, to: $0)
        }
        return ConditionalRequest.settle(exchange, tag: exchange.worker.noBytes)
    }

    /// The text, every line with the space before its end that tools rely on.
    static func append(_ counters: CounterSlab, to out: ByteBuffer) {
        out.append("Active connections: ")
        out.append(decimal: counters.total(.active))
        out.append(" \nserver accepts handled requests\n ")
        out.append(decimal: counters.total(.accepts))
        out.append(UInt8.space)
        out.append(decimal: counters.total(.handled))
        out.append(UInt8.space)
        out.append(decimal: counters.total(.requests))
        out.append(" \nReading: ")
        out.append(decimal: counters.total(.reading))
        out.append(" Writing: ")
        out.append(decimal: counters.total(.writing))
        out.append(" Waiting: ")
        out.append(decimal: counters.total(.waiting))
        out.append(" \n")
    }
}

extension StubStatus {
    static let module = ContentModule(hasReserve: true, handle: { StubStatus.handle($0) })

    static var directive: Directive<Block> {
        Directive(
            "stub_status", "Answers with the counters of connections and requests.", "",
            in: [.server, .location], arity: 0...1
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.content = .module(module)
        }.repeatable
    }
}
