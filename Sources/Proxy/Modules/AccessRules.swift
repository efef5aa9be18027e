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
}
