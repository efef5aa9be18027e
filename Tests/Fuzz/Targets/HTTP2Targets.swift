import Core
import HTTP

/// What clients of HTTP/2 send.
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
        let whole = ConnectionReading()
        whole.read(input.buffer)
        let pieces = ConnectionReading()
        input.fill(input.bytes)
        _ = input.inPieces(random.cuts(input.bytes.count)) { arriving -> Bool? in
            pieces.read(arriving)
            return nil
        }
        try hold(pieces.events == whole.events, "in pieces: \(pieces.events); whole: \(whole.events)")
        try hold(pieces.out.bytes == whole.out.bytes, "other answers in pieces")
        try hold(whole.out.count <= 4096 + 16 * input.bytes.count, "\(whole.out.count) bytes of answers")
    }

    /// A connection whose requests are read and whose content is taken at once.
    private final class ConnectionReading {
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
                case .incomplete, .handled, .lost, .mayContinue, .mayContinueAll, .answered: break
                }
            }
        }
    }
}
