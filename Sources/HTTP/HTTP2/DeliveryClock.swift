/// How far a client is behind what it was sent, by its answers to PING: RFC 9113 §6.7.
///
/// Its system acknowledges megabytes that the client itself has not read, and what is sent meanwhile stands
/// behind them. Whoever answers a PING has read what came before it. Content that can wait is kept back while
/// so much is unread that the client does not run dry: twice what it reads in a round trip of the network,
/// and no less than `leastAhead`.
///
///     read ──────▶ PING ──▶ PING ──▶ sent     each PING says how much was sent before it
public final class DeliveryClock {
    /// Unread bytes that are never too much. Near by, a small answer that is asked for beside a download
    /// waits behind as many: with 64 KiB instead of 128 its 99th percentile is two thirds.
    public static var leastAhead: Int { 64 << 10 }
    /// A client that owes an answer for longer is not asked again.
    private static var answerUs: Int64 { 1_000_000 }

    /// Content written, in bytes.
    private var sentCount: UInt64
    /// Of that, what was written before the last PING.
    private var askedCount: UInt64 = 0
    /// Of that, what the client has read.
    private var readCount: UInt64 = 0
    /// Unread bytes that are not too much.
    private var aheadMax = DeliveryClock.leastAhead
    /// The PING whose answer is timed: what was written before it, and what had been read.
    private var timed: (count: UInt64, readCount: UInt64, askedUs: Int64)?
    /// When the last PING or the last answer was seen.
    private var heardUs: Int64 = 0
    /// The client does not answer: it is sent what it has windows for.
    public private(set) var isGivenUp = false

    /// - Parameter sentCount: content written by now, of which nobody knows how much was read.
    public init(sentCount: Int64) {
        self.sentCount = UInt64(max(0, sentCount))
    }

    /// Content was written.
    public func sent(_ count: Int) { sentCount &+= UInt64(max(0, count)) }

    /// Bytes that the client may get now.
    public var allowance: Int {
        isGivenUp ? .max : max(0, aheadMax - Int(clamping: sentCount &- readCount))
    }

    /// It is time for another PING; where nothing is allowed, there was one whose answer has not come.
    public var isDue: Bool { !isGivenUp && sentCount &- askedCount >= UInt64(DeliveryClock.leastAhead / 2) }

    /// A PING is written.
    ///
    /// - Returns: what it says.
    public func ask(nowUs: Int64) -> UInt64 {
        askedCount = sentCount
        heardUs = nowUs
        if timed == nil { timed = (askedCount, readCount, nowUs) }
        return askedCount
    }

    /// A PING came back; what was never asked, or is known, means nothing.
    ///
    /// - Parameters:
    ///   - count: what it said.
    ///   - roundTripUs: the network's alone.
    /// - Returns: whether more was read.
    public func answered(_ count: UInt64, nowUs: Int64, roundTripUs: @autoclosure () -> Int64) -> Bool {
        guard count > readCount, count <= askedCount else { return false }
        readCount = count
        heardUs = nowUs
        if let timed, timed.count <= count {
            let tookUs = max(1, nowUs - timed.askedUs)
            let inRoundTrip =
                Double(count - timed.readCount) * Double(min(roundTripUs(), tookUs)) / Double(tookUs)
            aheadMax = max(DeliveryClock.leastAhead, Int(min(2 * inRoundTrip, Double(FlowWindow.sizeMax))))
            self.timed = nil
        }
        return true
    }

    /// Gives the client up if it has owed an answer for too long.
    public func look(nowUs: Int64) {
        if readCount < askedCount, nowUs - heardUs >= DeliveryClock.answerUs { isGivenUp = true }
    }
}
