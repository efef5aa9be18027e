public import Core

/// Writes the head of a request as a field block of HTTP/2: RFC 9113 §8.3.1.
public enum HTTP2RequestWriter {
    /// Appends the field block of a head that is written as HTTP/1 has it: the request line, lines of fields.
    ///
    /// What speaks of a connection is left out (§8.2.2), and the first Host becomes `:authority`.
    /// - Parameter takesTrailers: says that fields behind the content are wanted: RFC 9110 §10.1.4.
    public static func write(
        _ head: ByteBuffer, isSecure: Bool, takesTrailers: Bool, with encoder: inout HPACKEncoder,
        to out: ByteBuffer
    ) {
        encoder.begin(out)
        let line = RequestLine(head)
        encoder.append(":method", .immediate, to: out) { $0.append(line.method, of: head) }
        encoder.append(":scheme", .immediate, to: out) {
            if isSecure { $0.append("https") } else { $0.append("http") }
        }
        encoder.append(":path", .adaptive, to: out) { $0.append(line.target, of: head) }
        if let host = host(head, from: line.end) {
            encoder.append(":authority", .immediate, to: out) { $0.append(host, of: head) }
        }
        var position = line.end
        while let field = nextField(head, &position) {
            guard field.known != .host, field.known != .te, !field.known.isConnectionSpecific else {
                continue
            }
            encoder.append(field, of: head, indexing(field, head), to: out)
        }
        if takesTrailers { encoder.append("te", .immediate, to: out) { $0.append("trailers") } }
    }

    /// Appends the field block of trailers, which are lines as HTTP/1 has them: RFC 9113 §8.1.
    public static func write(
        trailers lines: ByteBuffer, with encoder: inout HPACKEncoder, to out: ByteBuffer
    ) {
        encoder.begin(out)
        var position = 0
        while let field = nextField(lines, &position) {
            encoder.append(field, of: lines, indexing(field, lines), to: out)
        }
    }

    /// What a head takes of SETTINGS_MAX_HEADER_LIST_SIZE, about: RFC 9113 §6.5.2 has 32 bytes more for each
    /// field, of which the line's colon, space and end are four; the request line makes four fields.
    public static func listSize(of head: ByteBuffer) -> Int {
        var lineCount = 3
        var position = 0
        head.withReadable { bytes in
            while let end = ByteScan.lineFeed(in: bytes, from: position) {
                lineCount += 1
                position = end + 1
            }
        }
        return head.count + 28 * lineCount
    }

    /// Requests of many clients share the tables, and nobody is to find out by their size what others say:
    /// RFC 7541 §7.1.
    private static func indexing(_ field: Field, _ head: ByteBuffer) -> HPACKEncoder.Indexing {
        switch field.known {
        case .cookie, .authorization, .proxyAuthorization: .never
        default: .adaptive
        }
    }

    /// Method, target, and where the fields begin.
    private struct RequestLine {
        var method = Slice()
        var target = Slice()
        var end = 0

        init(_ head: ByteBuffer) {
            let lineEnd = head.withReadable { ByteScan.lineFeed(in: $0, from: 0) } ?? head.count
            end = min(lineEnd + 1, head.count)
            var first = 0
            while first < lineEnd, head[first] != .space { first += 1 }
            var last = lineEnd
            while last > first + 1, head[last - 1] != .space { last -= 1 }
            method = Slice(from: 0, to: first)
            if last > first + 1 { target = Slice(from: first + 1, to: last - 1) }
        }
    }

    private static func host(_ head: ByteBuffer, from start: Int) -> Slice? {
        var position = start
        while let field = nextField(head, &position) {
            if field.known == .host { return field.value.isEmpty ? nil : field.value }
        }
        return nil
    }

    /// The next line that is a field; others are passed over.
    private static func nextField(_ head: ByteBuffer, _ position: inout Int) -> Field? {
        head.withReadable { bytes in
            while position < bytes.count {
                let line = FieldLine.read(bytes, from: position)
                switch line.kind {
                case .field:
                    position = line.next
                    if line.oddity != .foreign { return line.field }
                case .malformed:
                    guard let end = ByteScan.lineFeed(in: bytes, from: position) else { return nil }
                    position = end + 1
                case .unfinished, .end:
                    return nil
                }
            }
            return nil
        }
    }
}
