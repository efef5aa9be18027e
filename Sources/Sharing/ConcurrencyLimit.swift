/// How many requests a server can work on at once, found by what they take: `max_conns=auto`.
///
/// Beyond what a server can do at once its requests wait for each other, and the time to an answer grows with
/// their number. So the limit follows the gradient between the time that an answer takes without waiting and
/// the time that it takes now (as TCP Vegas and its kin do):
///
///     limit = limit * min(1, tolerance * base / now) + queue
///
/// The base is looked for anew every ten seconds of load: for an instant only half as many requests are let
/// through, which costs less than a hundredth of the throughput. A limit that halves again and again without
/// any answer coming sooner was not what made them late: then the base is another one.
///
/// Pure: who counts, when, and where the numbers stand is `PeerState`'s matter.
public struct ConcurrencyLimit: Equatable, Sendable {
    /// What happened between two looks.
    public struct Window: Sendable {
        /// Mean time to an answer in microseconds, of requests that began within it.
        let meanUs: Int
        /// Most requests at once.
        let requestsMax: Int
        let endMs: Int64

        /// What was counted until `endMs`.
        public init(meanUs: Int, requestsMax: Int, endMs: Int64) {
            self.meanUs = max(1, meanUs)
            self.requestsMax = requestsMax
            self.endMs = endMs
        }
    }

    enum Phase: Int {
        /// It has never been too high: it may double.
        case beginning
        case steady
        /// Half of it is allowed, to see the base.
        case probing
    }

    /// What has been found, in 1024ths.
    var estimate: Int
    var phase = Phase.beginning
    /// Time to an answer where requests do not wait for each other; 0: not known yet.
    var baseUs = 0
    /// Since when.
    var baseSinceMs: Int64 = 0
    /// The mean of the window before.
    var formerUs = 0
    /// Where the limit stood, and how long an answer took, when it began to halve; 0: it does not.
    var fallingFrom = 0
    var fallingFromUs = 0

    /// A limit of which nothing is known: it begins at the floor.
    public init(floor: Int) { estimate = floor << 10 }

    private static var baseAgeMsMax: Int64 { 10_000 }

    /// Requests that may be with the server now.
    public func allowed(_ bounds: ClosedRange<Int>) -> Int {
        let part = phase == .probing ? estimate / 2 : estimate
        return min(max(part >> 10, bounds.lowerBound), bounds.upperBound)
    }

    /// How long the next window lasts: twice as long as an answer takes, so that most requests in it began in
    /// it, and before it as long as those of the former limit are still about.
    public var nextWindow: (waitMs: Int64, lengthMs: Int64) {
        let answerMs = Int64(min(max(formerUs, baseUs) / 1000, 500))
        return phase == .probing ? (answerMs * 2, max(50, answerMs)) : (0, max(100, answerMs * 2))
    }

    /// A window is over.
    public mutating func follow(_ window: Window, _ bounds: ClosedRange<Int>) {
        defer { formerUs = window.meanUs }
        if baseUs == 0 || phase == .probing { setBase(window.meanUs, window.endMs) }
        if phase == .probing { return phase = .steady }
        if window.meanUs < baseUs { setBase(baseUs - (baseUs - window.meanUs + 3) / 4, window.endMs) }
        let isBaseOld = window.endMs - baseSinceMs >= ConcurrencyLimit.baseAgeMsMax
        // With so few requests none waits for another, and nothing is found out about the limit.
        guard window.requestsMax * 2 >= allowed(bounds) else {
            if isBaseOld { setBase(window.meanUs, window.endMs) }
            return
        }
        adjust(window, bounds)
        guard isBaseOld, phase == .steady else { return }
        // There are never fewer than at the floor.
        if estimate >> 10 <= bounds.lowerBound {
            setBase(window.meanUs, window.endMs)
        } else {
            phase = .probing
        }
    }

    private mutating func setBase(_ us: Int, _ nowMs: Int64) {
        baseUs = us
        baseSinceMs = nowMs
        fallingFrom = 0
    }

    private mutating func adjust(_ window: Window, _ bounds: ClosedRange<Int>) {
        // In 1024ths: one and a half times the base is no waiting yet.
        let gradient = min(1024, max(512, baseUs * 1536 / window.meanUs))
        if gradient < 1024 { phase = .steady }
        var next = estimate * gradient / 1024 + max(1024, estimate.squareRootOf1024ths / 2)
        if phase == .beginning { next = estimate * 2 }
        // Half of the way down: means of few requests are not exact.
        if next < estimate { next = (estimate + next) / 2 }
        noteFall(window, gradient)
        estimate = min(max(next, bounds.lowerBound << 10), bounds.upperBound << 10)
    }

    /// Half of the requests, and no answer sooner by a quarter.
    private mutating func noteFall(_ window: Window, _ gradient: Int) {
        guard gradient == 512 else { return fallingFrom = 0 }
        if fallingFrom > 0 {
            guard estimate * 2 <= fallingFrom else { return }
            if window.meanUs > fallingFromUs / 4 * 3 { return setBase(window.meanUs, window.endMs) }
        }
        fallingFrom = estimate
        fallingFromUs = window.meanUs
    }
}

extension Int {
    /// The square root of a number of 1024ths, in 1024ths.
    fileprivate var squareRootOf1024ths: Int {
        Int((Double(Swift.max(0, self)) * 1024).squareRoot())
    }
}
