public import Net

/// A server block that has certificates.
struct CertifiedServer {
    /// Its exact names.
    let names: [String]
    let context: TLSServerContext
}

extension Configuration {
    /// The certificates of all servers, each once.
    public var certificates: [CertificateFacts] {
        var seen: Set<ObjectIdentifier> = []
        return certified.filter { seen.insert(ObjectIdentifier($0.context)).inserted }
            .flatMap { $0.context.certificates }
    }

    /// Certificates whose state is to be asked for, each once.
    package var stapleSubjects: [OCSPSubject] {
        var seen: Set<[UInt8]> = []
        return certified.flatMap { $0.context.stapleSubjects }.filter { seen.insert($0.fingerprint).inserted }
    }

    /// A name of a server that its certificates were for, and are not in `next`, whose servers are the same.
    public func nameLost(in next: Configuration) -> String? {
        for (old, new) in zip(certified, next.certified) where old.context !== new.context {
            if let lost = old.names.first(where: { old.context.covers($0) && !new.context.covers($0) }) {
                return lost
            }
        }
        return nil
    }
}
