import Core

@testable import Proxy

extension Variables {
    static var exampleRows: [VariableRow] {
        [
            .always("upstream_tries", "How many attempts at servers the request took.") { exchange, out in
                out.append(decimal: exchange.attempts.count)
            }
        ]
    }
}
