internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// `tunnel_pass`: from CONNECT to the connection that it asks for (RFC 9110 §9.3.6).
///
/// Whoever asks gets no further than the configuration lets it: variables lead to upstreams that stand there,
/// never to an address that a client has made up.
extension Exchange {
    /// A CONNECT has come: it is served as if the path were `/`.
    ///
    /// - Returns: how it is refused; `nil`: it may go on.
    func admitConnect() -> UInt16? {
        guard server.allowsConnect else { return 405 }
        // A tunnel begins behind the head: what is content and what is not must not be a question.
        guard head.content == .none, requestPort != nil else { return 400 }
        uri.removeAll()
        uri.append(UInt8(ascii: "/"))
        return nil
    }

    /// The upstream that the variables of `tunnel_pass` name.
    ///
    /// - Returns: `nil`: there is none, and the request was refused.
    func resolveTunnel(_ template: Template<Variable>) -> PeerGroup? {
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        template.append(for: self, to: scratch)
        let name = String(decoding: scratch.bytes, as: UTF8.self)
        if let group = snapshot.groups.block(named: name) { return group }
        worker.log(.error, self, "\"\(name)\" is no upstream of the configuration: no tunnel leads there")
        finish(status: 403)
        return nil
    }
}

extension UpstreamGroups {
    /// The upstream block of a name; of `name:port` also the block `name`, if all its servers listen there.
    func block(named name: String) -> PeerGroup? {
        if let group = group(named: name), !group.settings.isImplicit { return group }
        let (host, text) = HostAndPort.split(name)
        guard let port = text.flatMap({ UInt16($0) }), let group = group(named: String(host)),
            !group.settings.isImplicit,
            group.settings.peers.allSatisfy({ ($0.dynamicName?.port ?? $0.address.port) == port })
        else { return nil }
        return group
    }
}

extension UpstreamRequest {
    /// The connection is open: it is a tunnel from its first byte.
    func tunnelOpened(over connection: PeerConnection) {
        exchange.attempts.setStatus(200)
        exchange.attempts.headArrived(worker.clock)
        endRetry()
        attempt.activity = .proxyingUpgrade
        state = .relaying
        learnSession(atHead: true)
        exchange.response.reset()
        exchange.response.status = 200
        exchange.response.isUpgrade = true
        tellServer(exchange.response)
        let nothing = worker.takeScratch()
        defer { worker.giveScratch(nothing) }
        exchange.stream.startTunnel(peer: connection, request: self, early: nothing)
    }
}
