internal import Config
internal import Core
internal import HTTP
public import Net
internal import Pattern

/// A `server` block.
final class VirtualServer {
    /// `$server_name`: the first name.
    let serverName: [UInt8]
    /// The server's own settings, as a location.
    let base: Location
    let headLimits: HeadLimits
    /// The same for a head that may turn out to be for another server, which is to judge the names.
    let arrivalLimits: HeadLimits
    let clientHeaderTimeoutMs: Int
    let mergeSlashes: Bool
    /// Some location of it makes tunnels.
    let allowsConnect: Bool
    let http2: HTTP2Offer
    /// Where its requests are counted, of the configuration's zones.
    let zone: Int?
    let tls: TLSServerContext?
    /// Certificates that variables name.
    let madeCertificates: MadeCertificates?
    let clientVerification: ClientVerification
    /// What the certificates of its clients have to be judged by.
    let clientTrust: ClientTrust?
    let handshakeTimeoutMs: Int
    let tree: LocationTree
    private let named: [String: Location]
    private let memory: PatternMemory

    init(
        name: String, base: Location, settings: ServerSettings, tls: TLSAssembly.Assembled,
        locations: [Location], patterns: PatternTable
    ) {
        serverName = Array(name.utf8)
        self.base = base
        headLimits = settings.head
        arrivalLimits = settings.head.admittingAllNames
        clientHeaderTimeoutMs = settings.clientHeaderTimeoutMs
        mergeSlashes = settings.mergeSlashes
        allowsConnect = settings.allowsConnect
        http2 = settings.http2
        zone = settings.statusZone
        self.tls = tls.context
        madeCertificates = tls.made
        clientTrust = tls.clientTrust
        handshakeTimeoutMs = settings.tls.handshakeTimeoutMs
        clientVerification = settings.tls.server.clientVerification
        tree = LocationTree(locations, patterns)
        named = Dictionary(
            locations.filter { $0.kind == .named }.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first })
        memory = patterns.memory
    }

    /// The first of its locations that this module answers.
    func location(
        of module: ContentModule, where isWanted: (Location) -> Bool = { _ in true }
    ) -> Location? { tree.location(of: module, where: isWanted) }

    func namedLocation(_ name: [UInt8]) -> Location? { named["@" + String(decoding: name, as: UTF8.self)] }

    /// TLS on a connection that this server's address accepted; `selector` finds the server by SNI.
    func tlsConnection(
        fd: Int32, selector: any TLSServerSelector, gathering records: ByteBuffer
    ) -> TLSConnection? {
        tls.map { TLSConnection(server: $0, fd: fd, selector: selector, gathering: records) }
    }

    /// The location of a normalised path: exact, else the longest prefix unless a regular expression
    /// matches first, those nested in the prefix before those around it.
    func find(uri: Span<UInt8>) -> LocationSearch {
        var search = LocationSearch()
        search.match = find(uri, in: tree, &search)
        return search
    }

    private func find(
        _ uri: Span<UInt8>, in tree: LocationTree, _ search: inout LocationSearch
    ) -> LocationMatch {
        let index = tree.place(of: uri)
        if index >= 0, tree.sorted[index].kind == .exact { return .location(tree.sorted[index]) }
        if let slash = tree.slash(uri, besides: index) { return .redirectToSlash(slash) }
        guard index >= 0 else {
            return tree.patterns.isEmpty ? .none : matched(uri, in: tree, &search)
        }
        let prefix = tree.sorted[index]
        // Most have nothing in them, and no expressions beside them.
        if prefix.nested.isEmpty, tree.patterns.isEmpty { return .location(prefix) }
        var inner = LocationMatch.none
        if !prefix.nested.isEmpty { inner = find(uri, in: prefix.nested, &search) }
        switch inner {
        case .redirectToSlash: return inner
        case .location(let location) where location.endsSearch: return inner
        case .location, .none: break
        }
        // `^~` of a nested location speaks for the expressions beside it only, as in nginx.
        if !tree.patterns.isEmpty, prefix.kind == .prefix {
            let matched = matched(uri, in: tree, &search)
            if case .location = matched { return matched }
        }
        if case .location = inner { return inner }
        return .location(prefix)
    }

    private func matched(
        _ uri: Span<UInt8>, in tree: LocationTree, _ search: inout LocationSearch
    ) -> LocationMatch {
        if case .excess = search.pattern { return .none }
        switch tree.patternSet.firstMatch(uri, memory) {
        case .noMatch: return .none
        case .excess(let excess):
            search.pattern = .excess(excess)
            return .none
        case .match(let index):
            let location = tree.patterns[index]
            search.meet(tree.patternSet.patterns[index])
            guard !location.nested.isEmpty else { return .location(location) }
            // What is nested in it may be more precise; in there, no slash is added.
            switch find(uri, in: location.nested, &search) {
            case .location(let nested), .redirectToSlash(let nested): return .location(nested)
            case .none: return .location(location)
            }
        }
    }
}

/// The pattern that a search has met.
enum PatternTrace {
    case none
    /// The last that matched: `$1`… are its groups.
    case matched(ConfiguredPattern)
    /// It would have taken too long to say whether it matches.
    case excess(PatternExcess)
}

/// What a path leads to, and by which pattern.
struct LocationSearch {
    var match = LocationMatch.none
    var pattern = PatternTrace.none
    /// Those that matched before: variables that are called like their groups keep what these were.
    private(set) var earlier: [ConfiguredPattern] = []

    /// A pattern has matched.
    fileprivate mutating func meet(_ next: ConfiguredPattern) {
        if case .matched(let last) = pattern, !last.named.isEmpty { earlier.append(last) }
        pattern = .matched(next)
    }
}

/// An address that is listened on, and the servers that are reached at it.
public final class ListenAddress {
    /// What the socket is bound to.
    public let address: SocketAddress
    /// How the socket is set up.
    public let options: ListenOptions
    /// Connections begin with a TLS handshake.
    public let isTLS: Bool
    /// Connections begin with the PROXY protocol's header.
    let usesProxyProtocol: Bool
    /// A plain connection may begin with the preface of HTTP/2.
    let offersHTTP2: Bool
    let defaultServer: VirtualServer
    private let names: ServerNameTable
    /// Whatever a request's host is, it leads to the default server.
    let hasOneServer: Bool

    init(_ gathered: ListenerAssembly.Gathered) {
        defaultServer = gathered.defaultServer
        offersHTTP2 = gathered.offersHTTP2 || defaultServer.http2.isOn
        usesProxyProtocol = gathered.usesProxyProtocol
        address = gathered.address
        options = gathered.options
        isTLS = gathered.isTLS
        names = gathered.names
        hasOneServer = names.leadOnly(to: defaultServer)
    }

    var tcpNodelay: Bool { defaultServer.base.settings.core.tcpNodelay }

    /// The server of a lower-case host; `nil`: the default server's turn.
    func server(forHost host: Span<UInt8>) -> ServerNameTable.Search { names.server(for: host) }

    /// The name that a host has, unless an expression is it.
    func mask(forHost host: Span<UInt8>) -> HostMask? { names.mask(for: host) }
}

extension ListenAddress: TLSServerSelector {
    /// RFC 6066 §3: the context of the server that the client names.
    public func context(forServerName name: [UInt8]) -> TLSServerContext? {
        let lower = name.map(\.asciiLowercased)
        return (server(forHost: lower.span).server ?? defaultServer).tls
    }
}
