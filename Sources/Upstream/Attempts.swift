/// The attempts that one request may make at the peers of a group: what follows when one has failed.
///
/// It decides and does nothing: whoever asks closes connections, keeps the peer's account and connects.
/// The one place that knows when a request is sent once more.
public struct Attempts: Sendable {
    /// What the location says of it.
    public struct Terms: Sendable {
        /// `proxy_next_upstream`
        public var conditions: NextUpstream = [.error, .timeout]
        /// `proxy_next_upstream_tries`; 0: as many as there are peers.
        public var triesMax = 0
        /// `proxy_next_upstream_timeout`; 0: no limit.
        public var timeoutMs = 0

        /// nginx's defaults.
        public init() {}
    }

    /// How far the request had come at the peer.
    public enum Progress: CaseIterable, Sendable {
        /// No byte of it was sent.
        case unsent
        /// The peer's system has acknowledged none: the peer cannot have read any (RFC 9112 §9.3.1).
        case untaken
        /// The peer may have acted on it.
        case sent
        /// A byte of a response came.
        case answered
    }

    /// What the attempt was made over.
    public enum Carrier: CaseIterable, Sendable {
        case newConnection
        /// One that had served a request before: the peer may have given it up in the meantime.
        case pooledConnection
    }

    /// What it would mean to send the request once more.
    public enum Repetition: CaseIterable, Sendable {
        /// Its method is idempotent (RFC 9110 §9.2.2).
        case harmless
        /// It may be acted on twice, if it was acted on.
        case harmful
        /// A part of its content is gone.
        case impossible
    }

    /// An attempt, at its end.
    public struct Standing: Sendable {
        let progress: Progress
        let carrier: Carrier
        let repetition: Repetition

        /// An attempt that came so far.
        public init(_ progress: Progress, over carrier: Carrier, _ repetition: Repetition) {
            self.progress = progress
            self.carrier = carrier
            self.repetition = repetition
        }
    }

    /// What follows.
    public enum Decision: Equatable, Sendable {
        /// The peer was not really tried: once more, over another connection. The attempt does not count.
        case samePeer
        case nextPeer
        /// The client gets this status.
        case end(status: UInt16)
    }

    private let terms: Terms
    private let startedMs: Int64
    private var triesLeft = 0
    /// No peer has been tried yet.
    public private(set) var isFirst = true

    /// Of no request yet.
    public init() {
        terms = Terms()
        startedMs = 0
    }

    /// Of a request that goes to a group now.
    ///
    /// - Parameter peers: of the group that may be tried.
    public init(_ terms: Terms, peers: Int, nowMs: Int64) {
        self.terms = terms
        startedMs = nowMs
        settle(peers: peers)
    }

    /// Another group has taken the place of the one until now, before any of its peers was tried.
    public mutating func settle(peers: Int) {
        triesLeft = terms.triesMax > 0 ? min(terms.triesMax, peers) : peers
    }

    /// A peer was chosen.
    public mutating func began() { isFirst = false }

    // MARK: Decisions

    /// An attempt failed.
    ///
    /// - Returns: what follows, and what the peer's account is told.
    public mutating func failed(
        _ failure: AttemptFailure, _ standing: Standing, nowMs: Int64
    ) -> (decision: Decision, outcome: AttemptOutcome) {
        let isStale = standing.carrier == .pooledConnection && standing.progress != .answered
        let outcome = failure.outcome(isStale: isStale)
        if isStale, failure == .error, mayGoAgain(standing) { return (.samePeer, outcome) }
        triesLeft -= 1
        guard triesLeft > 0, mayGoOn(after: failure, standing, nowMs) else {
            return (.end(status: failure.answer), outcome)
        }
        return (.nextPeer, outcome)
    }

    /// Whether a response with this status is not passed on, and the next peer asked instead.
    public func rejects(status: UInt16, _ standing: @autoclosure () -> Standing, nowMs: Int64) -> Bool {
        guard let condition = NextUpstream(status: status), terms.conditions.contains(condition) else {
            return false
        }
        return rejects(.status(status), standing(), nowMs: nowMs)
    }

    /// Whether a response that counts as this failure is not passed on, and the next peer asked instead.
    public func rejects(
        _ failure: AttemptFailure, _ standing: @autoclosure () -> Standing, nowMs: Int64
    ) -> Bool {
        triesLeft > 1 && mayGoOn(after: failure, standing(), nowMs)
    }

    /// A connection that the peer had given up can be replaced by another: the request does no harm a second
    /// time, or cannot have been read.
    private func mayGoAgain(_ standing: Standing) -> Bool {
        switch (standing.repetition, standing.progress) {
        case (.impossible, _), (.harmful, .sent), (.harmful, .answered): false
        case (.harmless, _), (.harmful, .unsent), (.harmful, .untaken): true
        }
    }

    /// RFC 9110 §9.2.2: a request that may have been acted on is sent again only if its method is idempotent,
    /// or `non_idempotent` allows it.
    private func mayGoOn(after failure: AttemptFailure, _ standing: Standing, _ nowMs: Int64) -> Bool {
        var needed = failure.condition
        switch (standing.repetition, standing.progress) {
        case (.impossible, _): return false
        case (.harmful, .untaken), (.harmful, .sent), (.harmful, .answered): needed.insert(.nonIdempotent)
        case (.harmless, _), (.harmful, .unsent): break
        }
        guard !terms.conditions.contains(.off), terms.conditions.contains(needed) else { return false }
        return terms.timeoutMs == 0 || nowMs - startedMs < Int64(terms.timeoutMs)
    }
}
