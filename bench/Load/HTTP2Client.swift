import Core
import HTTP

/// What came of the bytes of a server.
enum HTTP2ClientEvent {
    /// More of them are needed.
    case needsMore
    /// A frame that concerns the connection alone.
    case handled
    /// The head of a response; what is interim is not told of.
    case head(UInt32, status: UInt16, isLast: Bool)
    /// A part of the content, or what ends it.
    case content(UInt32, count: Int, isLast: Bool)
    /// The stream is given up; `wasRefused`: nobody looked at the request.
    case reset(UInt32, wasRefused: Bool)
    /// Streams above that number are not looked at.
    case goingAway(lastStream: UInt32)
    /// A stream may send more; 0: all of them.
    case mayContinue(UInt32, by: Int)
    /// All streams may send so much more, or less.
    case windowsMoved(by: Int)
    /// It is not HTTP/2.
    case broken
}

/// The client's side of an HTTP/2 connection without its socket: RFC 9113. It trusts the server more than
/// one that browses would.
struct HTTP2Client {
    /// What the server may send of a stream, and of all, before it is told to go on; unless told, so much
    /// that it never waits.
    static var windowMax: Int { 1 << 30 }
    private let window: Int

    private(set) var peer = HTTP2Settings()
    /// Content that all streams together may still send.
    private(set) var sendWindow = FlowWindow(65_535)
    private var encoder = HPACKEncoder()
    private var decoder = HPACKDecoder()
    private let scratch = ByteBuffer(capacity: 256)
    /// A field block that comes in several frames, and the one that began it.
    private let block = ByteBuffer(capacity: 256)
    private var blockHeader: FrameHeader?
    private var nextStream: UInt32 = 1
    private var uncreditedCount = 0
    /// The same of streams whose content is under way.
    private var uncreditedCounts: [UInt32: Int] = [:]

    /// Numbers of streams have run out: RFC 9113 §5.1.1.
    var isSpent: Bool { nextStream > 1 << 30 }

    /// Begins the connection: §3.4.
    ///
    /// - Parameter window: 65,535 to `windowMax` bytes.
    init(window: Int = HTTP2Client.windowMax, _ output: ByteBuffer) {
        self.window = window
        output.append(HTTP2Connection.preface)
        FrameWriter.settings([(.enablePush, 0), (.initialWindowSize, UInt32(clamping: window))], to: output)
        if window > 65_535 { FrameWriter.windowUpdate(0, by: window - 65_535, to: output) }
    }

    // MARK: Requests

    /// Writes the head of a request.
    ///
    /// - Parameter number: sent along as `x-request-number`.
    /// - Returns: its stream.
    mutating func ask(_ request: HTTP2RequestFields, number: Int?, _ output: ByteBuffer) -> UInt32 {
        let stream = nextStream
        nextStream += 2
        scratch.removeAll()
        encoder.begin(scratch)
        for field in request.fields { encoder.append(field, of: request.bytes, .adaptive, to: scratch) }
        if let number {
            encoder.append("x-request-number", .never, to: scratch) { $0.append(decimal: number) }
        }
        FrameWriter.headers(
            scratch, on: stream, isLast: !request.hasContent, sizeMax: peer.maxFrameSize, to: output)
        return stream
    }

    /// Writes content, as much as its window and the connection's let it.
    ///
    /// - Returns: how much that was.
    mutating func send(
        _ content: Slice, of body: ByteBuffer, on stream: UInt32, window: Int, _ output: ByteBuffer
    ) -> Int {
        var sent = 0
        while sent < Int(content.count) {
            let rest = Int(content.count) - sent
            let count = min(rest, peer.maxFrameSize, window - sent, sendWindow.size)
            guard count > 0, sendWindow.take(count) else { break }
            let start = Int(content.start) + sent
            FrameWriter.data(
                Slice(from: start, to: start + count), of: body, on: stream, isLast: count == rest, to: output
            )
            sent += count
        }
        return sent
    }

    // MARK: Answers

    /// Takes the frame in front of `input`.
    ///
    /// - Parameter output: gets the answers that are the connection's own.
    mutating func next(_ input: ByteBuffer, _ output: ByteBuffer) -> HTTP2ClientEvent {
        guard let header = input.withReadable({ FrameHeader.read($0) }) else { return .needsMore }
        guard header.length <= FrameHeader.smallestSizeMax else { return .broken }
        let end = FrameHeader.byteCount + header.length
        guard input.count >= end else { return .needsMore }
        let payload = Slice(from: FrameHeader.byteCount, to: end)
        defer { input.consume(end) }
        do {
            return try take(header, payload, input, output)
        } catch {
            return .broken
        }
    }

