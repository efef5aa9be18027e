public import Net

extension HandshakeFailure {
    /// Where it is counted.
    public var count: TallyTable.Count {
        switch self {
        case .noSharedProtocol: .noSharedProtocol
        case .noSharedCipher: .noSharedCipher
        case .rejectedCertificate: .rejectedCertificates
        case .unverified, .other: .handshakeFailures
        }
    }
}

extension CertificateFailure {
    /// Where it is counted.
    public var count: TallyTable.Count {
        switch self {
        case .expired: .expiredCertificates
        case .revoked: .revokedCertificates
        case .otherName: .otherNames
        case .other: .badCertificates
        }
    }
}
