internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The beginning and the end of an exchange's use; between them it belongs to one stream.
extension Exchange {
    /// A request begins to arrive on `stream`.
    func start(for stream: ResponseStream, of connection: ClientConnection) {
        self.stream = stream
        client = connection
        // Mostly they are the same as for the request before: asking costs less than counting references.
        if snapshot !== connection.snapshot { snapshot = connection.snapshot }
        let presumed = connection.presumedServer
        if server !== presumed { server = presumed }
        if location !== server.base { location = server.base }
        remoteAddress = connection.remoteAddress
        arrival.startedMs = worker.clock.nowMs
        arrival.startedUs = worker.clock.nowUs
        restartPhases()
    }

    /// Forgets the request; keeps the memory.
    func reset() {
        upstream?.reset()
        head.reset()
        headBytes = worker.noBytes
        method = .get
        uri.removeAll()
        arguments.removeAll()
        host.removeAll()
        routing = Routing()
        limiting = Limiting()
        giveConnectionsBack()
        body.reset()
        arrival = Arrival()
        values.reset()
        response.reset()
        dropSource()
        endFilter()
        if let used = filter.take() { used.giveBack() }
        delivery = Delivery()
        attempts.reset()
        if proxying.web != nil { body.replacement.shrink(toCapacity: 4096) }
        proxying = Proxying()
        accounting = Accounting()
        passwordCheck?.leave(self)
        leaveSubrequest()
        nameWait?.leave(self)
        if additions != nil { additions = nil }
        keptFields.reset()
    }

    func beginAttempt(at name: [UInt8]) {
        attempts.begin(address: name, nowMs: worker.clock.nowMs, nowUs: worker.clock.nowUs)
    }

    func beginAttempt(at peer: Peer) { beginAttempt(at: peer.nameBytes) }

    /// `proxy_bind`: the local address of connections to peers.
    var bindAddress: LocalAddress? {
        guard let binding = location.settings.proxy.bind else { return nil }
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        binding.address.append(for: self, to: scratch)
        if scratch.isEmpty { return nil }
        let text = String(decoding: scratch.bytes, as: UTF8.self)
        // As variables have it, an IPv6 address is without brackets.
        if let address = SocketAddress.parse(text, defaultPort: 0) ?? SocketAddress(ip: text, port: 0) {
            return LocalAddress(address, isTransparent: binding.isTransparent)
        }
        worker.log(.error, self, "invalid local address \"\(text)\"")
        return nil
    }

    /// `proxy_ssl_name`
    func appendUpstreamName(to out: ByteBuffer) {
        if let template = location.settings.proxy.sslName { return template.append(for: self, to: out) }
        if let target = proxying.target { out.append(target.hostText) }
    }

    /// TLS towards a peer, if the target asks for it.
    func upstreamTLS(fd: Int32) -> TLSConnection? {
        guard let target = proxying.target, target.isTLS,
            let context = proxying.certificate ?? location.proxyPlan.tls
        else { return nil }
        let proxy = location.settings.proxy
        let scratch = worker.takeScratch()
        appendUpstreamName(to: scratch)
        let name = scratch.bytes
        worker.giveScratch(scratch)
        let host = Array(name.prefix(HostName.lengthWithoutPort(name.span)))
        return TLSConnection(
            client: context, fd: fd, serverName: proxy.sslServerName ? host : nil,
            verifyName: proxy.sslVerify ? host : nil,
            session: upstream?.sessionKey.flatMap { snapshot.groups.session(for: $0) },
            gathering: worker.records)
    }
}
