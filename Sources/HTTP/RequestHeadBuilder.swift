internal import Core

/// Makes a `RequestHead` of parts that come one by one, as a field section of HTTP/2 decodes.
///
/// Whoever decodes appends the bytes of a part to the buffer that the head points into, and says where they
/// stand. What only the protocol knows is judged there: which pseudo-fields may come, how often and when,
/// and which fields it has no place for. What every head must keep to is judged here.
struct RequestHeadBuilder {
    private let head: RequestHead
    private let bytes: ByteBuffer
    private let limits: HeadLimits

    /// Empties `head`; its parts will stand in `bytes`.
    init(_ head: RequestHead, in bytes: ByteBuffer, limits: HeadLimits) {
        self.head = head
        self.bytes = bytes
        self.limits = limits
        head.reset()
        head.version = .http2
    }

    /// `:method`; the bytes that HTTP/1 takes for one's.
    func setMethod(_ text: Slice) throws(HeadError) {
        try bytes.withReadable { (bytes) throws(HeadError) in
            for index in text.range {
                guard HTTP1RequestParser.isMethodByte(bytes[index]) else { throw .badMethod }
            }
            head.setMethod(text, bytes)
        }
    }

    /// `:scheme`
    func setScheme(_ text: Slice) { head.scheme = text }

    /// `:authority`; what is no host is refused by `finish`.
    func setAuthority(_ text: Slice) { head.authority = text }

    /// `:path`; what it is, is judged by `finish`, since the method may follow.
    func setTarget(_ text: Slice) { head.target = text }

    /// A field, in its place among the others.
    func append(name: Slice, value: Slice) throws(HeadError) {
        try bytes.withReadable { (bytes) throws(HeadError) in
            let known = FieldName.recognise(bytes.extracting(name.range))
            // Nothing is odd in a name that is known.
            let oddity = known == .other ? FieldLine.oddity(of: bytes.extracting(name.range)) : .none
            try head.take(Field(name: name, value: value, known: known), oddity, bytes, limits)
        }
    }

    /// All parts are there: settles what they mean together, and appends the line that HTTP/1 would have.
    ///
    /// - Parameter hasContent: the message does not end with its head.
    func finish(hasContent: Bool) throws(HeadError) {
        guard !head.methodText.isEmpty else { throw .badMethod }
        try bytes.withReadable { (bytes) throws(HeadError) in try settleTarget(bytes) }
        appendLine()
        head.hasLine = true
        try bytes.withReadable { (bytes) throws(HeadError) in try head.interpret(bytes) }
        switch head.content {
        case .none: if hasContent { head.content = .unknown }
        // RFC 9113 §8.1.1: it is malformed if what follows is not what was said.
        case .known(let count): if count > 0 && !hasContent { throw .badContentLength }
        case .unknown: break
        }
    }

    /// The head is refused before its end: appends the line if it is known, for logs.
    func appendRefusedLine() {
        guard head.line.isEmpty, !head.methodText.isEmpty, !head.target.isEmpty else { return }
        appendLine()
    }

    /// RFC 9113 §8.3.1: an absolute path, or `*` of OPTIONS; §8.5: CONNECT has an authority instead.
    private func settleTarget(_ bytes: Span<UInt8>) throws(HeadError) {
        if head.method == .connect, head.target.isEmpty {
            guard let authority = head.authority else { throw .badTarget }
            return head.target = authority
        }
        let text = head.target
        guard !text.isEmpty else { throw .badTarget }
        let target = bytes.extracting(text.range)
        guard ByteScan.endOfTarget(in: target, from: 0) == target.count else { throw .badTarget }
        let first = bytes[Int(text.start)]
        let isAsterisk = head.method == .options && text.count == 1 && first == UInt8(ascii: "*")
        guard isAsterisk || first == UInt8(ascii: "/") else { throw .badTarget }
        head.splitPath(bytes, from: Int(text.start), to: text.end)
    }

    private func appendLine() {
        let start = bytes.count
        bytes.append(head.methodText, of: bytes)
        bytes.append(" ")
        bytes.append(head.target, of: bytes)
        bytes.append(" ")
        bytes.append(head.version.text)
        head.line = Slice(from: start, to: bytes.count)
    }
}
