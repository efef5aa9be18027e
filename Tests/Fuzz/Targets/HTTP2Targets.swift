import Core
import HTTP

/// What clients of HTTP/2 send, and peers.
extension FuzzTarget {
    /// A field block: each field is in the buffer that it was put into.
    static let hpack = FuzzTarget(
        name: "hpack",
        words: [
            "\u{3F}\u{61}", "\u{20}", "\u{40}", "\u{10}", "\0", "\u{7F}\u{00}", ":path", ":method", "cookie",
        ]
    ) { input, random in
        var decoder = HPACKDecoder(tableSizeMax: random.flip() ? 4096 : 64)
        let out = ByteBuffer(capacity: 16)
        // Twice: what the first block put into the table, the second finds there.
        for _ in 0..<2 {
            decoder.begin()
            var cursor = 0
            while let field = field(&decoder, input.buffer, &cursor, out) {
                try hold(Int(field.value.end) <= out.count, "a value ends at \(field.value.end)")
                try hold(decoder.tableSize <= 4096, "the table has \(decoder.tableSize) bytes")
                out.removeAll()
            }
        }
    }

    private static func field(
        _ decoder: inout HPACKDecoder, _ block: ByteBuffer, _ cursor: inout Int, _ out: ByteBuffer
    ) -> HPACKField? {
        block.withReadable { bytes in try? decoder.next(bytes, at: &cursor, into: out) }
    }

    /// A connection comes to the same whole and in pieces.
    static let http2 = FuzzTarget(
        name: "http2",
        words: [
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\u{4}\0\0\0\0\0", "\0\0\0\u{4}\u{1}\0\0\0\0",
            "\0\0\u{1}\u{1}\u{5}\0\0\0\u{1}", "\0\0\0\u{0}\u{1}\0\0\0\u{1}",
            "\0\0\u{4}\u{3}\0\0\0\0\u{1}\0\0\0\u{8}",
            "\0\0\u{4}\u{8}\0\0\0\0\0\0\0\0\u{1}", "\0\0\u{8}\u{6}\0\0\0\0\0", "\0\0\0\u{9}\u{4}\0\0\0\u{1}",
            "\0\0\u{5}\u{2}\0\0\0\0\u{3}",
        ]
    ) { input, random in
        try comesToTheSame(input, &random, ConnectionReading.init)
    }

    /// What reads frames, and keeps what came of them.
    private protocol FrameReading: AnyObject {
        var out: ByteBuffer { get }
        var events: [String] { get }
        func read(_ input: ByteBuffer)
    }

    /// Whole and in pieces: the same events, the same answers, and not many of them.
    ///
    /// - Returns: what read it whole.
    @discardableResult
    private static func comesToTheSame<Reading: FrameReading>(
        _ input: FuzzInput, _ random: inout FuzzRandom, _ make: () -> Reading
    ) throws -> Reading {
        let whole = make()
        whole.read(input.buffer)
        let pieces = make()
        input.fill(input.bytes)
        _ = input.inPieces(random.cuts(input.bytes.count)) { arriving -> Bool? in
            pieces.read(arriving)
            return nil
        }
        try hold(pieces.events == whole.events, "in pieces: \(pieces.events); whole: \(whole.events)")
        try hold(pieces.out.bytes == whole.out.bytes, "other answers in pieces")
        try hold(whole.out.count <= 4096 + 16 * input.bytes.count, "\(whole.out.count) bytes of answers")
        return whole
    }

    /// A connection whose requests are read and whose content is taken at once.
    private final class ConnectionReading: FrameReading {
        let out = ByteBuffer(capacity: 16)
        private(set) var events: [String] = []
        private let connection: HTTP2Connection
        private let head = RequestHead()
        private let headBytes = ByteBuffer(capacity: 16)

        init() { connection = HTTP2Connection(limits: HTTP2Limits(), nowMs: 0, out: out) }

        func read(_ input: ByteBuffer) {
            while true {
                let event = connection.receive(input, out: out, nowMs: 0)
                if event == .incomplete { return }
                events.append("\(event)")
                switch event {
                case .head:
                    headBytes.removeAll()
                    head.reset()
                    let outcome = connection.readHead(
                        head, in: headBytes, limits: HeadLimits(),
                        from: .init(buffer: input, out: out, nowMs: 0))
                    events.append("\(outcome) \(head.method) \(headBytes.count)")
                case .content(let slot, let slice, _):
                    connection.consumed(Int(slice.count), of: slot, out: out)
                case .failed: return
                case .trailers: events.append("\(connection.takeTrailers()?.bytes ?? [])")
                case .incomplete, .handled, .lost, .mayContinue, .mayContinueAll, .answered: break
                }
            }
        }
    }

