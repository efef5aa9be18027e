import Config

@testable import Proxy

/// `require_user_agent`
struct UserAgentSettings {
    var isRequired = false

    static var directives: [Directive<Block>] {
        [
            .flag(
                "require_user_agent", "Whether clients must say what they are.",
                in: [.http, .server, .location], default: false, \.settings.userAgent.isRequired)
        ]
    }
}

extension LocationSettings {
    /// Stands for the stored property that the guide speaks of, in a number that no example uses.
    var userAgent: UserAgentSettings {
        get { UserAgentSettings(isRequired: core.maxRanges == 7) }
        set { core.maxRanges = newValue.isRequired ? 7 : 8 }
    }
}
