internal import Config
internal import Core
internal import HTTP
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
        let identity = location.proxyPlan.identity
        var key = identity.key(isLocal: group.settings.keepalive.isLocal)
        if !identity.made.isEmpty { add(identity.made, to: &key) }
        return key
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
