import Core
import HTTP

/// Heads of messages, and what comes before them.
extension FuzzTarget {
    /// A head comes to the same whole and in pieces.
    static let requestHead = FuzzTarget(name: "request-head", words: httpWords) { input, random in
        var limits = HeadLimits()
        if random.flip() {
            limits.clientHeaderBufferSize = 40
            limits.largeBufferSize = 48
            limits.largeBufferCount = 2
            limits.maxFields = 4
        }
        limits.underscoresInHeaders = random.flip()
        limits.ignoreInvalidHeaders = random.flip()
        let whole = RequestReading(limits)
        let wholeText = whole.read(input.buffer) ?? "incomplete"
        let pieces = RequestReading(limits)
        let text = input.inPieces(random.cuts(input.bytes.count)) { pieces.read($0) } ?? "incomplete"
        try hold(text == wholeText, "in pieces: \(text); whole: \(wholeText)")
    }

    /// A head comes to the same whole and in pieces.
    static let responseHead = FuzzTarget(name: "response-head", words: httpWords + ["200 OK"]) {
        input, random in
        let sizeMax = random.flip() ? 90 : 4096
        func reading() -> (ByteBuffer) -> String? {
            let head = ResponseHead()
            var parser = HTTP1ResponseParser()
            return { buffer in
                let outcome = parser.parse(buffer, into: head, sizeMax: sizeMax)
                if case .incomplete = outcome { return nil }
                let fields = head.fields.map {
                    "\(head.bytes.string(of: $0.name)): \(head.bytes.string(of: $0.value))"
                }
                return "\(outcome) \(head.status) \(fields)"
            }
        }
        let whole = reading()(input.buffer)
        let pieces = input.inPieces(random.cuts(input.bytes.count), reading())
        try hold(pieces == whole, "in pieces: \(pieces ?? "-"); whole: \(whole ?? "-")")
    }

    /// A header that is complete needs nothing behind it.
    static let proxyHeader = FuzzTarget(
        name: "proxy-header",
        words: [
            "PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", " ", "\r\n", "65535", "65536", "00", "::", "1.2.3.4",
            "\r\n\r\n\0\r\nQUIT\n", "\u{21}\u{11}", "\u{21}\u{21}", "\0\u{0C}", "\0\u{24}",
        ]
    ) { input, _ in
        guard case .complete(let header) = input.buffer.withReadable({ ProxyProtocolHeader.read($0) }) else {
            return
        }
        try hold(header.length <= input.bytes.count, "\(header.length) bytes of \(input.bytes.count)")
        input.fill(Array(input.bytes.prefix(header.length)))
        guard case .complete(let same) = input.buffer.withReadable({ ProxyProtocolHeader.read($0) }),
            same.length == header.length
        else { throw Broken(description: "another header without what stands behind it") }
    }

    /// One parser and its head, as a session has them.
    private final class RequestReading {
        private let limits: HeadLimits
        private let head = RequestHead()
        private var parser = HTTP1RequestParser()

        init(_ limits: HeadLimits) { self.limits = limits }

        /// What it came to; `nil`: nothing yet.
        func read(_ buffer: ByteBuffer) -> String? {
            switch parser.parse(buffer, into: head, limits: limits) {
            case .incomplete: return nil
            case .refused(let error): return "\(error)"
            case .complete(let length):
                let slices = [
                    head.methodText, head.line, head.target, head.originForm, head.path, head.query,
                    head.authority, head.host, head.upgrade, head.droppedInvalidField,
                ]
                let texts = slices.map { $0.map { buffer.string(of: $0) } ?? "-" }
                let fields = head.fields.map {
                    "\(buffer.string(of: $0.name)): \(buffer.string(of: $0.value)) \($0.isConnectionNamed)"
                }
                return "\(length) \(head.method) \(head.content) \(texts) \(fields)"
            }
        }
    }
}
