import Net
import Testing

@testable import Upstream

/// What follows an attempt that failed: every failure, however far the request had come, over either
/// kind of connection, whatever it would mean to send it once more.
@Suite("Attempts") struct AttemptsTests {
    typealias Standing = Attempts.Standing

    static let shortage = AttemptFailure.shortage(.tooManyFiles)
    static let statuses: [UInt16] = [403, 404, 429, 500, 502, 503, 504]
    static let failures: [AttemptFailure] =
        [.error, .timeout, .invalidHeader, shortage, .shortage(.invalidArgument)]
        + statuses.map { .status($0) }

    static let standings: [Standing] = Attempts.Progress.allCases.flatMap { progress in
        Attempts.Carrier.allCases.flatMap { carrier in
            Attempts.Repetition.allCases.map { Standing(progress, over: carrier, $0) }
        }
    }

    static let all: NextUpstream = [
        .error, .timeout, .invalidHeader, .http403, .http404, .http429, .http500, .http502, .http503,
        .http504,
    ]

    static func attempts(_ conditions: NextUpstream, peers: Int = 3, timeoutMs: Int = 0) -> Attempts {
        var terms = Attempts.Terms()
        terms.conditions = conditions
        terms.timeoutMs = timeoutMs
        return Attempts(terms, peers: peers, nowMs: 1000)
    }

    static func decision(
        _ conditions: NextUpstream, _ failure: AttemptFailure, _ standing: Standing, peers: Int = 3
    ) -> Attempts.Decision {
        var attempts = attempts(conditions, peers: peers)
        return attempts.failed(failure, standing, nowMs: 1000).decision
    }

    // MARK: Every pair

    /// For connections that broke: a column for each of `harmless`, `harmful`, `impossible`; `=` the same
    /// peer, `>` the next one, `.` the end, `n` the next one if `non_idempotent` is named.
    static let broken: [(Attempts.Progress, Attempts.Carrier, String)] = [
        (.unsent, .newConnection, ">>."),
        (.untaken, .newConnection, ">n."),
        (.sent, .newConnection, ">n."),
        (.answered, .newConnection, ">n."),
        (.unsent, .pooledConnection, "==."),
        (.untaken, .pooledConnection, "==."),
        (.sent, .pooledConnection, "=n."),
        (.answered, .pooledConnection, ">n."),
    ]

    /// For everything else the connection makes no difference.
    static let other: [(Attempts.Progress, String)] = [
        (.unsent, ">>."), (.untaken, ">n."), (.sent, ">n."), (.answered, ">n."),
    ]

    static func expect(_ column: Character, _ failure: AttemptFailure, _ standing: Standing) {
        let (plain, brave) = (
            decision(all, failure, standing), decision(all.union(.nonIdempotent), failure, standing)
        )
        let end = Attempts.Decision.end(status: failure.answer)
        switch column {
        case "=": #expect(plain == .samePeer && brave == .samePeer, "\(failure) \(standing)")
        case ">": #expect(plain == .nextPeer && brave == .nextPeer, "\(failure) \(standing)")
        case "n": #expect(plain == end && brave == .nextPeer, "\(failure) \(standing)")
        default: #expect(plain == end && brave == end, "\(failure) \(standing)")
        }
    }

    @Test("a connection that broke", arguments: broken.indices)
    func brokenConnection(_ row: Int) {
        let (progress, carrier, columns) = Self.broken[row]
        for (repetition, column) in zip(Attempts.Repetition.allCases, columns) {
            Self.expect(column, .error, Standing(progress, over: carrier, repetition))
        }
    }

    @Test("any other failure", arguments: failures.filter { $0 != .error })
    func otherFailures(_ failure: AttemptFailure) {
        for (progress, columns) in Self.other {
            for carrier in Attempts.Carrier.allCases {
                for (repetition, column) in zip(Attempts.Repetition.allCases, columns) {
                    Self.expect(column, failure, Standing(progress, over: carrier, repetition))
                }
            }
        }
    }

    @Test("a failure that proxy_next_upstream does not name is the end", arguments: failures)
    func unnamed(_ failure: AttemptFailure) {
        for standing in Self.standings {
            for conditions in [Self.all.subtracting(failure.condition), [], .off, Self.all.union(.off)] {
                let decision = Self.decision(conditions, failure, standing)
                // A connection that had gone stale was no attempt.
                if decision == .samePeer {
                    #expect(failure == .error && standing.carrier == .pooledConnection)
                } else {
                    #expect(decision == .end(status: failure.answer), "\(standing) \(conditions)")
                }
            }
        }
    }

    // MARK: Bounds

    @Test("no more peers are tried than there are, or than is said", arguments: [0, 1, 2, 5], [0, 1, 3, 9])
    func tries(peers: Int, said: Int) {
        var terms = Attempts.Terms()
        terms.triesMax = said
        var attempts = Attempts(terms, peers: peers, nowMs: 0)
        let standing = Standing(.unsent, over: .newConnection, .harmless)
        var tried = 1
        while attempts.failed(.error, standing, nowMs: 0).decision == .nextPeer { tried += 1 }
        #expect(tried == max(1, said > 0 ? min(said, peers) : peers))
    }

