internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// All that must be equal, beside the address, for an open connection to a peer to carry another request:
/// what was verified or chosen for it when it was made.
///
/// A reload finds it again by its text; requests compare the text's number, and what variables make of the
/// rest. No PROXY header goes to peers: no connection belongs to one client.
struct ConnectionIdentity {
    /// TLS: trust, verification and its depth, revocations, our own certificate, versions, ciphers and
    /// commands, and whether the name is sent; empty: plain.
    var tls = ""
    /// `proxy_ssl_name`: what the certificate is for; `nil`: variables make it.
    var name: [UInt8]? = []
    /// `proxy_bind`; `nil`: variables make it.
    var localAddress: [UInt8]? = []
    /// `proxy_http_version`
    var version = UpstreamHTTPVersion.http11
    /// Variables make the URL: whether it is TLS, and for whom.
    var isTargetMade = false
    /// The location, for `keepalive … local`: unlike any other of the configuration.
    var location = ""

    /// That of connections that locations share.
    var shared: String {
        let words = [
            tls, name.map { "\($0)" } ?? "$", localAddress.map { "\($0)" } ?? "$", "\(version)",
            "\(isTargetMade)",
        ]
        return Digest.hex(Digest.sha256(Array(words.map { "\($0.utf8.count):\($0)" }.joined().utf8)))
    }

    /// That of connections of the location alone.
    var local: String { "\(shared) \(location)" }

    init(_ proxy: ProxySettings, _ target: ProxyTarget, tls description: String, location: String) {
        tls = description
        version = proxy.httpVersion
        isTargetMade = target.hasVariables
        localAddress = proxy.bind.map(\.constant) ?? []
        self.location = location
        guard !description.isEmpty else { return }
        name = proxy.sslName.map(\.constant) ?? (target.hasVariables ? nil : target.hostText)
    }

    init() {}
}

/// An identity by the numbers that a configuration gave its texts.
final class NumberedIdentity {
    /// For finding the numbers that another configuration has for them.
    let shared: (text: String, number: Int)
    let local: (text: String, number: Int)
    private let makesName: Bool
    private let makesLocalAddress: Bool
    private let makesTarget: Bool

    init(_ identity: ConnectionIdentity, number: (String) -> Int) {
        shared = (identity.shared, number(identity.shared))
        local = (identity.local, number(identity.local))
        makesName = identity.name == nil
        makesLocalAddress = identity.localAddress == nil
        makesTarget = identity.isTargetMade
    }

    /// What a connection for a request is found by.
    func key(of exchange: Exchange, isLocal: Bool) -> ConnectionKey {
        var key = ConnectionKey(settings: isLocal ? local.number : shared.number)
        guard makesName || makesLocalAddress || makesTarget else { return key }
        let proxy = exchange.location.settings.proxy
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        if makesTarget { scratch.append(exchange.proxying.target?.isTLS == true ? "s" : "p") }
        scratch.withReadable { key.add($0) }
        scratch.removeAll()
        if makesName { exchange.appendUpstreamName(to: scratch) }
        scratch.withReadable { key.add($0) }
        scratch.removeAll()
        if makesLocalAddress { proxy.bind?.append(for: exchange, to: scratch) }
        scratch.withReadable { key.add($0) }
        return key
    }

    /// What another configuration may have another number for.
    func text(isLocal: Bool) -> String { isLocal ? local.text : shared.text }
}
