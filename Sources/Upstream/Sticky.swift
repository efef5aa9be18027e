internal import Config
public import Core
internal import Net
internal import Sharing

/// `sticky`: requests of a client go to the server that it was given before, if that may serve them.
///
/// Which server that is, the request says, or a table of sessions. Both know servers by their `ServerID`,
/// which is the same wherever the configuration is the same: nothing has to be told to other nodes.
public struct StickySettings: Sendable {
    /// How clients and servers are bound to each other.
    public enum Method: Sendable {
        /// `cookie`: clients are told the server's name in a cookie.
        case cookie(StickyCookie)
        /// `route`: the request holds the server's name.
        case route
        /// `learn`: the request holds the name of a session that a server made.
        case learn(StickyLearning)
    }

    /// Which way it is.
    public let method: Method
    /// Variables, of which the first that is not empty says what the request is bound to.
    public let lookups: [String]
}

/// `sticky cookie`
public struct StickyCookie: Sendable {
    /// Its name.
    public internal(set) var name: String
    /// A template.
    public internal(set) var domain: String?
    /// As it is written.
    public internal(set) var path: String?
    /// How long clients are to keep it, in seconds; `nil`: until they are closed.
    public internal(set) var lifetimeSeconds: Int?
    /// `expires=max`
    public internal(set) var isLasting = false
    /// No script may read it.
    public internal(set) var isHTTPOnly = false
    /// It is sent over TLS only.
    public internal(set) var isSecure = false
    /// A template.
    public internal(set) var sameSite: String?

    /// The values that `samesite` has.
    public static func isSameSite(_ text: some Sequence<UInt8>) -> Bool {
        ["strict", "lax", "none"].contains(String(decoding: Array(text), as: UTF8.self).lowercased())
    }
}

/// `sticky learn`
public struct StickyLearning: Sendable {
    /// Variables, of which the first that is not empty names a session that a server has begun.
    public internal(set) var creations: [String] = []
    /// The zone's name and size, as `name:size`; `nil`: not yet read.
    public internal(set) var zone: String?
    /// How long a session lasts that is not used.
    public internal(set) var timeoutMs = 600_000
    /// Sessions begin when the head of a response has come, not when it has ended.
    public internal(set) var atHead = false
}

// MARK: The servers' names

extension PeerSettings {
    /// A `route` that may be given: it stands in cookies and in lines of state files.
    public static func route(_ text: String) -> String? {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3B }
        return isPlain && text.utf8.count <= ServerID.countMax ? text : nil
    }

    /// What `sticky` calls it: its `route`, or else the MD5 digest of its address, as in nginx.
    var stickyID: ServerID? {
        let bytes = route.isEmpty ? Array(Digest.hex(Digest.md5(Array(name.utf8))).utf8) : Array(route.utf8)
        return ServerID(bytes.span)
    }
}

/// What the servers of a group are called, and who is called so.
struct ServerIDs {
    private let ids: [ServerID?]
    private var first: [ServerID: Int] = [:]
    /// The next server of the same name; -1: there is none.
    private var following: [Int]

    init(_ peers: [Peer]) {
        ids = peers.map(\.settings.stickyID)
        following = peers.map { _ in -1 }
        for (index, id) in ids.enumerated().reversed() {
            guard let id else { continue }
            following[index] = first[id] ?? -1
            first[id] = index
        }
    }

    func id(of index: Int) -> ServerID? { ids[index] }

    /// The first server of this name; -1: there is none.
    func index(of id: ServerID) -> Int { first[id] ?? -1 }

    func index(after index: Int) -> Int { following[index] }
}

extension PeerGroup {
    /// It binds clients to servers.
    public var isSticky: Bool { serverIDs != nil }

    /// What a server is called by those who are bound to it.
    public func stickyID(of index: Int) -> ServerID? { serverIDs?.id(of: index) }

    /// The request goes to the server of this name if it may; `nil`: to any.
    public func bind(_ selection: Selection, to id: ServerID?) {
        guard let serverIDs, let id else { return selection.bound = -1 }
        selection.bound = serverIDs.index(of: id)
    }

    /// Peers that this request may be tried at: it may be bound to one that takes no others.
    public func triesMax(for selection: Selection) -> Int {
        guard selection.bound >= 0 else { return triesMax }
        let settings = peers[selection.bound].settings
        return settings.isDraining && !settings.isDown && !settings.isUnresolved ? triesMax + 1 : triesMax
    }

    /// The server that the request is bound to, if it may serve it. Several may bear its name.
    func boundPeer(of selection: Selection, among part: Range<Int>, nowMs: Int64) -> Int? {
        var index = selection.bound
        while index >= 0 {
            if part.contains(index), !selection.hasTried(index), eligible.admitsBound(index, nowMs: nowMs) {
                return index
            }
            index = serverIDs?.index(after: index) ?? -1
        }
        return nil
    }
}

extension EligiblePeers {
    /// Whether a request that is bound to the peer may go there: also to one that is drained.
    func admitsBound(_ index: Int, nowMs: Int64) -> Bool {
        if isOpen[index] { return true }
        let peer = peers[index]
        let health = peer.state.health
        guard peer.settings.isDraining || health == .draining, health.takesRequests || health == .draining
        else { return false }
        return !peer.settings.isDown && !peer.settings.isUnresolved && !peer.isFull
            && (peers.count == 1 || !peer.isBanned(nowMs: nowMs))
    }
}

