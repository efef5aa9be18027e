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
        let response = exchange.response
        response.status = 200
        response.contentType.removeAll()
        response.contentType.append("text/plain")
        response.content.removeAll()
        response.content.append("hello ")
        name.append(for: exchange, to: response.content)
        response.contentKind = .buffered
        response.contentLength = Int64(response.content.count)
        return .respond
    }
}
