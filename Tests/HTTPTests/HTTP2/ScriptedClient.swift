import Core
import HTTP

/// The client's side of an HTTP/2 connection, without a socket: writes frames, keeps what came of them.
final class ScriptedClient {
    let input = ByteBuffer(capacity: 16)
    let out = ByteBuffer(capacity: 16)
    let connection: HTTP2Connection
    var encoder = HPACKEncoder()
    var nowMs: Int64 = 1000
    /// What the heads of requests came to, in order.
    var heads: [HTTP2Connection.HeadOutcome] = []
    let head = RequestHead()
    let headBytes = ByteBuffer(capacity: 16)

    init(limits: HTTP2Limits = HTTP2Limits(), opens: Bool = true) {
        connection = HTTP2Connection(limits: limits, nowMs: 1000, out: out)
        guard opens else { return }
        input.append(HTTP2Connection.preface)
        frame(.settings, stream: 0)
        _ = run()
        out.removeAll()
    }

    /// Appends a frame of the client's.
    func frame(
        _ kind: FrameKind, _ flags: FrameFlags = [], stream: UInt32, _ payload: [UInt8] = [],
        length: Int? = nil
    ) {
        let header = FrameHeader(
            length: length ?? payload.count, kind: kind, flags: flags, streamID: stream)
        FrameWriter.header(header, to: input)
        input.append(payload)
    }

    static let get: [PlainField] = [
        .init(":method", "GET"), .init(":scheme", "http"), .init(":path", "/"), .init(":authority", "a"),
    ]

    /// Appends a request's HEADERS, and CONTINUATION frames where it is long.
    func request(_ stream: UInt32, _ fields: [PlainField] = get, isLast: Bool = true) {
        let block = ByteBuffer(capacity: 16)
        block.append(encoder.encode(fields))
        FrameWriter.headers(block, on: stream, isLast: isLast, sizeMax: 16_384, to: input)
    }

    /// Lets the connection look at all that is there; reads heads as they come.
    func run() -> [HTTP2Event] {
        var events: [HTTP2Event] = []
        while true {
            let event = connection.receive(input, out: out, nowMs: nowMs)
            guard event != .incomplete else { return events }
            events.append(event)
            if case .head = event { readHead() }
            if case .failed = event { return events }
        }
    }

    private func readHead() {
        headBytes.removeAll()
        heads.append(
            connection.readHead(
                head, in: headBytes, limits: HeadLimits(),
                from: .init(buffer: input, out: out, nowMs: nowMs)))
    }

    /// The frames that came back, as text: `RST_STREAM 1 PROTOCOL_ERROR`.
    func answers() -> [String] {
        defer { out.removeAll() }
        var texts: [String] = []
        let bytes = out.bytes
        var position = 0
        while let header = bytes[position...].withUnsafeBufferPointer({ FrameHeader.read($0.span) }) {
            let payload = Array(bytes[(position + 9)...].prefix(header.length))
            texts.append(text(header, payload))
            position += 9 + header.length
        }
        return texts
    }

    private func text(_ header: FrameHeader, _ payload: [UInt8]) -> String {
        func number(_ start: Int) -> UInt32 {
            payload[start..<(start + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        }
        func code(_ start: Int) -> String { "\(HTTP2ErrorCode(rawValue: number(start))?.name ?? "?")" }
        return switch header.kind {
        case .resetStream: "RST_STREAM \(header.streamID) \(code(0))"
        case .goAway: "GOAWAY \(number(0)) \(code(4))"
        case .windowUpdate: "WINDOW_UPDATE \(header.streamID) \(number(0))"
        // Ours say one value, but for the first.
        case .settings: header.flags.contains(.ack) ? "SETTINGS ACK" : "SETTINGS \(number(2))"
        case .ping: "PING ACK"
        default: "\(header.kind) \(header.streamID)"
        }
    }
}
