internal import Config
internal import Core
internal import Net

/// `allow`, `deny`: the first rule that names the client's address decides.
enum AccessRules {
    static func check(_ exchange: Exchange) -> AccessVerdict {
        guard !exchange.location.settings.access.rules.elements.isEmpty else { return .silent }
        let rules = exchange.location.settings.access.rules.elements
        for index in rules.indices where rules[index].range.contains(exchange.remoteAddress) {
            if rules[index].allows { return .granted }
            if exchange.location.settings.core.satisfy == .all {
                exchange.log(.error, "access forbidden by rule")
            }
            return .refused(403)
        }
        return .silent
    }

    /// Nobody at the client's address comes in there, whoever it is.
    static func exclude(_ exchange: Exchange, from location: Location) -> Bool {
        guard location.settings.core.satisfy == .all else { return false }
        let rule = location.settings.access.rules.elements.first {
            $0.range.contains(exchange.remoteAddress)
        }
        return rule.map { !$0.allows } ?? false
    }
}