    /// A connection to a peer comes to the same whole and in pieces.
    static let http2Peer = FuzzTarget(
        name: "http2-peer",
        words: [
            "\0\0\0\u{4}\0\0\0\0\0", "\0\0\0\u{4}\u{1}\0\0\0\0", "\0\0\u{1}\u{1}\u{5}\0\0\0\u{1}\u{88}",
            "\0\0\u{1}\u{1}\u{4}\0\0\0\u{3}\u{88}", "\0\0\u{1}\u{0}\u{1}\0\0\0\u{3}a",
            "\0\0\u{4}\u{3}\0\0\0\0\u{1}\0\0\0\u{7}", "\0\0\u{4}\u{8}\0\0\0\0\0\0\0\0\u{1}",
            "\0\0\u{8}\u{7}\0\0\0\0\0\0\0\0\u{1}\0\0\0\0",
        ]
    ) { input, random in
        try comesToTheSame(input, &random, PeerReading.init)
    }

    /// A connection with a few requests under way, whose responses are read and taken at once.
    private final class PeerReading: FrameReading {
        let out = ByteBuffer(capacity: 16)
        private(set) var events: [String] = []
        private let connection: HTTP2ClientConnection
        private let head = ResponseHead()
        private let trailers = ByteBuffer(capacity: 16)

        init() {
            connection = HTTP2ClientConnection(limits: HTTP2PeerLimits(), nowMs: 0, out: out)
            let request = ByteBuffer(capacity: 16)
            request.append("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for isLast in [true, false, true] {
                let block = ByteBuffer(capacity: 16)
                HTTP2RequestWriter.write(
                    request, isSecure: false, takesTrailers: true, with: &connection.encoder, to: block)
                _ = connection.begin(block, isLast: isLast, isHead: false, out: out)
            }
        }

        func read(_ input: ByteBuffer) {
            while true {
                let event = connection.receive(input, out: out, nowMs: 0)
                if event == .incomplete { return }
                events.append("\(event)")
                let place = HTTP2ClientConnection.Input(buffer: input, out: out, nowMs: 0)
                switch event {
                case .head(let slot):
                    let outcome = connection.readHead(head, sizeMax: 4096, from: place)
                    events.append("\(outcome) \(head.status) \(head.bytes.count)")
                    if case .refused = outcome { connection.end(slot, .cancel, out) }
                case .trailers(let slot):
                    trailers.removeAll()
                    let outcome = connection.readTrailers(into: trailers, from: place)
                    events.append("\(outcome) \(trailers.count)")
                    if case .refused = outcome { connection.end(slot, .cancel, out) }
                case .content(let slot, let slice, let isLast):
                    connection.consumed(Int(slice.count), of: slot, out: out)
                    if isLast { connection.end(slot, .noError, out) }
                case .leaving: while connection.takeUnseen() != nil {}
                case .failed: return
                case .incomplete, .handled, .lost, .mayContinue, .mayContinueAll, .settled, .pong: break
                }
            }
        }
    }

    /// A call comes to the same whole and in pieces, and keeps no more than it says.
    static let http2Call = FuzzTarget(name: "http2-call", words: http2Peer.words) { input, random in
        let whole = try comesToTheSame(input, &random, CallReading.init)
        try hold(whole.call.content.count <= HTTP2Call.contentMax, "\(whole.call.content.count) bytes kept")
    }

    /// Calls one after the other, each with content, until one fails.
    private final class CallReading: FrameReading {
        let out = ByteBuffer(capacity: 16)
        let call: HTTP2Call
        private(set) var events: [String] = []
        private var isOver = false

        init() {
            call = HTTP2Call(headMax: 4096, nowMs: 0, out: out)
            begin()
        }

        private func begin() {
            let request = Array("POST / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            isOver = !call.begin(request, content: [1, 2, 3], isSecure: false, out: out)
        }

        func read(_ input: ByteBuffer) {
            while !isOver {
                let progress = call.receive(input, out: out, nowMs: 0)
                if progress == .incomplete { return }
                events.append("\(progress) \(call.head.status) \(call.content) \(call.trailers.bytes)")
                if progress == .answered { begin() } else { isOver = true }
            }
        }
    }
}
