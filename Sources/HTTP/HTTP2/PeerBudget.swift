internal import Core

/// What a client may cost beyond what it asks for: how much of it came lately, against what is bearable.
///
/// Each kind of cost is a bucket that fills with time and with honest work, and from which every act that
/// makes work for nothing takes. One that is empty ends the connection with ENHANCE_YOUR_CALM.
struct PeerBudget: Sendable {
    /// What makes work for nothing.
    enum Act: Sendable {
        /// A request that is given up before its answer is out: by the client's reset, or by a fault that
        /// makes us reset it.
        case cancelledRequest
        /// It asks for an answer, or changes all streams.
        case settings
        case ping
        /// A frame that moves nothing: PRIORITY, an unknown one, empty content, one on a closed stream.
        case idleFrame
        /// A window that opens.
        case windowUpdate
        /// Fields that make no request, by the bytes that they decode to.
        case fields(byteCount: Int)
    }

    /// Filled a part each millisecond, up to its size.
    private struct Bucket: Sendable {
        let size: Int32
        /// In thousandths.
        var level: Int

        init(size: Int32) {
            self.size = size
            level = Int(size) * 1000
        }

        mutating func fill(_ thousandths: Int) {
            level = min(level.saturatingSum(thousandths), Int(size) * 1000)
        }

        mutating func take(_ amount: Int) -> Bool {
            level -= amount * 1000
            return level >= 0
        }
    }

    private static var cancelledPerSecond: Int { 10 }
    private static var framesPerSecond: Int { 200 }

    private var cancelled: Bucket
    private var frames = Bucket(size: 2000)
    private var filledMs: Int64

    /// A budget for a connection that begins.
    ///
    /// - Parameter concurrentStreams: so many may be given up at once, twice: a page that is left does that.
    init(concurrentStreams: Int, nowMs: Int64) {
        cancelled = Bucket(
            size: Int32(clamping: max(100, concurrentStreams.saturatingSum(concurrentStreams))))
        filledMs = nowMs
    }

    /// Takes what an act costs.
    ///
    /// - Returns: whether there was enough.
    mutating func spend(_ act: Act, nowMs: Int64) -> Bool {
        let elapsed = Int(clamping: min(max(0, nowMs - filledMs), 100_000))
        filledMs = max(filledMs, nowMs)
        cancelled.fill(elapsed * PeerBudget.cancelledPerSecond)
        frames.fill(elapsed * PeerBudget.framesPerSecond)
        switch act {
        case .cancelledRequest: return cancelled.take(1)
        case .settings: return frames.take(20)
        case .ping: return frames.take(10)
        case .idleFrame: return frames.take(2)
        case .windowUpdate: return frames.take(1)
        // A window of them costs as much as an answer earns.
        case .fields(let byteCount): return frames.take(byteCount >> 12)
        }
    }

    /// A request was answered whole.
    mutating func earnAnswer() {
        cancelled.fill(1000)
        frames.fill(10_000)
    }

    /// A frame of content went out, in answer to which gateways open windows and measure the way.
    mutating func earnFrame(_ count: Int) {
        frames.fill(10_000)
        earnContent(count)
    }

    /// Content went out, for which the client has to open windows.
    mutating func earnContent(_ count: Int) {
        // A window opened for each KiB, of the stream and of the connection, is nothing to complain about.
        frames.fill(count * 4)
    }
}
