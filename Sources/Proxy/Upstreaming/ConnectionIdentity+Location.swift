internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

extension ConnectionIdentity {
    /// That of a location's connections.
    init(_ proxy: ProxySettings, _ target: ProxyTarget, tls description: String, location: String) {
        self.init()
        tls = description
        version = proxy.httpVersion
        isTargetMade = target.hasVariables
        isCertificateMade = proxy.hasMadeCertificate
        localAddress = proxy.bind.map(\.address.constant) ?? []
        isTransparent = proxy.bind?.isTransparent ?? false
        self.location = location
        guard !description.isEmpty else { return }
        name = proxy.sslName.map(\.constant) ?? (target.hasVariables ? nil : target.hostText)
    }
}

extension Exchange {
    /// What a connection to a server of the group is found by, if it may carry the request.
    func connectionKey(in group: PeerGroup) -> ConnectionKey {
        let made = location.proxyPlan.identity.made
        var key = location.proxyPlan.identity.key(isLocal: group.settings.keepalive.isLocal)
        if !made.isEmpty { add(made, to: &key) }
        if group.settings.proxyProtocol != nil { addClient(to: &key) }
        return key
    }

    /// What the PROXY header tells of the client, but for ports: a client has another one each time.
    private func addClient(to key: inout ConnectionKey) {
        remoteAddress.withAddressBytes { key.add($0) }
        client.localAddress.withAddressBytes { key.add($0) }
    }

    /// The PROXY header that begins a connection to a server of the group.
    func introduction(to group: PeerGroup) -> [UInt8] {
        guard let version = group.settings.proxyProtocol else { return [] }
        return ProxyProtocolHeader.bytes(version, from: remoteAddress.end, to: client.localAddress.end)
    }

    private func add(_ made: NumberedIdentity.Made, to key: inout ConnectionKey) {
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        if made.contains(.target) { scratch.append(proxying.target?.isTLS == true ? "s" : "p") }
        scratch.withReadable { key.add($0) }
        scratch.removeAll()
        if made.contains(.name) { appendUpstreamName(to: scratch) }
        scratch.withReadable { key.add($0) }
        scratch.removeAll()
        if made.contains(.localAddress) {
            location.settings.proxy.bind?.address.append(for: self, to: scratch)
        }
        scratch.withReadable { key.add($0) }
        scratch.removeAll()
        // Connections hold the context that they were made with: another one is never at its place.
        if let context = proxying.certificate {
            scratch.append(decimal: Int(bitPattern: ObjectIdentifier(context)))
        }
        scratch.withReadable { key.add($0) }
    }
}

extension SocketAddress {
    /// An end of a connection, as a PROXY header tells it; `nil`: it has no address of IP.
    fileprivate var end: ProxyProtocolHeader.End? {
        guard let port else { return nil }
        let bytes = withAddressBytes { span in span.indices.map { span[$0] } }
        return .bytes(bytes, port: port)
    }
}
