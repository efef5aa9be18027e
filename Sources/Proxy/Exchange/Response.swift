internal import Core
internal import HTTP
internal import Net

/// The response of one exchange, as the protocol towards the client will write it.
///
/// A status, fields in order, and where the content comes from. `Date`, `Server`, `Connection` and framing
/// are added by the client's protocol, which writes the fields its own way. That their bytes stand in
/// memory as HTTP/1 has them is storage, and saves that protocol from writing each: it copies them all.
final class Response {
    /// Where the content comes from.
    enum Content {
        /// None: the response ends with its head.
        case none
        /// `Response.content`, all of it at once.
        case buffered
        /// A part of a file.
        case file(OpenedFile, offset: Int64, count: Int64)
        /// An upstream's response, piece by piece as it comes.
        case streamed
    }

    enum Ranges {
        case unsaid
        /// The content may be asked for in ranges.
        case accepted
        /// It is one range of so many bytes.
        case part(Range<Int64>, of: Int64)
    }

    var status: UInt16 = 0
    /// The reason phrase an upstream gave; empty: the standard one.
    let reason = ByteBuffer(capacity: 0)
    /// The upstream's phrase counts even if it is empty.
    var hasOwnReason = false
    /// A 204 that is made here says nothing of content; what a gateway says of its own stands.
    var isOwnNoContent: Bool { status == 204 && !hasOwnReason }
    var contentKind = Content.none
    /// Content made here: error pages, `return` texts.
    let content = ByteBuffer(capacity: 0)

    /// Bytes of content, if known before it is sent. `nil`: chunked or until close.
    var contentLength: Int64?
    /// `Content-Type`; empty: none is sent.
    let contentType = ByteBuffer(capacity: 64)
    /// Seconds since the epoch for `Last-Modified`; `nil`: none is sent (or it is among `fields`).
    var lastModified: Int64?
    /// What is said about ranges of the content; it stands behind all other fields.
    var ranges = Ranges.unsaid
    /// A `Location` made absolute here; empty: none is sent (or it is among `fields`).
    let location = ByteBuffer(capacity: 0)
    /// None is added: an upstream's own stands among `fields`, or there is to be none as `proxy_pass_header`
    /// names it and the upstream has none.
    var hasOwnServer = false
    /// None is added: an upstream's own stands among `fields`.
    var hasOwnDate = false
    /// The protocol that a 101 switches to was agreed on; the connection becomes a tunnel.
    var isUpgrade = false
    /// Caches are told that others get it coded otherwise: `gzip_vary`.
    var variesByEncoding = false

    /// The bytes of further fields, in order: `Name: value CRLF` each.
    let lines = ByteBuffer(capacity: 0)
    /// Where names and values stand in `lines`.
    private(set) var fields = FieldList()
    /// Where fields stand while they are written anew; empty between uses.
    private var former = FieldList()

    /// What follows the content; kept for the next response once there was something.
    private(set) var trailers: ResponseTrailers?

    /// Fields may follow the content.
    var expectsTrailers: Bool { trailers?.isExpected ?? false }

    /// Fields may follow the content: whoever frames it has to leave room for them.
    func expectTrailers() {
        let expected = trailers ?? ResponseTrailers()
        trailers = expected
        expected.expect()
    }

    /// The time that is told: only these statuses have one of their own, as in nginx; an error page does not.
    var toldModification: Int64? {
        status == 200 || status == 206 || status == 304 ? lastModified : nil
    }

    /// Starts anew for the next response; keeps the memory.
    func reset() {
        status = 0
        reason.removeAll()
        hasOwnReason = false
        contentKind = .none
        content.removeAll()
        contentLength = nil
        contentType.removeAll()
        lastModified = nil
        ranges = .unsaid
        location.removeAll()
        hasOwnServer = false
        hasOwnDate = false
        isUpgrade = false
        variesByEncoding = false
        lines.removeAll()
        fields.removeAll()
        trailers?.reset()
    }

    /// Becomes an answer that is made at once.
    ///
    /// - Parameter write: appends the content.
    func fill(_ status: UInt16, _ type: StaticString, _ write: (ByteBuffer) -> Void) {
        self.status = status
        contentType.removeAll()
        contentType.append(type)
        content.removeAll()
        write(content)
        contentKind = .buffered
        contentLength = Int64(content.count)
    }

    /// Takes the value of a `Content-Type` that stands in `source`.
    func setContentType(_ value: Slice, of source: ByteBuffer) {
        contentType.removeAll()
        contentType.append(value, of: source)
    }

    /// Appends a field whose name and value stand in `source`.
    func add(_ field: Field, of source: ByteBuffer) {
        fields.append(lines.appendLine(of: field, in: source))
    }

