import Core
import HTTP

/// The server's side of an HTTP/2 connection, without a socket: writes frames, keeps what came of them.
final class ScriptedPeer {
    let input = ByteBuffer(capacity: 16)
    let out = ByteBuffer(capacity: 16)
    let connection: HTTP2ClientConnection
    var encoder = HPACKEncoder()
    var nowMs: Int64 = 1000
    let head = ResponseHead()
    let trailers = ByteBuffer(capacity: 16)
    /// What the field blocks came to, in order.
    var heads: [HTTP2ClientConnection.HeadOutcome] = []
    var sizeMax = 4096

    init(opens: Bool = true) {
        connection = HTTP2ClientConnection(limits: HTTP2PeerLimits(), nowMs: 1000, out: out)
        guard opens else { return }
        out.removeAll()
        frame(.settings, stream: 0)
        _ = run()
        out.removeAll()
    }

    /// Begins a stream; its slot.
    func ask(isLast: Bool = true, isHead: Bool = false) -> Int {
        let head = ByteBuffer(capacity: 16)
        head.append("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let block = ByteBuffer(capacity: 16)
        HTTP2RequestWriter.write(
            head, isSecure: false, takesTrailers: false, with: &connection.encoder, to: block)
        let slot = connection.begin(block, isLast: isLast, isHead: isHead, out: out)
        out.removeAll()
        return slot
    }

    /// Appends a frame of the peer's.
    func frame(_ kind: FrameKind, _ flags: FrameFlags = [], stream: UInt32, _ payload: [UInt8] = []) {
        FrameWriter.header(
            FrameHeader(length: payload.count, kind: kind, flags: flags, streamID: stream), to: input)
        input.append(payload)
    }

    /// Appends a response's HEADERS, or trailers.
    func fields(_ stream: UInt32, _ fields: [PlainField], isLast: Bool = false) {
        let block = ByteBuffer(capacity: 16)
        block.append(encoder.encode(fields))
        FrameWriter.headers(block, on: stream, isLast: isLast, sizeMax: 16_384, to: input)
    }

    func reset(_ stream: UInt32, _ code: HTTP2ErrorCode) { FrameWriter.reset(stream, code, to: input) }

    /// Lets the connection look at all that is there; reads heads as they come.
    func run() -> [HTTP2PeerEvent] {
        var events: [HTTP2PeerEvent] = []
        while true {
            let event = connection.receive(input, out: out, nowMs: nowMs)
            guard event != .incomplete else { return events }
            events.append(event)
            let place = HTTP2ClientConnection.Input(buffer: input, out: out, nowMs: nowMs)
            switch event {
            case .head: heads.append(connection.readHead(head, sizeMax: sizeMax, from: place))
            case .trailers: heads.append(connection.readTrailers(into: trailers, from: place))
            case .content(let slot, let content, _):
                connection.consumed(Int(content.count), of: slot, out: out)
            case .failed: return events
            default: break
            }
        }
    }

    /// The kinds of the frames that came back, with their streams.
    func answers() -> [String] {
        defer { out.removeAll() }
        var texts: [String] = []
        let bytes = out.bytes
        var position = 0
        while let header = bytes[position...].withUnsafeBufferPointer({ FrameHeader.read($0.span) }) {
            let payload = Array(bytes[(position + 9)...].prefix(header.length))
            let code = payload.count >= 4 ? payload.suffix(4).reduce(0) { $0 << 8 | UInt32($1) } : 0
            let name = HTTP2ErrorCode(rawValue: code).map { "\($0.name)" } ?? "?"
            switch header.kind {
            case .resetStream: texts.append("RST_STREAM \(header.streamID) \(name)")
            case .goAway: texts.append("GOAWAY \(name)")
            case .windowUpdate: texts.append("WINDOW_UPDATE \(header.streamID) \(code)")
            default: texts.append("\(header.kind) \(header.streamID)")
            }
            position += 9 + header.length
        }
        return texts
    }
}
