public import Core

/// What a client's HTTP/2 connection may take of us.
public struct HTTP2Limits: Sendable, Equatable {
    /// Streams that a connection has slots for.
    public static var streamsMax: Int { StreamTable.slotsMax }

    /// `http2_max_concurrent_streams`, at most `streamsMax`.
    public var concurrentStreams = 128
    /// What a stream may send before anybody has taken of it: `http2_body_preread_size`.
    public var streamWindow = 65_535
    /// What all streams together may send before the window is opened again.
    public var connectionWindow = 256 << 10
    /// Bytes received and not taken, of all streams, that may lie about: `http2_body_buffers`.
    public var heldMax = 1 << 20
    /// A part of that.
    var quarter: Int { heldMax / 4 }
    /// Memory that all requests under way may take, in bytes: the next one is refused then.
    public var requestsMax = 928 << 10
    /// What of that each takes beside its head and its trailers.
    public var requestSize = 0
    /// Bytes of an encoded field block.
    var blockMax = 64 << 10
    /// Frames that one may come in; honest ones fill theirs.
    var continuationsMax = 16

    /// nginx's defaults, where it has some.
    public init() {}
}

/// What came of the bytes of a connection.
public enum HTTP2Event: Equatable, Sendable {
    /// More of them are needed.
    case incomplete
    /// A frame that concerns nobody but the connection.
    case handled
    /// A request's field block is here: `readHead` must be called before anything else.
    case head(slot: Int, isLast: Bool)
    /// Content of a request, in the buffer that was given.
    case content(slot: Int, Slice, isLast: Bool)
    /// What stands behind a request's content, which ends with it: `takeTrailers` has it.
    case trailers(slot: Int)
    /// The stream is no more: the client reset it, or made us do it.
    case lost(slot: Int)
    /// A window was opened: the stream may send again.
    case mayContinue(slot: Int)
    /// The connection's window was opened, or everybody's was changed.
    case mayContinueAll
    /// A PING came back with what it said.
    case answered(UInt64)
    /// The connection is no more; the GOAWAY that says so was written.
    case failed(HTTP2ErrorCode)
}

