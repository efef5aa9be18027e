/// Where the state of certificates is asked for: an `http://` address, RFC 6960 §A.
public struct OCSPResponder: Sendable, Equatable {
    /// As it is asked for, and sent as `Host`.
    public let host: String
    /// 80 unless it says otherwise.
    public let port: UInt16
    /// Begins with a slash.
    public let path: String

    /// - Returns: `nil` unless it is `http://host[:port][/path]`.
    public init?(url: String) {
        guard url.lowercased().hasPrefix("http://") else { return nil }
        let rest = url.dropFirst(7)
        let authority = rest.prefix { $0 != "/" }
        let path = String(rest.dropFirst(authority.count))
        guard !authority.contains("@"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        guard let place = try? HostAndPort(authority, defaultPort: 80) else { return nil }
        host = place.host
        port = place.port
        self.path = path.isEmpty ? "/" : path
    }
}

/// What became of asking for a certificate's state.
public enum OCSPAnswer: Equatable, Sendable {
    /// It holds, so far as its issuer knows; asked again after so many seconds, if it says so.
    case good(validSeconds: Int?)
    case revoked
    /// Nobody there knows it.
    case unknown
    /// Nothing can be concluded: what is wrong, in OpenSSL's words.
    case invalid(String)
}
