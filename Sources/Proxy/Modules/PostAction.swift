internal import Config
internal import Core
internal import HTTP

/// `post_action`: a request that is made here when a client's is over, so that a gateway hears of it.
enum PostAction {
    static var directive: Directive<Block> {
        Directive(
            "post_action", "A location that is told of each request when it is over.", "uri | @name",
            in: [.http, .server, .location, .ifInLocation], arity: 1...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            let word = statement.argument(0)
            guard word.hasPrefix("/") || word.hasPrefix("@") else {
                throw ConfigError("invalid URI or named location \"\(word)\"", statement)
            }
            block.settings.core.postAction = Array(word.utf8)
        }
    }

    /// Tells of a client's request that is over. Nobody waits for the answer: there are as many of them at
    /// one time as copies of requests (`Mirrors`).
    static func send(for exchange: Exchange) {
        guard let target = exchange.location.settings.core.postAction, exchange.head.hasLine else { return }
        let worker = exchange.worker
        guard worker.mirrors.haveRoom else { return worker.dropMirror(of: exchange) }
        worker.takeSubrequest().begin(.report, of: exchange, path: target)
    }
}
