internal import HTTP
internal import Net
internal import Upstream

/// A worker's connection to a peer.
typealias PeerConnection = Upstream.PeerConnection<Worker.Endpoint>
/// What a worker makes them by.
typealias Connector = Upstream.Connector<Worker.Endpoint>
/// A snapshot's groups.
typealias UpstreamGroups = Upstream.UpstreamGroups<Worker.Endpoint>
/// Requests that wait for a group's servers.
typealias RequestQueue = Upstream.RequestQueue<UpstreamRequest>

extension Worker.Endpoint: PeerEndpoint {
    typealias User = HTTP1PeerStream
    typealias Sharer = HTTP2PeerSession
}

/// What becomes of the connection that it waits for.
extension HTTP1PeerStream: ConnectionUser {
    typealias Endpoint = Worker.Endpoint
    typealias Request = UpstreamRequest

    var connectTimeoutMs: Int { proxy.connectTimeoutMs }

    func introduction(to group: PeerGroup) -> [UInt8] { exchange.introduction(to: group) }

    func handshakeBegan() { request?.attempt.activity = .handshaking }

    func openingFailed(_ failure: OpeningFailure) { request?.openingFailed(failure) }
}

/// What connection it wants.
extension UpstreamRequest: PeerRequest {
    func connectionKey(in group: PeerGroup) -> ConnectionKey { exchange.connectionKey(in: group) }

    var connectionIdentity: NumberedIdentity { exchange.location.proxyPlan.identity }

    var isIdempotent: Bool { exchange.head.method.isIdempotent }

    var localAddress: LocalAddress? { exchange.bindAddress }

    var keepsSocketsAlive: Bool { proxy.socketKeepalive }

    func protection(of fd: Int32) -> PeerProtection {
        if let tls = exchange.upstreamTLS(fd: fd) { return .tls(tls) }
        return exchange.proxying.target?.isTLS == true ? .unavailable : .none
    }

    /// The reserve is not for gateways; an idle connection to one goes before one that is needed.
    func admits(_ fd: Int32) -> Bool {
        fd < worker.admission.room.firstReservedDescriptor || worker.snapshot.groups.closeOneIdle()
            || worker.closeLongestIdle()
    }
}
