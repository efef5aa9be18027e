internal import Config
internal import Core
internal import Net
internal import Sharing

/// `limit_req`: requests of a key that come faster than its rate wait, or are refused.
///
/// A request is judged once, wherever internal redirects lead it.
enum LimitRequests {
    static func check(_ exchange: Exchange) -> Outcome {
        let limits = exchange.location.settings.limitRequests.limits.elements
        guard !limits.isEmpty, exchange.limiting.requests == .unlimited else { return .declined }
        return judge(exchange, limits)
    }

    /// What the buckets say that a request was added to: the one that asks for the longest wait decides.
    private struct Verdict {
        private(set) var slowest: RequestZone?
        private(set) var excess = 0
        private(set) var delayMs = 0
        /// Some zone counts the request.
        var isCounted = false

        mutating func add(_ limit: RequestLimit, _ line: RequestZoneLine, excess: Int) {
            let delay = LeakyBucket.delayMs(excess: excess, free: limit.free, rate: line.rate)
            guard delay > delayMs else { return line.buckets.count(.passed) }
            slowest?.line?.buckets.count(.passed)
            (slowest, self.excess, delayMs) = (limit.zone, excess, delay)
        }
    }

    private static func judge(_ exchange: Exchange, _ limits: [RequestLimit]) -> Outcome {
        let key = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(key) }
        var verdict = Verdict()
        for index in limits.indices {
            let limit = limits[index]
            guard let line = limit.zone.line,
                LimitKey.take(line.key, byteMax: RequestBuckets.keyMax, into: key, exchange)
            else { continue }
            // The last one adds the request; the others wait for what those behind them say.
            let isLast = index == limits.count - 1
            switch look(key, limit, line, exchange, adds: isLast) {
            case .within(let excess):
                verdict.isCounted = true
                if isLast { add(limit, line, excess, to: &verdict, exchange) }
            case .beyond(let excess):
                return refuse(exchange, limit, excess)
            case .noRoom:
                exchange.log(.alert, "could not allocate node in limit_req zone \"\(limit.zone.name)\"")
                return refuse(exchange, limit, nil)
            case .unavailable:
                LimitKey.noteUnavailable(limit.zone.name, exchange)
            }
        }
        guard verdict.isCounted else { return .declined }
        if limits.count > 1 { add(to: limits, key, &verdict, exchange) }
        return admit(exchange, verdict)
    }

    /// All zones let the request in: those that waited for the last one to say so count it as well.
    private static func add(
        to limits: [RequestLimit], _ key: ByteBuffer, _ verdict: inout Verdict, _ exchange: Exchange
    ) {
        for limit in limits.dropLast().reversed() {
            guard let line = limit.zone.line else { continue }
            // Whether it is too long was said when it was looked for.
            key.removeAll()
            line.key.append(for: exchange, to: key)
            guard !key.isEmpty, key.count <= RequestBuckets.keyMax else { continue }
            let nowMs = Int(exchange.worker.clock.nowMs)
            let found = key.withReadable { line.buckets.add($0, rate: line.rate, nowMs: nowMs) }
            if let found { add(limit, line, found, to: &verdict, exchange) }
        }
    }

    private static func look(
        _ key: ByteBuffer, _ limit: RequestLimit, _ line: RequestZoneLine, _ exchange: Exchange, adds: Bool
    ) -> RequestBuckets.Look {
        let bound = RequestBuckets.Limit(rate: line.rate, burst: limit.burst)
        let nowMs = Int(exchange.worker.clock.nowMs)
        return key.withReadable { line.buckets.look($0, bound, nowMs: nowMs, adds: adds) }
    }

    private static func add(
        _ limit: RequestLimit, _ line: RequestZoneLine, _ excess: Int, to verdict: inout Verdict,
        _ exchange: Exchange
    ) {
        verdict.add(limit, line, excess: excess)
        LimitFields.note(limit, line, excess: excess, exchange)
    }

    // MARK: Outcomes

    private static func admit(_ exchange: Exchange, _ verdict: Verdict) -> Outcome {
        guard let zone = verdict.slowest else {
            exchange.limiting.requests = .passed
            return .declined
        }
        let settings = exchange.location.settings.limitRequests
        exchange.log(
            settings.logLevel.lessGrave,
            "delaying request\(settings.isDryRun ? ", dry run" : ""), excess:"
                + " \(thousandths(verdict.excess)), by zone \"\(zone.name)\"")
        zone.line?.buckets.count(settings.isDryRun ? .delayedDryRun : .delayed)
        guard !settings.isDryRun else {
            exchange.limiting.requests = .delayedDryRun
            return .declined
        }
        exchange.limiting.requests = .delayed
        exchange.limiting.isDelayed = true
        exchange.worker.shared.requests.add(.waiting)
        return exchange.wait(ms: verdict.delayMs, then: .goOn)
    }

    /// - Parameter excess: of a bucket that is too full; `nil`: there was no room for one.
    private static func refuse(_ exchange: Exchange, _ limit: RequestLimit, _ excess: Int?) -> Outcome {
        let settings = exchange.location.settings.limitRequests
        if let excess {
            exchange.log(
                settings.logLevel,
                "limiting requests\(settings.isDryRun ? ", dry run" : ""), excess: \(thousandths(excess))"
                    + " by zone \"\(limit.zone.name)\"")
        }
        limit.zone.line?.buckets.count(settings.isDryRun ? .rejectedDryRun : .rejected)
        guard !settings.isDryRun else {
            exchange.limiting.requests = .rejectedDryRun
            return .declined
        }
        exchange.limiting.requests = .rejected
        exchange.tellOfLimit("limit_req", limit.zone.name)
        exchange.accounting.fault = .limited
        LimitFields.noteRefusal(limit, excess: excess, exchange)
        return .status(UInt16(clamping: settings.status))
    }

    /// Its delay has passed, or it has ended before that.
    static func delayEnded(_ exchange: Exchange) {
        guard exchange.limiting.isDelayed else { return }
        exchange.limiting.isDelayed = false
        exchange.worker.shared.requests.add(.waiting, -1)
    }

    /// `12.034`
    private static func thousandths(_ number: Int) -> String {
        let rest = String(number % 1000)
        return "\(number / 1000)." + String(repeating: "0", count: max(0, 3 - rest.utf8.count)) + rest
    }
}
