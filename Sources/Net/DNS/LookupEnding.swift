/// What a lookup ended with: an RCODE of RFC 1035 §4.1.1, no answer in time, or anything else.
public enum LookupEnding: Int, CaseIterable, Sendable {
    case noError, formatError, serverFailure, noSuchName, notImplemented, refused, timedOut, unknown

    /// - Parameter code: an RCODE, or the number of the system's error.
    public init(code: Int) {
        switch code {
        case DNSQuestion.formatError: self = .formatError
        case DNSQuestion.serverFailure: self = .serverFailure
        case DNSQuestion.hostNotFound: self = .noSuchName
        case DNSQuestion.notImplemented: self = .notImplemented
        case DNSQuestion.refused: self = .refused
        case Int(Errno.timedOut.code): self = .timedOut
        default: self = .unknown
        }
    }
}

/// Where it is counted what lookups come to.
public protocol LookupTally {
    /// A server is asked for a name, or for records of a service.
    func began(isService: Bool)
    /// That is over.
    func ended(_ ending: LookupEnding)
}
