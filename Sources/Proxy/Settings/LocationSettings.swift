internal import Config
internal import Net

/// Everything that a location obeys. A nested block starts as a copy of its parent's value.
struct LocationSettings {
    var core = CoreSettings()
    var proxy = ProxySettings()
    /// `grpc_…`; `nil`: none of them was given.
    var grpc: GRPCSettings?
    var tunnel = TunnelSettings()
    var access = AccessSettings()
    var auth = AuthBasicSettings()
    var authRequest = AuthRequestSettings()
    var mirror = MirrorSettings()
    var realIP = RealIPSettings()
    var limitRequests = LimitRequestSettings()
    var limitConnections = LimitConnectionSettings()
    var secureLink = SecureLinkSettings()
    var referers = RefererSettings()
    var browsers = BrowserSettings()
    var userID = UserIDSettings()
    var headers = HeaderSettings()
    var charset = CharsetSettings()
    var compression = CompressionSettings()
    var autoindex = AutoindexSettings()
    var links = LinkSettings()
    var substitution = SubstitutionSettings()
    var addition = AdditionSettings()
    var logs: LogSettings
    var names = NameSource()
    /// Of this very block: never inherited.
    var rewrite = RewriteSettings()
    /// Of this very block: never inherited.
    var content = ContentHandler.module(StaticFiles.module)
    /// Of this very block: never inherited.
    var tryFiles: TryFilesSettings?

    init(errorLog: ErrorLog) {
        logs = LogSettings(errorLog: errorLog)
    }

    /// What a block nested in one with these settings starts with.
    var inherited: LocationSettings {
        var copy = self
        copy.core.inheritLists()
        copy.proxy.inheritLists()
        copy.grpc?.proxy.inheritLists()
        copy.access.rules.inherit()
        copy.authRequest.variables.inherit()
        copy.mirror.paths.inherit()
        copy.realIP.trusted.inherit()
        copy.limitRequests.limits.inherit()
        copy.limitConnections.limits.inherit()
        copy.secureLink.inherit()
        copy.referers.inherit()
        copy.browsers.inherit()
        copy.headers.added.inherit()
        copy.headers.trailers.inherit()
        copy.charset.types.inherit()
        copy.compression.inheritLists()
        copy.substitution.inheritLists()
        copy.addition.types.inherit()
        copy.logs.access.inherit()
        copy.rewrite = RewriteSettings()
        copy.content = .module(StaticFiles.module)
        copy.tryFiles = nil
        return copy
    }
}

/// What answers the requests of a location.
enum ContentHandler {
    case proxy(ProxyTarget)
    /// `tunnel_pass`
    case tunnel(ProxyTarget)
    case module(ContentModule)

    /// See `ContentModule.hasReserve`.
    var hasReserve: Bool {
        switch self {
        case .module(let module): module.hasReserve
        case .proxy, .tunnel: false
        }
    }
}

/// The program of `set`, `if`, `rewrite`, `return` and `break` in one block.
struct RewriteSettings {
    var steps: [RewriteStep] = []
}

extension CoreSettings {
    mutating func inheritLists() {
        errorPages.inherit()
        earlyHints.inherit()
        bodyEarlyRead.inherit()
        index.inherit()
    }
}

extension ProxySettings {
    mutating func inheritLists() {
        setHeaders.inherit()
        hideHeaders.inherit()
        passHeaders.inherit()
        redirects.inherit()
        cookieDomains.inherit()
        cookiePaths.inherit()
        cookieFlags.inherit()
        sslConfCommands.inherit()
    }
}
