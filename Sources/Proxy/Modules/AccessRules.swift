internal import Config
internal import Core
internal import Net

/// `allow`, `deny`: the first rule that names the client's address decides.
enum AccessRules {
    /// - Returns: `.respond` if a rule allows the client (which suffices for `satisfy any`), `.declined`
    ///   if no rule names it, `.status(403)` if one denies it.
    static func check(_ exchange: Exchange) -> Outcome {
        guard !exchange.location.settings.access.rules.elements.isEmpty else { return .declined }
        let rules = exchange.location.settings.access.rules.elements
        for index in rules.indices where rules[index].range.contains(exchange.remoteAddress) {
            if rules[index].allows { return .respond }
            if exchange.location.settings.core.satisfy == .all {
                exchange.log(.error, "access forbidden by rule")
            }
            return .status(403)
        }
        return .declined
    }
}