    @Test("what is tried again at the same peer counts as one")
    func samePeerIsNoTry() {
        var attempts = Self.attempts(Self.all, peers: 2)
        let stale = Standing(.sent, over: .pooledConnection, .harmless)
        for _ in 0..<100 { #expect(attempts.failed(.error, stale, nowMs: 1000).decision == .samePeer) }
        let fresh = Standing(.sent, over: .newConnection, .harmless)
        #expect(attempts.failed(.error, fresh, nowMs: 1000).decision == .nextPeer)
        #expect(attempts.failed(.error, fresh, nowMs: 1000).decision == .end(status: 502))
    }

    @Test("once proxy_next_upstream_timeout has passed, no further peer is asked")
    func timeout() {
        let standing = Standing(.unsent, over: .newConnection, .harmless)
        for (nowMs, isOver) in [(1000, false), (1499, false), (1500, true), (9000, true)] as [(Int64, Bool)] {
            var attempts = Self.attempts(Self.all, timeoutMs: 500)
            #expect(attempts.rejects(status: 503, standing, nowMs: nowMs) == !isOver)
            let decision = attempts.failed(.timeout, standing, nowMs: nowMs).decision
            #expect(decision == (isOver ? .end(status: 504) : .nextPeer), "\(nowMs)")
        }
    }

    @Test("a group that changed before its first peer was asked is counted anew")
    func settles() {
        var attempts = Self.attempts(Self.all, peers: 1)
        #expect(attempts.isFirst)
        attempts.settle(peers: 2)
        attempts.began()
        #expect(!attempts.isFirst)
        let standing = Standing(.unsent, over: .newConnection, .harmless)
        #expect(attempts.failed(.error, standing, nowMs: 0).decision == .nextPeer)
        #expect(attempts.failed(.error, standing, nowMs: 0).decision == .end(status: 502))
    }

    // MARK: Responses

    @Test(
        "a response is passed on unless the next peer will be asked",
        arguments: 100...599 as ClosedRange<UInt16>)
    func rejects(status: UInt16) {
        for conditions in [Self.all, Self.all.union(.nonIdempotent), [], .off, Self.all.union(.off)] {
            for peers in 1...2 {
                for standing in Self.standings {
                    var attempts = Self.attempts(conditions, peers: peers)
                    let isRejected = attempts.rejects(status: status, standing, nowMs: 1000)
                    let decision = attempts.failed(.status(status), standing, nowMs: 1000).decision
                    #expect(isRejected == (decision == .nextPeer), "\(conditions) \(peers) \(standing)")
                    if isRejected { #expect(Self.statuses.contains(status)) }
                }
            }
        }
    }

    @Test("a call that is answered with UNAVAILABLE goes on where that is named")
    func unavailable() {
        let named: NextUpstream = [.grpcUnavailable, .nonIdempotent]
        let standing = Standing(.answered, over: .newConnection, .harmful)
        func rejects(_ conditions: NextUpstream, peers: Int) -> Bool {
            Self.attempts(conditions, peers: peers).rejects(.unavailable, standing, nowMs: 0)
        }
        #expect(rejects(named, peers: 2))
        #expect(!rejects(named, peers: 1) && !rejects(.grpcUnavailable, peers: 2))
        #expect(!rejects([.http503, .nonIdempotent], peers: 2))
    }

    // MARK: What the client and the account are told

    @Test("a failure that is the end has an answer")
    func answers() {
        let answers = Self.failures.map(\.answer)
        #expect(answers == [502, 504, 502, 500, 502] + Self.statuses)
    }

    @Test("a stale connection, a shortage here, 403 and 404 say nothing of the peer", arguments: failures)
    func outcomes(_ failure: AttemptFailure) {
        for standing in Self.standings {
            var attempts = Self.attempts(Self.all)
            let outcome = attempts.failed(failure, standing, nowMs: 1000).outcome
            switch failure {
            case .error:
                let isStale = standing.carrier == .pooledConnection && standing.progress != .answered
                #expect(outcome == (isStale ? .neutral : .failure), "\(standing)")
            case .timeout, .invalidHeader, .unavailable: #expect(outcome == .failure)
            case .shortage, .status(403), .status(404): #expect(outcome == .neutral)
            case .status: #expect(outcome == .failure)
            }
        }
    }

    @Test("what this machine lacks is not the peer's fault")
    func errnos() {
        for errno in [Errno.connectionRefused, .connectionReset, .timedOut, .notFound, .brokenPipe] {
            #expect(AttemptFailure(errno) == .error)
        }
        for errno in [Errno.tooManyFiles, .outOfMemory, .diskFull] {
            #expect(AttemptFailure(errno) == .shortage(errno))
        }
    }

    @Test("three requests may always be tried again, and a part of all that there are")
    func budget() {
        var budget = RetryBudget()
        for _ in 0..<100 { budget.requestBegan() }
        for percent in [0, 1, 2, 3, 4, 20, 100] {
            var budget = budget
            var count = 0
            while count < 100, budget.allows(percent: percent) {
                budget.retryBegan()
                count += 1
            }
            #expect(count == max(3, percent), "\(percent) %")
            #expect(budget.allows(percent: nil))
            budget.retryEnded()
            #expect(budget.allows(percent: percent))
            for _ in 0..<100 { budget.requestEnded() }
            #expect(budget.allows(percent: percent) == (budget.retries < 3))
        }
    }
}
