internal import Core
internal import HTTP

/// What the answer that is given inherits from those that were given up for it: an upstream's, for which
/// `X-Accel-Redirect` names another source of content, or an error's that has a page.
final class KeptFields {
    private let bytes = ByteBuffer(capacity: 0)
    private var fields = FieldList()
    /// The type of whatever content is found; empty: what is found has its own.
    let contentType = ByteBuffer(capacity: 0)
    /// What its charset is to be called: `X-Accel-Charset`.
    let charset = ByteBuffer(capacity: 0)
    /// Where a redirect of our own would have led; empty if there was none.
    let location = ByteBuffer(capacity: 0)

    func reset() {
        bytes.removeAll()
        fields.removeAll()
        contentType.removeAll()
        charset.removeAll()
        location.removeAll()
    }

    /// Keeps a field whose name and value stand in `source`.
    func append(_ field: Field, of source: ByteBuffer) {
        append(field, of: source) { $0.append(field.value, of: source) }
    }

    /// Keeps a field whose name stands in `source`; `value` writes its value to the buffer it is given.
    func append(_ field: Field, of source: ByteBuffer, _ value: (ByteBuffer) -> Void) {
        let nameStart = bytes.count
        bytes.append(field.name, of: source)
        let valueStart = bytes.count
        value(bytes)
        var kept = field
        kept.name = Slice(from: nameStart, to: valueStart)
        kept.value = Slice(from: valueStart, to: bytes.count)
        fields.append(kept)
    }

    /// Keeps no field of this name.
    func forget(_ name: FieldName) {
        guard fields.contains(where: { $0.known == name }) else { return }
        let all = fields
        fields.removeAll()
        for field in all where field.known != name { fields.append(field) }
    }

    /// The answer has no content that could be asked for in ranges.
    func forgetRanges() { forget(.acceptRanges) }

    /// Puts the fields in front of the response's own.
    func add(to response: Response) {
        if fields.isEmpty && location.isEmpty { return }
        // A response leads to one place: its own, if it has one.
        let leads = !response.location.isEmpty || response.fields.contains { $0.known == .location }
        if leads { forget(.location) }
        if !leads { response.location.append(contentsOf: location) }
        if !fields.isEmpty { response.lead(with: fields, of: bytes) }
    }
}