// MARK: The directive

extension StickySettings {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "sticky",
            "Requests of a client go to the server that it was given before: by a cookie, by what the request"
                + " says, or by sessions that are learnt from servers' answers.",
            "cookie name [expires=time | max] [domain=domain] [path=path] [httponly] [secure]"
                + " [samesite=strict | lax | none | $variable] | route $variable ... |"
                + " learn create=$variable lookup=$variable zone=name:size [timeout=time] [header]",
            in: .upstream, arity: 2...Int.max
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            let words = Array(statement.arguments.dropFirst())
            switch statement.argument(0) {
            case "cookie": block.settings.sticky = try cookie(words, statement)
            case "route":
                block.settings.sticky = StickySettings(
                    method: .route,
                    lookups: try words.map { (word) throws(ConfigError) in
                        guard word.hasPrefix("$") else {
                            throw ConfigError("invalid variable name \"\(word)\"", statement)
                        }
                        return String(word.dropFirst())
                    })
            case "learn": block.settings.sticky = try learning(words, statement)
            default: throw unknown(statement.argument(0), statement)
            }
        }
    }

    private static func unknown(_ word: String, _ statement: Statement) -> ConfigError {
        ConfigError("unknown parameter \"\(word)\"", statement)
    }

    private static func wrong(_ text: String, _ statement: Statement) -> ConfigError {
        ConfigError("\"sticky\" directive \(text)", statement)
    }

    /// `name=value`, or a word alone.
    private static func parts(_ word: String) -> (name: String, value: String?) {
        guard let sign = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<sign]), String(word[word.index(after: sign)...]))
    }

    // MARK: Cookies

    private static func cookie(
        _ words: [String], _ statement: Statement
    ) throws(ConfigError) -> StickySettings {
        guard let name = words.first, !name.isEmpty else { throw wrong("empty cookie name", statement) }
        var cookie = StickyCookie(name: name)
        var seen: Set<String> = []
        for word in words.dropFirst() {
            let (name, value) = parts(word)
            guard seen.insert(name).inserted else {
                throw wrong("parameter \"\(name)\" is duplicate", statement)
            }
            switch (name, value) {
            case ("httponly", nil): cookie.isHTTPOnly = true
            case ("secure", nil): cookie.isSecure = true
            case ("domain", let value?): cookie.domain = value
            case ("path", let value?): cookie.path = value
            case ("expires", let value?): try take(expires: value, into: &cookie, statement)
            case ("samesite", let value?):
                guard value.contains("$") || StickyCookie.isSameSite(value.utf8) else {
                    throw wrong("invalid \"samesite\" parameter value", statement)
                }
                cookie.sameSite = value
            default: throw unknown(word, statement)
            }
            if value == "", name == "domain" || name == "path" {
                throw wrong("no value for \"\(name)\"", statement)
            }
        }
        return StickySettings(method: .cookie(cookie), lookups: ["cookie_\(cookie.name)"])
    }

    private static func take(
        expires value: String, into cookie: inout StickyCookie, _ statement: Statement
    ) throws(ConfigError) {
        if value == "max" { return cookie.isLasting = true }
        guard let seconds = Units.seconds(value), seconds <= Int(Int32.max) else {
            throw wrong("invalid \"expires\" parameter value", statement)
        }
        cookie.lifetimeSeconds = seconds
    }

    // MARK: Sessions

    private static func learning(
        _ words: [String], _ statement: Statement
    ) throws(ConfigError) -> StickySettings {
        var learning = StickyLearning()
        var lookups: [String] = []
        var hasTimeout = false
        for word in words {
            let (name, value) = parts(word)
            switch (name, value) {
            case ("zone", let value?):
                guard learning.zone == nil else { throw wrong("duplicate zone", statement) }
                learning.zone = value
            case ("timeout", let value?):
                guard !hasTimeout else { throw wrong("duplicate timeout", statement) }
                guard let ms = Units.milliseconds(value), ms > 0 else {
                    throw wrong("invalid timeout", statement)
                }
                hasTimeout = true
                learning.timeoutMs = ms
            case ("create", let value?), ("lookup", let value?):
                guard value.hasPrefix("$") else {
                    throw wrong("missing variable in the \"\(name)\" parameter", statement)
                }
                let variable = String(value.dropFirst())
                if name == "create" { learning.creations.append(variable) } else { lookups.append(variable) }
            case ("header", nil): learning.atHead = true
            case ("sync", nil):
                throw .unsupported("the parameter \"sync\"", advice: "leave it out", statement)
            default: throw unknown(word, statement)
            }
        }
        let missing =
            lookups.isEmpty
            ? "lookup" : learning.creations.isEmpty ? "create" : learning.zone == nil ? "zone" : nil
        if let missing { throw wrong("\"\(missing)\" parameter is not specified", statement) }
        return StickySettings(method: .learn(learning), lookups: lookups)
    }
}
