internal import Core

/// A frame that is here whole.
struct Frame {
    let header: FrameHeader
    let input: ByteBuffer
    let out: ByteBuffer
    let nowMs: Int64
    /// What its header has shown already to be its stream's fault.
    let fault: HTTP2Fault?

    /// The payload, as a part of the input.
    var payload: Slice {
        Slice(from: FrameHeader.byteCount, to: FrameHeader.byteCount + header.length)
    }

    /// The 32 bits at a position of the payload.
    func number(at position: Int) -> UInt32 {
        input.withBytes(of: payload) { FrameHeader.number($0, at: position) }
    }

    /// The amount that WINDOW_UPDATE says, or the stream that GOAWAY or PRIORITY_UPDATE does: 31 bits.
    func shortNumber(at position: Int) -> UInt32 { number(at: position) & 0x7FFF_FFFF }

    /// What stands between padding and such, as a part of the input.
    func content() throws(HTTP2Fault) -> Slice {
        let range = try input.withBytes(of: payload) { (bytes) throws(HTTP2Fault) in
            try header.content(of: bytes)
        }
        return Slice(
            from: FrameHeader.byteCount + range.lowerBound, to: FrameHeader.byteCount + range.upperBound)
    }
}

/// Reads the frames of one connection, whichever side it is of: keeps their order, field blocks that come in
/// several of them, HPACK's table, and how much the other side may cost. RFC 9113 §4.
///
///     preface ──▶ first SETTINGS ──▶ frames ⇄ within a field block
///                                      │
///                                      ▼
///                              broken, failed
///
/// The preface is a client's alone.
struct FrameReader {
    enum Stage: Equatable {
        case preface
        case firstSettings
        case frames
        /// HEADERS without END_HEADERS came: nothing but CONTINUATION of the same stream may follow, §6.10.
        case fieldBlock(FrameHeader, continuations: Int)
        /// We did what may not be, and have not said so yet.
        case broken
        case failed
    }

    /// How large a field block may be before it is decoded.
    struct BlockLimits {
        let bytesMax: Int
        /// Frames that one may come in; honest ones fill theirs.
        let continuationsMax: Int
    }

    private(set) var stage: Stage
    private let limits: BlockLimits
    private(set) var decoder: HPACKDecoder
    var budget: PeerBudget
    private let scratch: ByteBuffer
    /// A field block that came in several frames; most connections never have one.
    private var block: ByteBuffer?
    /// Where the block to be read stands in the input, where it came in one frame.
    private var blockPlace: Slice?
    /// Bytes of the input that were looked at, to be consumed by the next call.
    private var doneCount = 0

    /// - Parameter scratch: where fields that nobody wants are put together.
    init(
        from stage: Stage, limits: BlockLimits, decoder: HPACKDecoder, budget: PeerBudget, scratch: ByteBuffer
    ) {
        self.stage = stage
        self.limits = limits
        self.decoder = decoder
        self.budget = budget
        self.scratch = scratch
    }

    /// Takes from the budget what an act costs.
    mutating func spend(_ act: PeerBudget.Act, _ nowMs: Int64) throws(HTTP2Fault) {
        guard budget.spend(act, nowMs: nowMs) else { throw .connection(.enhanceYourCalm) }
    }

    /// Nothing is read any more.
    mutating func fail() { stage = .failed }

    /// We did what may not be: the next call fails.
    mutating func breakOff() {
        if stage != .failed { stage = .broken }
    }

    /// Neither side may begin anything.
    var isOver: Bool { stage == .failed || stage == .broken }

    // MARK: Frames

    /// Looks at the next frame in `input`, and consumes the one before.
    ///
    /// - Parameter out: goes with the frame, for answers.
    /// - Returns: `nil`: it is not whole, or nothing is read any more.
    mutating func next(
        _ input: ByteBuffer, out: ByteBuffer, nowMs: Int64
    ) throws(HTTP2Fault) -> Frame? {
        input.consume(min(doneCount, input.count))
        doneCount = 0
        switch stage {
        case .preface: guard try readPreface(input) else { return nil }
        case .broken: throw .connection(.internalError)
        case .failed: return nil
        case .firstSettings, .frames, .fieldBlock: break
        }
        guard let header = input.withReadable({ FrameHeader.read($0) }) else { return nil }
        let fault = header.fault()
        // What is wrong with all of the connection shows before the payload is there.
        if case .connection = fault, let fault { throw fault }
        try judgeOrder(header)
        let end = FrameHeader.byteCount + header.length
        guard input.count >= end else { return nil }
        doneCount = end
        return Frame(header: header, input: input, out: out, nowMs: nowMs, fault: fault)
    }

