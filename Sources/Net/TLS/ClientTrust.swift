/// What the certificates of clients are judged by, in short.
///
/// What was found under one set of rules says nothing under another: a session is resumed, a responder's
/// answer is believed, and an open connection's certificate counts only where the rules are equal.
public struct ClientTrust: Equatable, Sendable {
    let digest: [UInt8]

    init(_ settings: TLSServerSettings) {
        var words = ["\(settings.clientVerification)", "\(settings.verifyDepth)"]
        for file in [settings.clientAuthorities, settings.trustedCertificates, settings.revocations] {
            words.append(file.map { Digest.hex(Digest.sha256($0.pem)) } ?? "-")
        }
        words.append(settings.clientStatus?.identity ?? "-")
        // They may say anything, also whom to trust.
        words += settings.confCommands.map { "\($0.name)=\($0.value)" }
        digest = Digest.sha256(Array(words.map { "\($0.utf8.count):\($0)" }.joined().utf8))
    }
}

extension TLSServerSettings {
    /// What certificates of clients are judged by.
    public var clientTrust: ClientTrust { ClientTrust(self) }
}

extension TLSConnection {
    /// What the client's certificate was judged by; `nil` towards peers.
    public var clientTrust: ClientTrust? { serverContext?.clientTrust }
}
