internal import Net
internal import Proxy

/// One certificate whose state is asked for again and again, so that workers can staple the answer.
final class StapleWatch {
    private static var timeoutMs: Int { 10_000 }
    /// After a failure it is tried again, first soon and then ever later.
    private static var retryMs: (first: Int, last: Int) { (1000, 300_000) }
    /// How long an answer is used that does not say how long it holds.
    private static var validSeconds: Int { 3600 }

    private let subject: OCSPSubject
    private let resolver: ResolverSettings
    private var repetition: Repetition
    private var fetch: OCSPFetch?
    private var retryMs = StapleWatch.retryMs.first

    init(_ checker: Checker, _ subject: OCSPSubject, _ resolver: ResolverSettings, token: Token) {
        self.subject = subject
        self.resolver = resolver
        repetition = Repetition(checker, token)
    }

    private var checker: Checker { repetition.checker }

    func begin(afterMs: Int) { repetition.begin(afterMs: afterMs) }

    func timedOut() {
        let nowMs = checker.clock.nowMs
        if let fetch { return settle(fetch.advance(nil, nowMs: nowMs)) }
        let means = OCSPFetch.Means(
            resolver: resolver, tally: checker.tally(of: resolver), poller: checker.loop.poller,
            token: repetition.token)
        let made = OCSPFetch(subject, by: means, nowMs: nowMs, timeoutMs: StapleWatch.timeoutMs)
        fetch = made
        settle(made.start(nowMs: nowMs))
    }

    func ready(_ event: ReadyEvent) {
        if let fetch { settle(fetch.advance(event, nowMs: checker.clock.nowMs)) }
    }

    private func settle(_ outcome: OCSPFetch.Outcome) {
        switch outcome {
        case .pending:
            if let fetch { repetition.wait(untilMs: fetch.deadlineMs) }
        case .failed(let reason): failed(reason)
        case .answered(let bytes):
            switch subject.judge(bytes) {
            case .good(let seconds): keep(bytes, validSeconds: seconds ?? StapleWatch.validSeconds)
            case .revoked: failed("certificate status \"revoked\" in the OCSP response")
            case .unknown: failed("certificate status \"unknown\" in the OCSP response")
            case .invalid(let reason): failed(reason)
            }
        }
    }

    private func keep(_ bytes: [UInt8], validSeconds: Int) {
        fetch = nil
        repetition.succeeded()
        retryMs = StapleWatch.retryMs.first
        let until = checker.clock.wallMs / 1000 + Int64(validSeconds)
        guard checker.publish(staple: bytes, validUntil: until, for: subject) else {
            return failed("no room for the OCSP response of \(bytes.count) bytes")
        }
        // As nginx: five minutes before it ends, at the latest in an hour, at the soonest in five minutes.
        begin(afterMs: max(300, min(validSeconds - 300, 3600)) * 1000)
    }

    /// What was found before is used as long as it holds.
    private func failed(_ reason: String) {
        fetch = nil
        repetition.failed(
            .error, reason,
            "\(reason) while requesting certificate status, responder: \(subject.responder.host),"
                + " certificate: \"\(subject.name)\"")
        begin(afterMs: retryMs)
        retryMs = min(retryMs * 2, StapleWatch.retryMs.last)
    }
}
