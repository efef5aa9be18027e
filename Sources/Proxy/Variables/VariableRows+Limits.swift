internal import Core

/// Variables of limits.
extension Variables {
    static var limitRows: [VariableRow] {
        [
            .unlessEmpty("limit_req_status", "What `limit_req` made of the request: `PASSED` and so on.") {
                exchange, out in
                switch exchange.limiting.requests {
                case .unlimited: break
                case .passed: out.append("PASSED")
                case .delayed: out.append("DELAYED")
                case .rejected: out.append("REJECTED")
                case .delayedDryRun: out.append("DELAYED_DRY_RUN")
                case .rejectedDryRun: out.append("REJECTED_DRY_RUN")
                }
            },
            .unlessEmpty("limit_conn_status", "What `limit_conn` made of the request: `PASSED` and so on.") {
                exchange, out in
                switch exchange.limiting.connections {
                case .unlimited: break
                case .passed: out.append("PASSED")
                case .rejected: out.append("REJECTED")
                case .rejectedDryRun: out.append("REJECTED_DRY_RUN")
                }
            },
        ]
    }
}
