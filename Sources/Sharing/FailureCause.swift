public import Net

/// Why an attempt at a server failed last: what an operator wants to know before the log is found.
public enum FailureCause: Equatable, Sendable {
    case unknown
    /// Nobody listens there.
    case refused
    /// There is no way to it.
    case unreachable
    /// Its socket's file is not there, or not for us.
    case missing, forbidden
    /// It broke the connection off before its answer, or in the middle of it.
    case broken, cut
    case late
    case handshake
    /// Its certificate does not hold.
    case expired, revoked, otherName, unverified
    /// What came is no answer.
    case invalid
    /// It reset the request's stream, by this code of HTTP/2; `nil`: nobody knows it.
    case reset(UInt8?)
    case status(UInt16)

    private static let words: [(cause: FailureCause, text: String)] = [
        (.unknown, ""), (.refused, "connection refused"), (.unreachable, "unreachable"),
        (.broken, "it broke the connection off"), (.late, "no answer in time"),
        (.handshake, "TLS handshake failed"), (.expired, "its certificate has expired"),
        (.revoked, "its certificate is revoked"), (.otherName, "its certificate is for another name"),
        (.unverified, "its certificate could not be verified"), (.invalid, "what it sent is no answer"),
        (.cut, "its answer broke off in the middle"), (.missing, "its socket does not exist"),
        (.forbidden, "connecting to it is not permitted"),
    ]

    /// What codes of resets are told by, one number each; the last stands for all that nobody knows.
    private static var resets: Range<Int> { 64..<96 }

    /// connect(2) failed.
    public init(connecting errno: Errno) {
        switch errno {
        case .connectionRefused: self = .refused
        case .notFound: self = .missing
        case _ where errno.isPermission: self = .forbidden
        case .hostUnreachable, .networkUnreachable: self = .unreachable
        case .timedOut: self = .late
        default: self = .broken
        }
    }

    /// TLS failed.
    public init(_ failure: HandshakeFailure) {
        switch failure {
        case .unverified(.expired): self = .expired
        case .unverified(.revoked): self = .revoked
        case .unverified(.otherName): self = .otherName
        case .unverified(.other): self = .unverified
        case .noSharedProtocol, .noSharedCipher, .rejectedCertificate, .other: self = .handshake
        }
    }

    /// - Parameter number: as memory holds it.
    init(number: Int) {
        if number >= 100, let status = UInt16(exactly: number) {
            self = .status(status)
        } else if FailureCause.resets.contains(number) {
            let code = number - FailureCause.resets.lowerBound
            self = .reset(code < FailureCause.resets.count - 1 ? UInt8(truncatingIfNeeded: code) : nil)
        } else {
            self = FailureCause.words.indices.contains(number) ? FailureCause.words[number].cause : .unknown
        }
    }

    /// Below 1024.
    var number: Int {
        if case .status(let status) = self { return min(Int(status), 1023) }
        if case .reset(let code) = self {
            let (first, last) = (FailureCause.resets.lowerBound, FailureCause.resets.upperBound - 1)
            return code.map { min(first + Int($0), last) } ?? last
        }
        return FailureCause.words.firstIndex { $0.cause == self } ?? 0
    }

    /// In words; empty: nobody knows.
    public var text: String {
        if case .status(let status) = self { return "it answered \(status)" }
        if case .reset = self { return "it reset the stream" }
        return FailureCause.words[number].text
    }
}

extension Tally {
    /// An attempt has failed.
    public func noteFailure(_ cause: FailureCause, nowMs: Int64) {
        set(.failed, Int(nowMs) << 10 | cause.number)
    }
}

extension TallySum {
    /// When an attempt failed last, in milliseconds of the clock that never goes back, and why.
    public var lastFailure: (atMs: Int, cause: FailureCause) {
        (self[.failed] >> 10, FailureCause(number: self[.failed] & 1023))
    }
}
