public import Core

/// What a peer's HTTP/2 connection may take of us.
public struct HTTP2PeerLimits: Sendable, Equatable {
    /// What a stream may send before anybody has taken of it.
    public var streamWindow = 16 << 10
    /// The same of a stream whose content is taken as it comes.
    public var wideWindow = 65_535
    /// What all streams together may send before the window is opened again.
    public var connectionWindow = 1 << 20
    /// Bytes of an encoded field block: so many that a head which is too large is one stream's fault.
    var blockMax = (1 << 20) + (64 << 10)
    /// Frames that one may come in; honest ones fill theirs.
    var continuationsMax = 256

    /// Those that go for every peer.
    public init() {}
}

/// What came of the bytes of a connection to a peer.
public enum HTTP2PeerEvent: Equatable, Sendable {
    /// More of them are needed.
    case incomplete
    /// A frame that concerns nobody but the connection.
    case handled
    /// A response's field block is here: `readHead` must be called before anything else.
    case head(slot: Int)
    /// The field block behind a response's content: `readTrailers` must be called before anything else.
    case trailers(slot: Int)
    /// Content of a response, in the buffer that was given.
    case content(slot: Int, Slice, isLast: Bool)
    /// The stream is no more: the peer reset it, or made us do it.
    case lost(slot: Int, StreamLoss)
    /// A window was opened: the stream may send again.
    case mayContinue(slot: Int)
    /// The connection's window was opened, or everybody's was changed.
    case mayContinueAll
    /// The peer's settings have come: how many streams it takes is known.
    case settled
    /// The peer begins no more: `takeUnseen` says which streams it never looked at.
    case leaving(HTTP2ErrorCode?)
    /// The answer to our PING.
    case pong
    /// The connection is no more; the GOAWAY that says so was written.
    case failed(HTTP2ErrorCode)
}

/// Why a stream ended before its response did.
public enum StreamLoss: Equatable, Sendable {
    /// The peer did nothing for it, and says so: RFC 9113 §8.7.
    case refused
    /// The peer ends the connection after others, and never looked at this one: RFC 9113 §6.8.
    case unseen
    /// The peer reset it; `nil`: by a code that nobody knows.
    case reset(HTTP2ErrorCode?)
    /// What came on it may not be, which the peer was told.
    case malformed(HTTP2ErrorCode)
}

/// One HTTP/2 connection without its socket: RFC 9113, the client's side.
///
/// Bytes in, one event at a time out; answers that are the connection's own (SETTINGS, PING, windows,
/// resets) are appended to the buffer for what is sent. A stream is in the table until its owner ends it.
/// No allocation once there were as many streams at a time.
public final class HTTP2ClientConnection {
    /// Most bytes that what nobody wants of a field block may decode to.
    static var unwantedMax: Int { 2 << 20 }

    let limits: HTTP2PeerLimits
    var frames: FrameReader
    var flow = SendFlow()
    var receiveWindow = ReceiveWindow(65_535)
    /// The number of the stream that begins next.
    var nextStreamID: UInt32 = 1
    /// Streams above it are not looked at: GOAWAY said so.
    var finalStreamID = UInt32.max
    var table = StreamTable()
    /// For the field blocks of requests.
    public var encoder: HPACKEncoder
    /// Whose block `readHead` or `readTrailers` will read, and whether the stream ends with it.
    var pendingBlock: (slot: Int, isLast: Bool)?
    let scratch: ByteBuffer

    /// A connection that begins: says the preface and our settings.
    ///
    /// - Parameter scratch: where fields are put together; all connections of a worker have the same, as an
    ///   idle one needs none.
    public init(
        limits: HTTP2PeerLimits, nowMs: Int64, out: ByteBuffer,
        scratch: ByteBuffer = ByteBuffer(capacity: 256)
    ) {
        self.limits = limits
        self.scratch = scratch
        encoder = HPACKEncoder(scratch: scratch)
        frames = FrameReader(
            from: .firstSettings,
            limits: .init(bytesMax: limits.blockMax, continuationsMax: limits.continuationsMax),
            decoder: HPACKDecoder(unwantedMax: HTTP2ClientConnection.unwantedMax),
            budget: PeerBudget(concurrentStreams: 0, nowMs: nowMs), scratch: scratch)
        out.append(HTTP2Connection.preface)
        FrameWriter.settings(
            [(.enablePush, 0), (.initialWindowSize, UInt32(clamping: limits.streamWindow))], to: out)
        receiveWindow.widen(to: limits.connectionWindow, out)
    }

    /// What the other side said of itself.
    public var peer: HTTP2Settings { flow.peer }

    /// Content that all streams together may still send.
    public var sendWindow: FlowWindow { flow.window }

    // MARK: Receiving

    /// Looks at the next frame in `input`, and consumes the one before.
    ///
    /// - Parameter out: gets the answers that are the connection's own.
    public func receive(_ input: ByteBuffer, out: ByteBuffer, nowMs: Int64) -> HTTP2PeerEvent {
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

    private func take(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        switch frame.header.kind {
        case .data: return try takeData(frame)
        case .headers: return try takeHeaders(frame)
        case .continuation: return try takeContinuation(frame)
        case .resetStream: return try takeReset(frame)
        case .settings: return try takeSettings(frame)
        case .ping: return try takePing(frame)
        case .goAway: return try takeGoAway(frame)
        case .windowUpdate: return try takeWindowUpdate(frame)
        case .pushPromise, .priorityUpdate:
            // We have said that nothing is to be pushed (§8.4); only clients say what is urgent
            // (RFC 9218 §7.1).
            throw .connection(.protocolError)
        case .priority, .other:
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        }
    }

    // MARK: Ends

    func fail(_ code: HTTP2ErrorCode, _ out: ByteBuffer) -> HTTP2PeerEvent {
        frames.fail()
        // The peer has begun no streams.
        FrameWriter.goAway(0, code, to: out)
        return .failed(code)
    }

    /// A frame broke its stream, which the peer is told.
    private func resetForFault(
        _ id: UInt32, _ code: HTTP2ErrorCode, _ frame: Frame
    ) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard isBegun(id) else { throw .connection(code) }
        guard let slot = table.slot(of: id) else {
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        }
        FrameWriter.reset(id, code, to: frame.out)
        remove(slot)
        return .lost(slot: slot, .malformed(code))
    }

    /// Whether a stream is or was one of ours.
    func isBegun(_ id: UInt32) -> Bool { id & 1 == 1 && id < nextStreamID }

    /// Forgets a stream.
    func remove(_ slot: Int) {
        flow.remove(slot, &table)
        table.remove(slot)
    }
}
