internal import Net
internal import Proxy
internal import Sharing
internal import Upstream

/// One name being looked up again and again, or until it is found.
final class NameWatch {
    /// How long after a failure it is tried again.
    private static var retryMs: Int { 1000 }
    /// How long an answer holds at least, whatever it says.
    private static var validMinMs: Int { 1000 }

    let name: DynamicName
    private let resolver: ResolverSettings
    private let validMs: Int?
    private var repetition: Repetition
    private var lookup: DNSLookup?
    /// The hosts that SRV records name, being looked up one after the other.
    private var round: ServiceRound?

    init(_ checker: Checker, _ name: DynamicName, _ resolver: ResolverSettings, validMs: Int?, token: Token) {
        self.name = name
        self.resolver = resolver
        self.validMs = validMs
        repetition = Repetition(checker, token)
    }

    var token: Token { repetition.token }

    private var checker: Checker { repetition.checker }

    func begin(afterMs: Int) { repetition.begin(afterMs: afterMs) }

    func timedOut() {
        if lookup == nil { start() } else { advance() }
    }

    func ready() { advance() }

    private func start() {
        let (nowMs, tally) = (checker.clock.nowMs, checker.tally(of: resolver))
        round = nil
        if let service = name.serviceName {
            begin(DNSLookup(service: service, settings: resolver, nowMs: nowMs, tally: tally))
        } else {
            begin(
                DNSLookup(host: name.host, port: name.port, settings: resolver, nowMs: nowMs, tally: tally))
        }
    }

    private func begin(_ made: DNSLookup) {
        lookup = made
        if made.fd >= 0 {
            do throws(Errno) {
                try checker.loop.poller.addControl(made.fd, token)
            } catch {
                return failed("epoll_ctl() failed \(error.logText)")
            }
        }
        advance()
    }

    private func advance() {
        guard let lookup else { return }
        switch lookup.advance(nowMs: checker.clock.nowMs) {
        case nil: repetition.wait(untilMs: lookup.deadlineMs)
        case .found(let addresses, let ttlSeconds)?:
            let services = lookup.services
            endLookup()
            if round != nil {
                round?.found(addresses, ttlSeconds)
                goOn()
            } else if name.service != nil {
                round = ServiceRound(services, ttlSeconds)
                goOn()
            } else {
                settle(addresses.map { FoundServer($0) }, ttlSeconds)
            }
        case .failed(let reason)? where round != nil:
            endLookup()
            round?.failed(reason)
            goOn()
        case .failed(let reason)?:
            // It is said that there is no such name; whatever else fails says nothing of its addresses.
            if name.isFollowed, lookup.ending == .noSuchName { _ = checker.found([], of: name) }
            failed(reason)
        }
    }

    /// The next host of the service, or the end.
    private func goOn() {
        if let next = round?.next {
            return begin(
                DNSLookup(
                    host: next.target.text, port: next.port, settings: resolver, nowMs: checker.clock.nowMs,
                    tally: checker.tally(of: resolver)))
        }
        guard let ended = round.take() else { return }
        guard !ended.servers.isEmpty else {
            return failed(ended.reason ?? "\(name.text) is offered by no host")
        }
        settle(ended.servers, ended.ttlSeconds)
    }

    private func settle(_ servers: [FoundServer], _ ttlSeconds: Int) {
        repetition.succeeded()
        if !checker.found(servers, of: name) {
            begin(afterMs: NameWatch.retryMs)
        } else if name.isFollowed {
            begin(afterMs: max(validMs ?? ttlSeconds * 1000, NameWatch.validMinMs))
        }
    }

    /// What was found before goes on to be used, unless it was taken away.
    private func failed(_ reason: String) {
        endLookup()
        repetition.failed(
            .warn, reason, "\(reason), while looking up a server of an upstream; it is tried again")
        begin(afterMs: NameWatch.retryMs)
    }

    /// Nobody wants the name any more.
    func end() {
        endLookup()
        round = nil
        repetition.end()
    }

    private func endLookup() {
        if let lookup, lookup.fd >= 0 { checker.loop.poller.remove(lookup.fd) }
        lookup?.cancel()
        lookup = nil
    }
}