    /// Appends a field with a constant name; `value` writes its value to the buffer it is given.
    func add(_ name: FieldName, _ value: (ByteBuffer) -> Void) {
        let start = lines.count
        lines.append(name.text)
        let nameEnd = lines.count
        lines.append(": ")
        let valueStart = lines.count
        value(lines)
        FieldValue.dropControls(of: lines, from: valueStart)
        close(known: name, name: Slice(from: start, to: nameEnd), valueStart: valueStart)
    }

    /// Appends a field with a configured name; a value that turns out empty adds nothing.
    func add(name: [UInt8], known: FieldName, _ value: (ByteBuffer) -> Void) {
        let start = lines.count
        lines.append(name)
        let nameEnd = lines.count
        lines.append(": ")
        let valueStart = lines.count
        value(lines)
        FieldValue.dropControls(of: lines, from: valueStart)
        guard lines.count > valueStart else { return lines.truncate(to: start) }
        close(known: known, name: Slice(from: start, to: nameEnd), valueStart: valueStart)
    }

    /// Takes out every field of a known name. For the rare response that has one to be replaced.
    func remove(_ name: FieldName) {
        guard fields.contains(where: { $0.known == name }) else { return }
        let old = ByteBuffer(capacity: lines.count)
        old.append(contentsOf: lines)
        let kept = fields.filter { $0.known != name }
        lines.removeAll()
        fields.removeAll()
        for field in kept { add(field, of: old) }
    }

    /// Gives the field of a known name this value where it stands, or at the end if there is none; further
    /// ones of that name go, and all of them if the value is empty.
    ///
    /// - Parameters:
    ///   - label: the name as it is to be written; empty: as it is, or in its usual spelling.
    ///   - scratch: an empty buffer.
    func replace(
        _ name: FieldName, named label: [UInt8], by value: ByteBuffer, using scratch: ByteBuffer
    ) {
        FieldValue.dropControls(of: value, from: 0)
        let isThere = fields.contains { $0.known == name }
        if isThere {
            scratch.append(contentsOf: lines)
            swap(&fields, &former)
            fields.removeAll()
            lines.removeAll()
            var isDue = !value.isEmpty
            for index in former.indices {
                let field = former[index]
                guard field.known == name else {
                    add(field, of: scratch)
                    continue
                }
                guard isDue else { continue }
                isDue = false
                let spelling = label.isEmpty ? scratch.bytes(of: field.name) : label
                add(name: spelling, known: name) { $0.append(contentsOf: value) }
            }
            former.removeAll()
        } else if label.isEmpty {
            add(name) { $0.append(contentsOf: value) }
        } else {
            add(name: label, known: name) { $0.append(contentsOf: value) }
        }
    }

    /// Says that the content is coded otherwise than its maker said: its length is not known, no ranges of it
    /// are served, and its tag is weak (RFC 9110 §8.8.1).
    ///
    /// - Parameters:
    ///   - coding: `Content-Encoding`; `nil`: none.
    ///   - keepsRanges: a gateway's word on ranges stands, as nginx has it.
    ///   - scratch: an empty buffer.
    func recode(_ coding: StaticString?, keepsRanges: Bool = false, using scratch: ByteBuffer) {
        contentLength = nil
        ranges = .unsaid
        scratch.append(contentsOf: lines)
        swap(&fields, &former)
        fields.removeAll()
        lines.removeAll()
        for index in former.indices {
            let field = former[index]
            switch field.known {
            case .acceptRanges where !keepsRanges: break
            case .contentEncoding: break
            case .etag: addWeakened(field, of: scratch)
            default: add(field, of: scratch)
            }
        }
        former.removeAll()
        if let coding { add(.contentEncoding) { $0.append(coding) } }
    }

    /// A tag that is none cannot be made weak: it goes.
    private func addWeakened(_ field: Field, of source: ByteBuffer) {
        let first = field.value.isEmpty ? 0 : source[Int(field.value.start)]
        if first == UInt8(ascii: "W") { return add(field, of: source) }
        guard first == UInt8(ascii: "\"") else { return }
        add(.etag) { out in
            out.append("W/")
            out.append(field.value, of: source)
        }
    }

    /// Appends what is said about ranges: when all other fields stand.
    func addRanges() {
        switch ranges {
        case .unsaid: break
        case .accepted: add(.acceptRanges) { $0.append("bytes") }
        case .part(let range, let size):
            add(.contentRange) { MultipartRanges.append(range, of: size, to: $0) }
        }
    }

    /// Puts fields in front of those that are there. For the rare response that inherits some.
    func lead(with first: FieldList, of source: ByteBuffer) {
        let old = ByteBuffer(capacity: lines.count)
        old.append(contentsOf: lines)
        let later = fields
        lines.removeAll()
        fields.removeAll()
        for field in first { add(field, of: source) }
        for field in later { add(field, of: old) }
    }

    private func close(known: FieldName, name: Slice, valueStart: Int) {
        let value = Slice(from: valueStart, to: lines.count)
        lines.append("\r\n")
        fields.append(Field(name: name, value: value, known: known, isConnectionNamed: false))
    }
}