    /// What is no preface is seen at its first wrong byte.
    private mutating func readPreface(_ input: ByteBuffer) throws(HTTP2Fault) -> Bool {
        let count = HTTP2Connection.preface.utf8CodeUnitCount
        guard input.withReadable({ HTTP2Connection.mayBePreface($0) }) else {
            throw .connection(.protocolError)
        }
        guard input.count >= count else { return false }
        input.consume(count)
        stage = .firstSettings
        return true
    }

    /// The first frame is SETTINGS (§3.4), and a field block is not interrupted (§6.10).
    private func judgeOrder(_ header: FrameHeader) throws(HTTP2Fault) {
        switch stage {
        case .firstSettings:
            guard header.kind == .settings, !header.flags.contains(.ack) else {
                throw .connection(.protocolError)
            }
        case .fieldBlock(let first, _):
            guard header.kind == .continuation, header.streamID == first.streamID else {
                throw .connection(.protocolError)
            }
        case .frames:
            guard header.kind != .continuation else { throw .connection(.protocolError) }
        case .preface, .broken, .failed:
            break
        }
    }

    /// SETTINGS came; all but the first frame of them are to be paid for.
    mutating func noteSettings(_ nowMs: Int64) throws(HTTP2Fault) {
        if stage == .firstSettings { stage = .frames } else { try spend(.settings, nowMs) }
    }

    // MARK: Field blocks

    /// A field block has begun and is not whole.
    var isWithinBlock: Bool {
        if case .fieldBlock = stage { true } else { false }
    }

    /// Bytes of the field block that `readBlock` will read.
    var blockCount: Int { blockPlace.map { Int($0.count) } ?? block?.count ?? 0 }

    /// §6.2
    ///
    /// - Returns: whether the block is here whole.
    mutating func takeHeaders(_ frame: Frame) throws(HTTP2Fault) -> Bool {
        let content = try frame.content()
        guard !frame.header.flags.contains(.endHeaders) else {
            block = nil
            blockPlace = content
            return true
        }
        let begun = ByteBuffer(capacity: Int(content.count))
        begun.append(content, of: frame.input)
        block = begun
        blockPlace = nil
        if content.isEmpty { try spend(.idleFrame, frame.nowMs) }
        stage = .fieldBlock(frame.header, continuations: 0)
        return false
    }

    /// §6.10, bounded in frames and in bytes.
    ///
    /// - Returns: what the block has begun with, once it is here whole.
    mutating func takeContinuation(_ frame: Frame) throws(HTTP2Fault) -> FrameHeader? {
        guard case .fieldBlock(let first, let count) = stage else { throw .connection(.protocolError) }
        guard let block, count < limits.continuationsMax,
            block.count + frame.header.length <= limits.bytesMax
        else {
            throw .connection(.enhanceYourCalm)
        }
        if frame.header.length < FrameHeader.smallestSizeMax { try spend(.idleFrame, frame.nowMs) }
        block.append(frame.payload, of: frame.input)
        guard frame.header.flags.contains(.endHeaders) else {
            stage = .fieldBlock(first, continuations: count + 1)
            return nil
        }
        stage = .frames
        return first
    }

    /// Calls `body` with the field block that is here, from the same input; after that there is none.
    mutating func readBlock<R>(
        _ input: ByteBuffer, _ body: (Span<UInt8>, inout HPACKDecoder) throws(HPACKError) -> R
    ) throws(HTTP2Fault) -> R {
        let place = blockPlace ?? Slice()
        let gathered = block.take()
        blockPlace = nil
        do throws(HPACKError) {
            guard let gathered else {
                return try input.withBytes(of: place) { (bytes) throws(HPACKError) in
                    try body(bytes, &decoder)
                }
            }
            return try gathered.withReadable { (bytes) throws(HPACKError) in try body(bytes, &decoder) }
        } catch {
            throw .connection(error.code)
        }
    }

    /// Nobody wants the block that is here, but the tables go along.
    mutating func passBlock(_ frame: Frame) throws(HTTP2Fault) {
        let scratch = scratch
        try readBlock(frame.input) { (bytes, decoder) throws(HPACKError) in
            try decoder.pass(over: bytes, using: scratch)
        }
        try spend(.fields(byteCount: decoder.decodedCount), frame.nowMs)
    }
}
