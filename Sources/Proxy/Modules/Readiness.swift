internal import Config
internal import Core
internal import HTTP
internal import Sharing

/// `readiness`: whether those who spread clients over several services should send any here.
enum Readiness {
    static func handle(_ exchange: Exchange) -> Outcome {
        guard exchange.method == .get || exchange.method == .head else { return .status(405) }
        let isLeaving = exchange.worker.shared.isLeaving || exchange.worker.isDraining
        // What it says is what is meant, not a fault.
        if isLeaving { exchange.accounting.fault = .ok }
        exchange.response.fill(isLeaving ? 503 : 200, "text/plain") {
            $0.append(isLeaving ? "leaving\n" : "ready\n")
        }
        return .respond
    }
}

extension Readiness {
    private static let module = ContentModule(hasReserve: true, handle: { Readiness.handle($0) })

    static var directive: Directive<Block> {
        Directive(
            "readiness",
            "Answers 200 while new clients are welcome, 503 once the service was told to stop.", "",
            in: [.server, .location], arity: 0...0
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.content = .module(module)
        }
    }
}
