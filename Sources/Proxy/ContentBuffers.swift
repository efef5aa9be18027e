internal import Core
internal import Net

/// Large buffers of a worker, for content of requests, and the files that its content has left.
///
/// Memory that the system gives anew is paid for page by page, which for content of 1 MiB takes longer than
/// to receive it. So buffers that come back are kept, and those that nobody took for a second are given up:
/// what is held is never more than what was in use at once a moment ago.
final class ContentBuffers {
    private static var heldMax: Int { 64 }
    private static var heldBytesMax: Int { 32 << 20 }
    private static var trimIntervalMs: Int64 { 1000 }
    /// Sizes are multiples of it, so that one buffer serves for contents of nearly the same size.
    private static var step: Int { 16 << 10 }

    /// The last that came is the first to go: it is in the processor's cache.
    private var held: [ByteBuffer] = []
    private var heldBytes = 0
    /// The first so many were not taken since the last trim.
    private var idleCount = 0
    private var nextTrimMs: Int64 = 0
    /// Of requests and of responses.
    let leftFiles = LeftFiles()

    init() {
        held.reserveCapacity(ContentBuffers.heldMax)
    }

    /// Whether there is something to be given up when it is time.
    var isHolding: Bool { !held.isEmpty }

    // MARK: Content on its way through

    /// Most bytes of a stream that are held. The more at once, the fewer are the calls and who is woken by
    /// them: 1 MiB through a relay costs 387 us in pieces of 64 KiB, and 238 us in pieces of 512 KiB.
    static var wideStream: Int { 512 << 10 }
    static var narrowStream: Int { 64 << 10 }
    /// So many may be wide at once: what slow gateways can make a worker hold stays small.
    private static var wideStreamsMax: Int { 16 }
    private var wideStreamCount = 0

    /// Content begins to be held.
    ///
    /// - Returns: most bytes of it, to be told to `endStream`.
    func beginStream() -> Int {
        guard wideStreamCount < ContentBuffers.wideStreamsMax else { return ContentBuffers.narrowStream }
        wideStreamCount += 1
        return ContentBuffers.wideStream
    }

    /// Nothing of the content is held any more.
    func endStream(of max: Int) {
        if max == ContentBuffers.wideStream { wideStreamCount -= 1 }
    }

    /// An empty buffer for so many bytes.
    func take(capacity: Int) -> ByteBuffer {
        let most = capacity.multipliedReportingOverflow(by: 4)
        let fitting = capacity...(most.overflow ? Int.max : most.partialValue)
        guard let index = held.lastIndex(where: { fitting.contains($0.capacity) }) else {
            return ByteBuffer(
                capacity: capacity.saturatingSum(ContentBuffers.step - 1) & ~(ContentBuffers.step - 1))
        }
        let buffer = held.remove(at: index)
        heldBytes -= buffer.capacity
        idleCount = min(idleCount, index)
        return buffer
    }

    /// Takes a buffer back; its bytes are dropped.
    func give(_ buffer: ByteBuffer) {
        guard held.count < ContentBuffers.heldMax,
            buffer.capacity <= ContentBuffers.heldBytesMax - heldBytes
        else { return }
        buffer.removeAll()
        heldBytes += buffer.capacity
        held.append(buffer)
    }

    /// Gives up what nobody took for a while.
    func trim(nowMs: Int64) {
        guard nowMs >= nextTrimMs else { return }
        nextTrimMs = nowMs + ContentBuffers.trimIntervalMs
        for buffer in held[..<idleCount] { heldBytes -= buffer.capacity }
        held.removeFirst(idleCount)
        idleCount = held.count
    }
}