/// One client's HTTP/2 connection without its socket: RFC 9113, the server's side.
///
/// Bytes in, one event at a time out; answers that are the connection's own (SETTINGS, PING, windows,
/// resets) are appended to the buffer for what is sent. No allocation once there were as many streams at a
/// time.
public final class HTTP2Connection {
    /// RFC 9113 §3.4.
    public static var preface: StaticString { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" }

    /// Whether what a client begins with is the preface, as far as it is there.
    public static func mayBePreface(_ bytes: Span<UInt8>) -> Bool {
        preface.withUTF8Buffer { wanted in
            for index in 0..<min(wanted.count, bytes.count) where bytes[index] != wanted[index] {
                return false
            }
            return true
        }
    }

    let limits: HTTP2Limits
    var frames: FrameReader
    var flow = SendFlow()
    /// The client knows our first settings; before that it goes by the initial ones: §6.5.3.
    var areSettingsKnown = false
    /// SETTINGS that the client has not said it knows.
    var unacknowledgedCount = 1
    var width = Width.usual
    var receiveWindow = ReceiveWindow(65_535)
    /// Bytes received and not taken, of all streams.
    public internal(set) var heldCount = 0
    /// Memory that the heads and trailers of all streams take, in bytes.
    public private(set) var headCount = 0
    /// Memory that all requests under way take, in bytes.
    public var requestsSize: Int { headCount + table.count * limits.requestSize }
    /// What the windows of streams whose content may have to wait may still be wider than `streamWindow`.
    var spareWidth: Int
    /// The highest number of a stream that was begun.
    public internal(set) var lastStreamID: UInt32 = 0
    /// Streams above it are not looked at: GOAWAY said so.
    var finalStreamID = UInt32.max

    /// Whether a stream is the client's, and above the last one that is looked at.
    func isBeyondEnd(_ id: UInt32) -> Bool { id > finalStreamID && id & 1 == 1 }

    var table = StreamTable()
    var closed = ClosedStreams()
    /// Streams whose response has ended before the request: closed, but the client was not told to stop.
    var answeredEarly: [UInt32] = []
    /// The numbers of streams, not begun yet, that a priority was sent for; the oldest is forgotten first.
    var early = EarlyPriorities()
    /// How far the client is behind; `nil`: nobody has to know.
    public var deliveries: DeliveryClock?
    /// For the field blocks of responses.
    public var encoder: HPACKEncoder
    /// Whose field block `readHead` will read.
    var pendingSlot: Int?
    /// What `takeTrailers` will give, in lines.
    var trailers: ByteBuffer?
    let scratch: ByteBuffer

    /// A connection that begins: says our settings.
    ///
    /// - Parameter scratch: where fields are put together; all connections of a worker have the same, as an
    ///   idle one needs none.
    public init(
        limits: HTTP2Limits, nowMs: Int64, out: ByteBuffer, scratch: ByteBuffer = ByteBuffer(capacity: 256)
    ) {
        self.limits = limits
        self.scratch = scratch
        encoder = HPACKEncoder(scratch: scratch)
        spareWidth = limits.quarter
        frames = FrameReader(
            from: .preface,
            limits: .init(bytesMax: limits.blockMax, continuationsMax: limits.continuationsMax),
            decoder: HPACKDecoder(),
            budget: PeerBudget(concurrentStreams: limits.concurrentStreams, nowMs: nowMs), scratch: scratch)
        FrameWriter.settings(
            [
                (.maxConcurrentStreams, UInt32(clamping: limits.concurrentStreams)),
                (.initialWindowSize, UInt32(clamping: limits.streamWindow)),
                (.enableConnectProtocol, 1), (.noRFC7540Priorities, 1),
            ], to: out)
        receiveWindow.widen(to: limits.connectionWindow, out)
    }

    /// Streams that are not closed.
    public var streamCount: Int { table.count }
    /// The record of a stream that is not closed.
    public func stream(_ slot: Int) -> StreamRecord { table[slot] }

    /// What the other side said of itself.
    public var peer: HTTP2Settings { flow.peer }

    /// Content that all streams together may still send.
    public var sendWindow: FlowWindow { flow.window }

    /// A field block has begun and is not whole.
    public var isWithinBlock: Bool { frames.isWithinBlock }

    /// Bytes of the field block that `readHead` will read.
    public var blockCount: Int { frames.blockCount }

    /// A part of a request's head is here, and not all of it: of its frame, or of its field block.
    ///
    /// - Parameter input: what is left when `receive` finds no whole frame.
    public func isWithinHead(_ input: ByteBuffer) -> Bool {
        switch frames.stage {
        case .fieldBlock: true
        case .frames: input.count > 3 && input.withReadable { $0[3] == FrameKind.headers.rawValue }
        case .preface, .firstSettings, .broken, .failed: false
        }
    }

    // MARK: Receiving

    /// Looks at the next frame in `input`, and consumes the one before.
    ///
    /// - Parameter out: gets the answers that are the connection's own.
    public func receive(_ input: ByteBuffer, out: ByteBuffer, nowMs: Int64) -> HTTP2Event {
        do throws(HTTP2Fault) {
            guard let frame = try frames.next(input, out: out, nowMs: nowMs) else { return .incomplete }
            do throws(HTTP2Fault) {
                return try take(frame)
            } catch {
                guard case .stream(let code) = error else { throw error }
                return try resetForFault(frame.header.streamID, code, frame)
            }
        } catch {
            return fail(error.code, out)
        }
    }

    private func take(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        switch frame.header.kind {
        case .data: return try takeData(frame)
        case .headers: return try takeHeaders(frame)
        case .continuation: return try takeContinuation(frame)
        case .priority: return try takePriority(frame)
        case .resetStream: return try takeReset(frame)
        case .settings: return try takeSettings(frame)
        case .ping: return try takePing(frame)
        case .windowUpdate: return try takeWindowUpdate(frame)
        case .priorityUpdate: return try takePriorityUpdate(frame)
        case .goAway, .other, .pushPromise:
            // The client begins nothing that we would have to stop; what is unknown is read over.
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        }
    }

    // MARK: Ends

    func fail(_ code: HTTP2ErrorCode, _ out: ByteBuffer) -> HTTP2Event {
        frames.fail()
        FrameWriter.goAway(lastStreamID, code, to: out)
        return .failed(code)
    }

    /// A frame broke its stream: says so, and takes it for a request that was given up.
    func resetForFault(
        _ id: UInt32, _ code: HTTP2ErrorCode, _ frame: Frame
    ) throws(HTTP2Fault) -> HTTP2Event {
        // There is no resetting what never began: §5.1, idle.
        guard id <= lastStreamID else { throw .connection(code) }
        FrameWriter.reset(id, code, to: frame.out)
        try frames.spend(.cancelledRequest, frame.nowMs)
        guard let slot = table.slot(of: id) else {
            closed.noteReset(id)
            return .handled
        }
        remove(slot, .ourReset)
        return .lost(slot: slot)
    }

    /// A stream's head, or its trailers, are here, and take so much memory as long as the stream does.
    func noteHead(_ count: Int, of slot: Int) {
        table[slot].headCount += count
        headCount += count
    }

    /// Forgets a stream; what is held of it does not count any more.
    func remove(_ slot: Int, _ cause: StreamState.Cause) {
        flow.remove(slot, &table)
        closed.note(table[slot].id, cause)
        heldCount -= table[slot].heldCount
        headCount -= table[slot].headCount
        spareWidth += table[slot].extraWidth
        table.remove(slot)
    }
}

/// Priorities of streams that are still to come: PRIORITY_UPDATE may be ahead of HEADERS, RFC 9218 §7.1.
struct EarlyPriorities: Sendable {
    private static var countMax: Int { 8 }
    private var list: [(id: UInt32, priority: StreamPriority)] = []

    mutating func note(_ id: UInt32, _ priority: StreamPriority) {
        list.removeAll { $0.id == id }
        if list.count == EarlyPriorities.countMax { list.removeFirst() }
        list.append((id, priority))
    }

    mutating func take(_ id: UInt32) -> StreamPriority? {
        guard let index = list.firstIndex(where: { $0.id == id }) else { return nil }
        return list.remove(at: index).priority
    }
}
