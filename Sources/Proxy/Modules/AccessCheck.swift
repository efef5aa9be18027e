internal import Config

/// What one way of deciding about access has to say.
enum AccessVerdict {
    /// Nothing: it is not asked for here, or no rule is about this client.
    case silent
    /// The client may come in (which suffices for `satisfy any`).
    case granted
    /// The client is answered with this status. Under `satisfy any`, another check may overrule 401 and 403,
    /// and nothing else.
    case refused(UInt16)
    /// It is being found out; `Exchange.passwordChecked` or `answered` tells.
    case awaited
}

/// The ways of deciding about access, in the order in which they are asked; `satisfy` says whether all of
/// them must agree.
///
/// To add one, write `Modules/<Name>.swift` with what it has to say, and add a case here, where it is to be
/// asked: one that is asked before all others is `first` as well. How `explain` says it stands in
/// `RequestTrace.asked`.
enum AccessCheck: Int {
    case addresses, passwords, subrequest

    static var first: AccessCheck { .addresses }

    /// The one behind it.
    var next: AccessCheck? { AccessCheck(rawValue: rawValue + 1) }

    /// Whether one of them has something to say where these settings hold.
    static func areAsked(by settings: LocationSettings) -> Bool {
        sequence(first: AccessCheck.first) { $0.next }.contains { $0.isAsked(by: settings) }
    }

    /// Whether it can have something to say where these settings hold; where none can, none is asked.
    private func isAsked(by settings: LocationSettings) -> Bool {
        switch self {
        case .addresses: !settings.access.rules.elements.isEmpty
        case .passwords: settings.auth.realm != nil
        case .subrequest: settings.authRequest.path != nil
        }
    }

    func ask(_ exchange: Exchange) -> AccessVerdict {
        switch self {
        case .addresses: AccessRules.check(exchange)
        case .passwords: AuthBasic.check(exchange)
        case .subrequest: AuthRequest.check(exchange)
        }
    }
}
