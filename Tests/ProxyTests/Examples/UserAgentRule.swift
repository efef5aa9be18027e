import HTTP

@testable import Proxy

/// `require_user_agent`: clients that do not say what they are get 403.
enum UserAgentRule {
    static func check(_ exchange: Exchange) -> AccessVerdict {
        guard exchange.location.settings.userAgent.isRequired else { return .silent }
        return exchange.head.firstField(.userAgent) == nil ? .refused(403) : .silent
    }
}
