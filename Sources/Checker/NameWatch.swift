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
        let made = DNSLookup(
            host: name.host, port: name.port, settings: resolver, nowMs: checker.clock.nowMs,
            tally: checker.tally(of: resolver))
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
            endLookup()
            repetition.succeeded()
            if !checker.found(addresses, of: name) {
                begin(afterMs: NameWatch.retryMs)
            } else if name.isFollowed {
                begin(afterMs: max(validMs ?? ttlSeconds * 1000, NameWatch.validMinMs))
            }
        case .failed(let reason)?: failed(reason)
        }
    }

    /// What was found before goes on to be used.
    private func failed(_ reason: String) {
        endLookup()
        repetition.failed(
            .warn, reason, "\(reason), while looking up a server of an upstream; it is tried again")
        begin(afterMs: NameWatch.retryMs)
    }

    /// Nobody wants the name any more.
    func end() {
        endLookup()
        repetition.end()
    }

    private func endLookup() {
        if let lookup, lookup.fd >= 0 { checker.loop.poller.remove(lookup.fd) }
        lookup?.cancel()
        lookup = nil
    }
}
