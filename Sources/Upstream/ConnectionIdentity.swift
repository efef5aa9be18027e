internal import Net

/// The version of HTTP that peers are spoken to in: `proxy_http_version`.
public enum UpstreamHTTPVersion: Sendable { case http10, http11, http2 }

/// All that must be equal, beside the address, for an open connection to a peer to carry another request:
/// what was verified or chosen for it when it was made.
///
/// A reload finds it again by its text; requests compare the text's number, and what variables make of the
/// rest. Where a PROXY header goes to peers (`proxy_protocol`), a connection belongs to one client: what the
/// header told of it is in the key, and groups of before and after a reload must agree on the header.
public struct ConnectionIdentity {
    /// TLS: trust, verification and its depth, revocations, our own certificate, versions, ciphers and
    /// commands, and whether the name is sent; empty: plain.
    public var tls = ""
    /// `proxy_ssl_name`: what the certificate is for; `nil`: variables make it.
    public var name: [UInt8]? = []
    /// `proxy_bind`; `nil`: variables make it.
    public var localAddress: [UInt8]? = []
    /// `proxy_bind … transparent`
    public var isTransparent = false
    /// `proxy_ssl_certificate`: variables make it.
    public var isCertificateMade = false
    /// `proxy_http_version`
    public var version = UpstreamHTTPVersion.http11
    /// Variables make the URL: whether it is TLS, and for whom.
    public var isTargetMade = false
    /// The location, for `keepalive … local`: unlike any other of the configuration.
    public var location = ""

    /// That of plain connections without anything of their own.
    public init() {}

    /// That of connections that locations share.
    public var shared: String {
        let words = [
            tls, name.map { "\($0)" } ?? "$", localAddress.map { "\($0)" } ?? "$", "\(version)",
            "\(isTargetMade)", "\(isCertificateMade)",
            "\(isTransparent)",
        ]
        return Digest.hex(Digest.sha256(Array(words.map { "\($0.utf8.count):\($0)" }.joined().utf8)))
    }

    /// That of connections of the location alone.
    public var local: String { "\(shared) \(location)" }
}

/// An identity by the numbers that a configuration gave its texts.
public final class NumberedIdentity {
    /// What of it variables make, for each request anew.
    public struct Made: OptionSet, Sendable {
        /// A bit for each of them.
        public let rawValue: UInt8

        /// Those whose bits are set.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The name that the certificate is for.
        public static var name: Made { Made(rawValue: 1) }
        /// Where we call from.
        public static var localAddress: Made { Made(rawValue: 2) }
        /// Whether it is TLS.
        public static var target: Made { Made(rawValue: 4) }
        /// What the other end is shown of us.
        public static var certificate: Made { Made(rawValue: 8) }
    }

    /// For finding the numbers that another configuration has for them.
    private let shared: (text: String, number: Int)
    private let local: (text: String, number: Int)
    /// What each request makes anew; mostly nothing.
    public let made: Made

    /// - Parameter number: that of a text.
    public init(_ identity: ConnectionIdentity, number: (String) -> Int) {
        shared = (identity.shared, number(identity.shared))
        local = (identity.local, number(identity.local))
        var made = Made()
        if identity.name == nil { made.insert(.name) }
        if identity.localAddress == nil { made.insert(.localAddress) }
        if identity.isTargetMade { made.insert(.target) }
        if identity.isCertificateMade { made.insert(.certificate) }
        self.made = made
    }

    /// What a connection is found by; what is `made` is still to be added.
    public func key(isLocal: Bool) -> ConnectionKey {
        ConnectionKey(settings: isLocal ? local.number : shared.number)
    }

    /// What another configuration may have another number for.
    public func text(isLocal: Bool) -> String { isLocal ? local.text : shared.text }
}
