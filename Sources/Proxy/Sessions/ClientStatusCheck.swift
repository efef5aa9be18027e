internal import Net
internal import Sharing

/// The certificates of one client being asked for, one after the other, before its first request is read.
final class ClientStatusCheck {
    private unowned let opening: ClientOpening
    private let worker: Worker
    private var subjects: ArraySlice<OCSPSubject>
    private let token: Token
    private let timer: TimerID
    private var fetch: OCSPFetch?
    /// Where answers are found and kept; `nil`: they are not.
    private let trust: ClientTrust?

    init(_ opening: ClientOpening, _ subjects: [OCSPSubject], token: Token) {
        self.opening = opening
        self.subjects = subjects[...]
        self.token = token
        worker = opening.worker
        trust = opening.transport.tls.flatMap { $0.remembersStatus ? $0.clientTrust : nil }
        timer = worker.timers.create(token, kind: 0)
    }

    /// Asks for the next one, or says that all of them hold.
    func start() {
        guard let subject = subjects.first else { return settle(nil) }
        if let trust,
            let known = worker.clientStatuses.verdict(of: subject.identity(under: trust), worker.clock)
        {
            return take(known)
        }
        let resolver = worker.snapshot.configuration.resolver ?? .system()
        let means = OCSPFetch.Means(
            resolver: resolver, tally: worker.shared.tally(of: resolver), poller: worker.loop.poller,
            token: token)
        // The handshake's own time-out ends it earlier.
        let made = OCSPFetch(subject, by: means, nowMs: worker.clock.nowMs, timeoutMs: 60_000)
        fetch = made
        go(on: made.start(nowMs: worker.clock.nowMs))
    }

    func ready(_ event: ReadyEvent) {
        if let fetch { go(on: fetch.advance(event, nowMs: worker.clock.nowMs)) }
    }

    func timedOut() {
        if let fetch { go(on: fetch.advance(nil, nowMs: worker.clock.nowMs)) }
    }

    private func go(on outcome: OCSPFetch.Outcome) {
        switch outcome {
        case .pending: if let fetch { worker.timers.set(timer, deadlineMs: fetch.deadlineMs) }
        case .failed(let reason): complain(reason)
        case .answered(let bytes):
            guard let subject = subjects.first else { return }
            let answer = subject.judge(bytes)
            if let trust {
                worker.clientStatuses.keep(answer, of: subject.identity(under: trust), worker.clock)
            }
            take(answer)
        }
    }

    private func take(_ answer: OCSPAnswer) {
        fetch = nil
        switch answer {
        case .good:
            subjects.removeFirst()
            start()
        case .revoked: settle("certificate revoked")
        case .unknown: complain("certificate status \"unknown\" in the OCSP response")
        case .invalid(let reason): complain(reason)
        }
    }

    private func complain(_ reason: String) {
        let host = subjects.first?.responder.host ?? ""
        worker.log(
            .error, opening.connection, "\(reason) while requesting certificate status, responder: \(host)")
        settle("certificate status request failed")
    }

    private func settle(_ complaint: String?) {
        end()
        opening.statusSettled(complaint)
    }

    /// The client is gone, or all is known.
    func end() {
        fetch?.end()
        fetch = nil
        worker.timers.destroy(timer)
        worker.loop.dismiss(token)
    }
}

/// `ssl_ocsp_cache`: what responders said of clients' certificates; a worker's own. An answer is found by
/// `OCSPSubject.identity`.
struct ClientStatuses {
    private static var entriesMax: Int { 4096 }
    /// How long an answer is believed that does not say how long it holds.
    private static var validSeconds: Int { 3600 }

    private var entries: [[UInt8]: (answer: OCSPAnswer, untilMs: Int64)] = [:]

    func verdict(of identity: [UInt8], _ clock: Clock) -> OCSPAnswer? {
        guard let entry = entries[identity], entry.untilMs > clock.nowMs else { return nil }
        return entry.answer
    }

    mutating func keep(_ answer: OCSPAnswer, of identity: [UInt8], _ clock: Clock) {
        let seconds: Int
        switch answer {
        case .good(let valid): seconds = valid ?? ClientStatuses.validSeconds
        case .revoked: seconds = ClientStatuses.validSeconds
        case .unknown, .invalid: return
        }
        if entries.count >= ClientStatuses.entriesMax { entries.removeAll() }
        entries[identity] = (answer, clock.nowMs + Int64(seconds) * 1000)
    }
}