    private mutating func take(
        _ header: FrameHeader, _ payload: Slice, _ input: ByteBuffer, _ output: ByteBuffer
    ) throws -> HTTP2ClientEvent {
        func number(at position: Int) -> UInt32 {
            input.withBytes(of: payload) { FrameHeader.number($0, at: position) }
        }
        switch header.kind {
        case .data:
            credit(header, output)
            return .content(
                header.streamID, count: header.length, isLast: header.flags.contains(.endStream))
        case .headers:
            let range = try input.withBytes(of: payload) { (bytes) throws(HTTP2Fault) in
                try header.content(of: bytes)
            }
            block.removeAll()
            block.append(
                Slice(
                    from: FrameHeader.byteCount + range.lowerBound,
                    to: FrameHeader.byteCount + range.upperBound), of: input)
            return try header.flags.contains(.endHeaders) ? headCame(header) : blockBegins(header)
        case .continuation:
            guard let first = blockHeader, first.streamID == header.streamID else { return .broken }
            block.append(payload, of: input)
            guard header.flags.contains(.endHeaders) else { return .handled }
            blockHeader = nil
            return try headCame(first)
        case .settings:
            return try settle(header, payload, input, output)
        case .ping:
            if !header.flags.contains(.ack) { FrameWriter.pong(payload, of: input, to: output) }
            return .handled
        case .windowUpdate:
            let increment = Int(number(at: 0) & 0x7FFF_FFFF)
            if header.streamID == 0, !sendWindow.move(by: increment) { return .broken }
            return .mayContinue(header.streamID, by: increment)
        case .resetStream:
            uncreditedCounts[header.streamID] = nil
            return .reset(
                header.streamID, wasRefused: number(at: 0) == HTTP2ErrorCode.refusedStream.rawValue)
        case .goAway:
            return .goingAway(lastStream: number(at: 0) & 0x7FFF_FFFF)
        case .pushPromise:
            return .broken
        case .priority, .priorityUpdate, .other:
            return .handled
        }
    }

    private mutating func blockBegins(_ header: FrameHeader) -> HTTP2ClientEvent {
        blockHeader = header
        return .handled
    }

    /// §6.5
    private mutating func settle(
        _ header: FrameHeader, _ payload: Slice, _ input: ByteBuffer, _ output: ByteBuffer
    ) throws(HTTP2Fault) -> HTTP2ClientEvent {
        guard !header.flags.contains(.ack) else { return .handled }
        let before = peer.initialWindowSize
        var next = peer
        try input.withBytes(of: payload) { (bytes) throws(HTTP2Fault) in try next.take(bytes) }
        peer = next
        encoder.peerAllows(tableSize: peer.smallestTableSize)
        encoder.peerAllows(tableSize: peer.headerTableSize)
        FrameWriter.settingsAck(to: output)
        return .windowsMoved(by: peer.initialWindowSize - before)
    }

    /// The window is opened by what came, long before it is shut: §6.9.
    private mutating func credit(_ header: FrameHeader, _ output: ByteBuffer) {
        uncreditedCount += header.length
        if uncreditedCount >= window / 2 {
            FrameWriter.windowUpdate(0, by: uncreditedCount, to: output)
            uncreditedCount = 0
        }
        let ofStream = (uncreditedCounts.removeValue(forKey: header.streamID) ?? 0) + header.length
        guard !header.flags.contains(.endStream) else { return }
        if ofStream >= window / 2 {
            FrameWriter.windowUpdate(header.streamID, by: ofStream, to: output)
        } else {
            uncreditedCounts[header.streamID] = ofStream
        }
    }

    /// A field block is here whole.
    private mutating func headCame(_ header: FrameHeader) throws(HPACKError) -> HTTP2ClientEvent {
        let isLast = header.flags.contains(.endStream)
        var status: UInt16 = 0
        try block.withReadable { (bytes) throws(HPACKError) in
            var cursor = 0
            decoder.begin()
            scratch.removeAll()
            if let field = try decoder.next(bytes, at: &cursor, into: scratch),
                scratch.equalsIgnoringCase(field.name, ":status")
            {
                status = UInt16(scratch.string(of: field.value)) ?? 0
            }
            while try decoder.next(bytes, at: &cursor, into: scratch, isWanted: false) != nil {}
        }
        switch status {
        // Trailers.
        case 0:
            uncreditedCounts[header.streamID] = nil
            return .content(header.streamID, count: 0, isLast: isLast)
        case 100..<200: return .handled
        default: return .head(header.streamID, status: status, isLast: isLast)
        }
    }
}
