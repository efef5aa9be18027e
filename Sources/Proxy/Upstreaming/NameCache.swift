internal import Core
internal import Net
internal import Sharing
internal import Upstream

/// Addresses of the names that `proxy_pass` with variables came out as; a worker's own.
///
/// An answer holds as long as it says, or as `valid=` says; nginx's `resolver`. A name that is unknown is not
/// remembered. Whatever else fails keeps the addresses until now, and is tried again a second later.
final class NameCache {
    /// Names that are remembered; strangers may make up as many as they like.
    private static var namesMax: Int { 1024 }
    /// Lookups under way, each with a socket of its own.
    private static var lookupsMax: Int { 256 }

    private unowned let worker: Worker
    private var known: [NameQuestion: CachedName] = [:]
    /// The keys of `known`, for whose turn it is to give way.
    private var turns: [NameQuestion] = []
    private var nextTurn = 0
    private var lookupCount = 0
    private var failureLog = LogRation()

    init(worker: Worker) {
        self.worker = worker
    }

    /// What a request is told of a name.
    enum Answer {
        case known([SocketAddress])
        /// It is told later: `Exchange.nameSettled`.
        case waits
        /// Why there are none.
        case failed(String)
    }

    /// The addresses of a name, each without a port.
    func ask(_ question: NameQuestion, for exchange: Exchange) -> Answer {
        if let name = known[question] { return name.ask(for: exchange) }
        guard lookupCount < NameCache.lookupsMax else {
            return .failed("\(question.host) could not be resolved: too many names are being looked up")
        }
        let name = CachedName(question, worker)
        guard remember(name) else {
            return .failed("\(question.host) could not be resolved: too many names are in use")
        }
        return name.ask(for: exchange)
    }

    /// Puts a name where there is room, or in the place of one that nobody waits for.
    private func remember(_ name: CachedName) -> Bool {
        guard turns.count >= NameCache.namesMax else {
            turns.append(name.question)
            known[name.question] = name
            return true
        }
        for _ in turns.indices {
            let place = nextTurn
            nextTurn = (nextTurn + 1) % turns.count
            if let old = known[turns[place]], old.isAwaited { continue }
            known[turns[place]] = nil
            turns[place] = name.question
            known[name.question] = name
            return true
        }
        return false
    }

    func began() { lookupCount += 1 }

    func ended() { lookupCount -= 1 }

    /// That old addresses go on to be used, now and then.
    func reportFailure(_ reason: String) {
        guard failureLog.admit(nowMs: worker.clock.nowMs) != nil else { return }
        worker.configuration.errorLog.write(
            .warn, connection: nil, "\(reason): the addresses until now go on to be used")
    }
}

/// A name, and who is asked for it.
struct NameQuestion: Hashable {
    let host: String
    let source: NameSource
}

/// `resolver` and `resolver_timeout` of a location.
struct NameSource: Hashable, Sendable {
    private static var timeoutMsDefault: Int { 30_000 }

    /// `nil`: the system's, of /etc/resolv.conf and /etc/hosts.
    var resolver: ResolverLine?
    var timeoutMs: Int?

    var settings: ResolverSettings {
        var settings = resolver?.settings ?? .system()
        settings.timeoutMs = timeoutMs ?? NameSource.timeoutMsDefault
        return settings
    }
}

/// One name: its addresses, or the lookup that they come from and the requests that wait for it.
final class CachedName {
    /// How long an answer holds at least.
    private static var validMsMin: Int { 1000 }
    /// How long after a failure it is tried again.
    private static var retryMs: Int { 1000 }

    let question: NameQuestion
    private let worker: Worker
    private var addresses: [SocketAddress] = []
    private var validUntilMs = Int64.min
    /// The last lookup failed: nobody waits for the next one who can do with what is there.
    private var isStale = false
    private var waiters: [Exchange] = []
    private var running: Running?

    /// A lookup, and what the loop knows it by.
    private struct Running {
        let lookup: DNSLookup
        let token: Token
        let timer: TimerID
    }

    init(_ question: NameQuestion, _ worker: Worker) {
        self.question = question
        self.worker = worker
    }

    var isAwaited: Bool { running != nil }

    func ask(for exchange: Exchange) -> NameCache.Answer {
        let isValid = worker.clock.nowMs < validUntilMs
        if isValid, !addresses.isEmpty { return .known(addresses) }
        if running == nil, let failure = begin() { return .failed(failure) }
        if !addresses.isEmpty, isStale || running == nil { return .known(addresses) }
        waiters.append(exchange)
        exchange.nameWait = self
        return .waits
    }

    /// The exchange is over, however it came to that; the lookup goes on for the next one.
    func leave(_ exchange: Exchange) {
        waiters.removeAll { $0 === exchange }
        exchange.nameWait = nil
    }

    /// Begins a lookup; one that has its answer at once is over when this returns.
    ///
    /// - Returns: why there are no addresses; `nil`: there are, or it is under way.
    private func begin() -> String? {
        let settings = question.source.settings
        let lookup = DNSLookup(
            host: question.host, port: 0, settings: settings, nowMs: worker.clock.nowMs,
            tally: worker.shared.tally(of: settings))
        let token = worker.loop.enroll(.name(self))
        if lookup.fd >= 0 {
            do throws(Errno) {
                try worker.loop.poller.addControl(lookup.fd, token)
            } catch {
                worker.loop.dismiss(token)
                return "epoll_ctl() failed \(error.logText)"
            }
        }
        worker.names.began()
        running = Running(lookup: lookup, token: token, timer: worker.timers.create(token, kind: 0))
        return advance()
    }

    /// The lookup's socket is readable, or it is time for the next step.
    func ready() { _ = advance() }

    private func advance() -> String? {
        guard let running else { return nil }
        switch running.lookup.advance(nowMs: worker.clock.nowMs) {
        case nil:
            worker.timers.set(running.timer, deadlineMs: running.lookup.deadlineMs)
            return nil
        case .found(let found, let ttlSeconds)?:
            addresses = found
            isStale = false
            let validMs = question.source.resolver?.validMs ?? ttlSeconds * 1000
            return settle(nil, validMs: max(validMs, CachedName.validMsMin))
        case .failed(let reason)?:
            if running.lookup.ending == .noSuchName { addresses = [] }
            isStale = !addresses.isEmpty
            if isStale { worker.names.reportFailure(reason) }
            return settle(addresses.isEmpty ? reason : nil, validMs: CachedName.retryMs)
        }
    }

    /// Ends the lookup and tells those who wait.
    private func settle(_ failure: String?, validMs: Int) -> String? {
        endLookup()
        validUntilMs = worker.clock.nowMs + Int64(validMs)
        // One who is told may end others.
        while let waiter = waiters.popLast() {
            waiter.nameWait = nil
            waiter.nameSettled(failure.map { .failed($0) } ?? .known(addresses))
        }
        return failure
    }

    private func endLookup() {
        guard let running else { return }
        self.running = nil
        if running.lookup.fd >= 0 { worker.loop.poller.remove(running.lookup.fd) }
        running.lookup.cancel()
        worker.timers.destroy(running.timer)
        worker.loop.dismiss(running.token)
        worker.names.ended()
    }
}
