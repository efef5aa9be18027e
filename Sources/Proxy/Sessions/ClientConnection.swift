internal import Core
internal import HTTP
internal import Net

/// A client's connection: who is at the other end and what it speaks through.
///
/// What is said on it is the session's matter.
final class ClientConnection {
    /// Serial number of the connection in this worker: `*12` in logs, `$connection`.
    let number: Int
    let token: Token
    let transport: Transport
    /// What is served at the address that it came to.
    private(set) var listen: ListenAddress
    /// The configuration that `listen` is part of.
    private(set) var snapshot: Snapshot
    /// The address is not listened on any more, or the client has to show its certificate again: the next
    /// response is the last one.
    private(set) var isOutdated = false
    /// It was accepted although there was no room: it is served what has a reserve, and closed.
    var isReserved = false
    /// The peer's address as the kernel gave it.
    let remoteAddress: SocketAddress
    let startedMs: Int64
    /// What most plain connections never need.
    private var details: Details?
    /// When the last response ended.
    var quietSinceMs: Int64 = 0
    /// Requests begun on it: `$connection_requests`.
    var requestCount = 0
    /// Responses on it that are being coded.
    var codedCount = 0

    /// By itself, so that ten thousand idle connections do not hold its room.
    private final class Details {
        var handshakeMs: Int64?
        var certificateComplaint: String?
        var proxyProtocolAddress: SocketAddress?
        var proxyProtocolDestination: SocketAddress?
        var proxyProtocolValues: [UInt8] = []
        var localAddress: SocketAddress?
        /// The server that the client has named in its handshake, unless that is the address's own.
        var presumedServer: VirtualServer?
    }

    /// The details, to be written.
    private var madeDetails: Details {
        if let details { return details }
        let made = Details()
        details = made
        return made
    }

    /// How long the TLS handshake took; `nil`: there was none.
    var handshakeMs: Int64? { details?.handshakeMs }
    /// What its authority has against the client's certificate.
    var certificateComplaint: String? {
        get { details?.certificateComplaint }
        set { if newValue != nil || details != nil { madeDetails.certificateComplaint = newValue } }
    }
    /// What the PROXY protocol said of the client, if the listener asks for it.
    var proxyProtocolAddress: SocketAddress? {
        get { details?.proxyProtocolAddress }
        set { madeDetails.proxyProtocolAddress = newValue }
    }
    /// Where the client connected to, as the PROXY protocol says.
    var proxyProtocolDestination: SocketAddress? {
        get { details?.proxyProtocolDestination }
        set { madeDetails.proxyProtocolDestination = newValue }
    }
    /// What else the header says, as it came.
    var proxyProtocolValues: [UInt8] {
        get { details?.proxyProtocolValues ?? [] }
        set { if !newValue.isEmpty { madeDetails.proxyProtocolValues = newValue } }
    }
    /// The address that the client connected to, asked of the kernel when first wanted.
    var localAddress: SocketAddress {
        if let known = details?.localAddress { return known }
        // The number of a closed descriptor may be another connection's by now.
        guard transport.isOpen else { return listen.address }
        let found = SocketAddress.local(of: transport.fd) ?? listen.address
        madeDetails.localAddress = found
        return found
    }

    /// `nil`: it does not speak TLS, or is closed.
    var tls: TLSConnection? { transport.tls }

    /// It speaks TLS, or did until it was closed: requests may outlive it.
    var isSecure: Bool { tls != nil || handshakeMs != nil }

    /// The server that the client has named in its handshake, or the address's own.
    var namedServer: VirtualServer {
        guard let name = tls?.serverName?.map(\.asciiLowercased) else { return listen.defaultServer }
        return listen.server(forHost: name.span).server ?? listen.defaultServer
    }

    /// Whose rules hold for a request until it is known which host it is for: `namedServer`, found once.
    var presumedServer: VirtualServer { details?.presumedServer ?? listen.defaultServer }

    /// Its limits for heads. Of either server by itself: what may be one or the other is retained.
    var arrivalLimits: HeadLimits {
        if let named = details?.presumedServer { return named.arrivalLimits }
        return listen.defaultServer.arrivalLimits
    }

    private func presumeServer() {
        let named = namedServer
        madeDetails.presumedServer = named === listen.defaultServer ? nil : named
    }

    /// The next request is served by another configuration.
    func adopt(_ next: Snapshot) {
        guard let found = next.listen(at: listen.address) else { return isOutdated = true }
        listen = found
        snapshot = next
        if tls != nil { presumeServer() }
    }

    /// The next response is the last one.
    func outdate() { isOutdated = true }

    /// It stands for a client that is not there: what it would have connected to, and named in its handshake.
    func stand(for visit: Visit, nowMs: Int64) {
        madeDetails.localAddress = visit.localAddress
        if listen.usesProxyProtocol {
            madeDetails.proxyProtocolAddress = remoteAddress
            madeDetails.proxyProtocolDestination = visit.localAddress
        }
        guard listen.isTLS else { return }
        madeDetails.handshakeMs = nowMs - startedMs
        madeDetails.presumedServer = visit.serverName.flatMap { listen.server(forHost: $0.span).server }
    }

    func shookHands(nowMs: Int64) {
        madeDetails.handshakeMs = nowMs - startedMs
        presumeServer()
    }

    init(number: Int, token: Token, transport: Transport, accepted: Acceptance) {
        self.number = number
        self.token = token
        self.transport = transport
        listen = accepted.listen
        snapshot = accepted.snapshot
        remoteAddress = accepted.address
        startedMs = accepted.nowMs
    }
}

/// Where and when a connection was accepted.
struct Acceptance {
    let listen: ListenAddress
    let snapshot: Snapshot
    let address: SocketAddress
    let nowMs: Int64
}
