internal import Config
internal import Net

/// Everything that a location obeys. A nested block starts as a copy of its parent's value.
struct LocationSettings {
    var core = CoreSettings()
    var proxy = ProxySettings()
    var access = AccessSettings()
    var auth = AuthBasicSettings()
    var realIP = RealIPSettings()
    var headers = HeaderSettings()
    var logs: LogSettings
    /// Of this very block: never inherited.
    var rewrite = RewriteSettings()
    /// Of this very block: never inherited.
    var content = ContentHandler.staticFiles
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
        copy.access.rules.inherit()
        copy.realIP.trusted.inherit()
        copy.headers.added.inherit()
        copy.logs.access.inherit()
        copy.rewrite = RewriteSettings()
        copy.content = .staticFiles
        copy.tryFiles = nil
        return copy
    }
}

/// What answers the requests of a location.
enum ContentHandler {
    case staticFiles
    case proxy(ProxyTarget)
    case stubStatus
    case readiness
    case status
    case api(writes: Bool)

    /// Answered also where `worker_connections` or descriptors have run out: who looks after the service, or
    /// asks whether it is alive, must not be locked out by its clients.
    var hasReserve: Bool {
        switch self {
        case .stubStatus, .readiness, .status, .api: true
        case .staticFiles, .proxy: false
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
        sslConfCommands.inherit()
    }
}
