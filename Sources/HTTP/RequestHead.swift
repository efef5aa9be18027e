public import Core

/// What the head of a request means, whatever protocol it came by: positions into one buffer, never copies.
///
/// Made by `HTTP1RequestParser`, or part by part by `RequestHeadBuilder`. Recycled: `reset` forgets, the
/// memory stays.
public final class RequestHead {
    /// `.other`: see `methodText`.
    public internal(set) var method = Method.get
    /// As it was sent.
    public internal(set) var methodText = Slice()
    /// The request line without its line end; what there is of it when the head was refused. Of a protocol
    /// without lines: as HTTP/1 would have it.
    public internal(set) var line = Slice()
    /// The request line, or what stands for it, was understood.
    public internal(set) var hasLine = false
    /// The request target as it came.
    public internal(set) var target = Slice()
    /// The target without an absolute-form's scheme and authority: path and query; nginx's `$request_uri`.
    public internal(set) var originForm = Slice()
    /// The target's path, `/` when an absolute-form has none; empty for CONNECT's authority-form, `*` for
    /// the asterisk-form of OPTIONS.
    public internal(set) var path = Slice()
    /// What stands behind `?`; `nil`: there is no `?`, or nothing behind it.
    public internal(set) var query: Slice?
    /// The target has a `?`.
    public internal(set) var hasQuery = false
    /// The scheme, as it was written; in HTTP/1 only an absolute-form target has one.
    public internal(set) var scheme: Slice?
    /// The authority that stands by itself or in the target, not in a field.
    public internal(set) var authority: Slice?
    /// The path has percent-escapes, dot segments or doubled slashes: it needs `URIPath.normalise`.
    public internal(set) var pathNeedsNormalising = false
    /// The protocol that it came by.
    public internal(set) var version = HTTPVersion.http10
    /// In the order they came in; without those that were dropped.
    public internal(set) var fields = FieldList(capacity: 8)
    /// The host that is asked for, with its port: an authority, or else the Host field.
    public internal(set) var host: Slice?
    /// Stays for the next head: it may be of the same client.
    var judgedHost = JudgedHost()
    /// Whether content follows.
    public internal(set) var content = ContentLength.none
    /// `Expect: 100-continue`.
    public internal(set) var expectsContinue = false
    /// What `Connection` says.
    public internal(set) var connection: ConnectionOptions = []
    /// The value of `Upgrade`.
    public internal(set) var upgrade: Slice?
    /// The name of the first field that was dropped because its name is invalid.
    public internal(set) var droppedInvalidField: Slice?
    /// Among the fields are some whose names have more than letters, digits and `-`.
    public private(set) var hasOddNames = false

    /// A head with room for a browser's fields.
    public init() {}

    /// Forgets the head for the next one.
    public func reset() {
        refuseLine()
        fields.removeAll()
        line = Slice()
        hasLine = false
        droppedInvalidField = nil
        hasOddNames = false
        forgetMeaning()
    }

    /// Forgets what the request line says, but for its text: it was not understood.
    func refuseLine() {
        refuseTarget()
        method = .get
        methodText = Slice()
        version = .http10
    }

    /// Forgets the target: it names nothing that could be served.
    public func refuseTarget() {
        target = Slice()
        originForm = Slice()
        path = Slice()
        query = nil
        hasQuery = false
        scheme = nil
        authority = nil
        pathNeedsNormalising = false
    }

    /// Forgets the fields: whoever they were for was not found.
    public func forgetFields() {
        fields.removeAll()
        host = nil
    }

    /// Becomes what `other` is, for a copy of its bytes.
    public func copy(_ other: RequestHead) {
        method = other.method
        methodText = other.methodText
        line = other.line
        hasLine = other.hasLine
        target = other.target
        originForm = other.originForm
        path = other.path
        query = other.query
        hasQuery = other.hasQuery
        scheme = other.scheme
        authority = other.authority
        pathNeedsNormalising = other.pathNeedsNormalising
        version = other.version
        fields.removeAll()
        for index in other.fields.indices { fields.append(other.fields[index]) }
        host = other.host
        judgedHost.forget()
        content = other.content
        expectsContinue = other.expectsContinue
        connection = other.connection
        upgrade = other.upgrade
        droppedInvalidField = other.droppedInvalidField
        hasOddNames = other.hasOddNames
    }

    /// Bytes from the beginning of its buffer to the last one that it says something of.
    public var extent: Int {
        var end = max(line.end, target.end, authority?.end ?? 0, scheme?.end ?? 0, methodText.end)
        end = max(end, originForm.end, droppedInvalidField?.end ?? 0)
        for index in fields.indices { end = max(end, fields[index].name.end, fields[index].value.end) }
        return end
    }

    /// Memory that it takes beside its bytes, in bytes: where its fields stand, and its target as it is
    /// served by.
    var extraSize: Int { fields.count * MemoryLayout<Field>.stride + Int(originForm.count) }

    /// The first field with a known name.
    public func firstField(_ known: FieldName) -> Field? {
        guard fields.mayHold(known) else { return nil }
        for index in fields.indices where fields[index].known == known { return fields[index] }
        return nil
    }

    // MARK: What makes it

    func setMethod(_ text: Slice, _ bytes: Span<UInt8>) {
        methodText = text
        method = Method.recognise(bytes.extracting(text.range))
    }

    /// Path and query of an origin-form, or the asterisk-form.
    func splitPath(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
        let target = bytes.extracting(start..<end)
        let length = ByteScan.questionMark(in: target, from: 0) ?? target.count
        let pathEnd = start &+ length
        originForm = Slice(from: start, to: end)
        path = Slice(from: start, to: pathEnd)
        pathNeedsNormalising = ByteScan.hasEscapesOrDotSegments(target.extracting(0..<length))
        hasQuery = pathEnd < end
        query = pathEnd &+ 1 < end ? Slice(from: pathEnd &+ 1, to: end) : nil
    }

    /// Takes a field, drops it for its name, or refuses the head for it.
    ///
    /// - Parameter oddity: what stands in the name besides letters, digits and `-`.
    func take(
        _ field: Field, _ oddity: FieldLine.Oddity, _ bytes: Span<UInt8>, _ limits: HeadLimits
    ) throws(HeadError) {
        if oddity != .none {
            let name = bytes.extracting(field.name.range)
            // Framing that another reader might see is refused, whatever becomes of the name.
            if FieldLine.resembles(name, "Content-Length") { throw .badContentLength }
            if FieldLine.resembles(name, "Transfer-Encoding") { throw .badTransferEncoding }
            guard limits.admit(oddity) else { return noteDropped(field) }
            hasOddNames = true
        }
        guard fields.count < limits.maxFields else { throw .tooManyFields }
        fields.append(field)
    }

    private func noteDropped(_ field: Field) {
        if droppedInvalidField == nil { droppedInvalidField = field.name }
    }

    /// Drops the fields whose names the server that the request is for does not admit: which one it is, only
    /// the whole head tells.
    public func dropInvalidFields(in bytes: ByteBuffer, _ limits: HeadLimits) {
        guard hasOddNames else { return }
        hasOddNames = false
        var kept = 0
        for index in fields.indices {
            let field = fields[index]
            let isAdmitted =
                field.known != .other
                || bytes.withBytes(of: field.name) { limits.admit(FieldLine.oddity(of: $0)) }
            guard isAdmitted else {
                noteDropped(field)
                continue
            }
            fields[kept] = field
            kept += 1
        }
        fields.truncate(to: kept)
    }
}
