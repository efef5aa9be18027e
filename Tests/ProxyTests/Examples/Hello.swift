import Config
import Core
import HTTP

@testable import Proxy

/// `hello name`: greets.
enum Hello {
    static var directive: Directive<Block> {
        Directive("hello", "Answers with a greeting.", "name", in: [.server, .location], arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            let name = try block.template(statement.argument(0), statement)
            block.settings.content = .module(ContentModule(hasReserve: false, handle: { greet(name, $0) }))
        }
    }

    private static func greet(_ name: Template<Variable>, _ exchange: Exchange) -> Outcome {
        guard exchange.method == .get || exchange.method == .head else { return .status(405) }
        exchange.response.fill(200, "text/plain") { out in
            out.append("hello ")
            name.append(for: exchange, to: out)
        }
        return .respond
    }
}
