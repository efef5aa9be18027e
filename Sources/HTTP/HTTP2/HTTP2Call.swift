public import Core

/// Requests over a connection of HTTP/2 that nobody else uses, one after the other: for who asks one thing
/// at a time. Knows no socket; what comes back is small, or cut.
public final class HTTP2Call {
    /// What came of the bytes so far.
    public enum Progress: Equatable, Sendable {
        case incomplete
        /// The response is here, to its end.
        case answered
        /// There will be none: why.
        case failed(String)
    }

    /// Most content of a response that is kept, in bytes.
    public static var contentMax: Int { 256 << 10 }

    private let connection: HTTP2ClientConnection
    /// Of the last response.
    public let head = ResponseHead()
    /// Of the last response.
    public private(set) var content: [UInt8] = []
    /// What stood behind its content: lines as HTTP/1 has them.
    public let trailers = ByteBuffer(capacity: 64)
    private let headMax: Int
    private var slot: Int?
    private var unsent: [UInt8] = []
    private var interimCount = 0

    /// A connection begins.
    ///
    /// - Parameters:
    ///   - headMax: bytes that the head of a response may have.
    ///   - out: gets what is to be sent.
    public init(headMax: Int, nowMs: Int64, out: ByteBuffer) {
        self.headMax = headMax
        connection = HTTP2ClientConnection(limits: HTTP2PeerLimits(), nowMs: nowMs, out: out)
    }

    /// Sends a request; the one before it is over.
    ///
    /// - Parameter request: its head as HTTP/1 has it.
    /// - Returns: `false`: the peer takes no more of them.
    public func begin(_ request: [UInt8], content: [UInt8], isSecure: Bool, out: ByteBuffer) -> Bool {
        guard connection.mayBegin else { return false }
        head.reset()
        self.content.removeAll()
        trailers.removeAll()
        interimCount = 0
        let lines = ByteBuffer(capacity: request.count)
        lines.append(request)
        let block = ByteBuffer(capacity: 256)
        HTTP2RequestWriter.write(
            lines, isSecure: isSecure, takesTrailers: true, with: &connection.encoder, to: block)
        slot = connection.begin(block, isLast: content.isEmpty, isHead: false, out: out)
        unsent = content
        sendContent(out)
        return true
    }

    /// Takes what was received; all of it is consumed but for the beginning of a frame.
    public func receive(_ input: ByteBuffer, out: ByteBuffer, nowMs: Int64) -> Progress {
        let place = HTTP2Connection.Input(buffer: input, out: out, nowMs: nowMs)
        while true {
            switch connection.receive(input, out: out, nowMs: nowMs) {
            case .incomplete:
                return .incomplete
            case .handled, .pong:
                continue
            case .settled, .mayContinue, .mayContinueAll:
                sendContent(out)
            case .leaving:
                guard connection.takeUnseen() == nil else { return lost("the server is going away") }
            case .lost:
                return lost("the server has reset the stream")
            case .failed(let code):
                return lost("the connection has failed: \(code)")
            case .head(let slot):
                if let end = readHead(slot, place) { return end }
            case .trailers(let slot):
                guard case .complete = connection.readTrailers(into: trailers, from: place) else {
                    return lost("bad trailers")
                }
                return ended(slot, out)
            case .content(let slot, let slice, let isLast):
                let room = max(0, HTTP2Call.contentMax - content.count)
                content += input.bytes(of: slice).prefix(room)
                connection.consumed(Int(slice.count), of: slot, out: out)
                if isLast { return ended(slot, out) }
            }
        }
    }

    private func readHead(_ slot: Int, _ place: HTTP2Connection.Input) -> Progress? {
        switch connection.readHead(head, sizeMax: headMax, from: place) {
        case .complete(let isLast): return isLast ? ended(slot, place.out) : nil
        case .interim:
            interimCount += 1
            head.reset()
            return interimCount <= HTTP1ResponseParser.informationalMax
                ? nil : lost("too many informational answers")
        case .refused(let error): return lost("invalid answer: \(error.reason)")
        case .failed(let code): return lost("the connection has failed: \(code)")
        }
    }

    private func ended(_ slot: Int, _ out: ByteBuffer) -> Progress {
        connection.end(slot, .noError, out)
        self.slot = nil
        return .answered
    }

    private func lost(_ reason: String) -> Progress {
        slot = nil
        return .failed(reason)
    }

    /// What is small goes whole, or waits for a window that takes it.
    private func sendContent(_ out: ByteBuffer) {
        guard let slot, !unsent.isEmpty, connection.allowance(of: slot) >= unsent.count else { return }
        let bytes = ByteBuffer(capacity: unsent.count)
        bytes.append(unsent)
        while !bytes.isEmpty {
            let count = min(bytes.count, connection.peer.maxFrameSize)
            FrameWriter.data(
                Slice(from: 0, to: count), of: bytes, on: connection.stream(slot).id,
                isLast: count == bytes.count, to: out)
            bytes.consume(count)
        }
        connection.sent(unsent.count, of: slot)
        connection.sentLast(slot)
        unsent = []
    }
}
