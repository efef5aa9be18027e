public import Core

/// A parsed request head: positions into the buffer it was parsed from, never copies of it.
///
/// RFC 9112, read as strictly as a front tier must. Recycled: `reset` forgets, the memory stays.
///
/// Lines are judged one after the other, each when all of it is there, so that a head is refused for the
/// same reason however it was split on the way.
public final class RequestHead {
    /// What `parse` came to.
    public enum Outcome: Equatable, Sendable {
        /// The end has not arrived.
        case incomplete
        /// The head takes this many bytes of the buffer.
        case complete(length: Int)
        /// The connection cannot be used any more.
        case refused(HeadError)
    }

    private enum Stage { case emptyLines, requestLine, fields, complete }

    /// `.other`: see `methodText`.
    public internal(set) var method = Method.get
    /// As it was sent.
    public internal(set) var methodText = Slice()
    /// The request line without its line end; what there is of it when the head was refused.
    public internal(set) var line = Slice()
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
    /// The scheme of an absolute-form target, as it was written.
    public internal(set) var scheme: Slice?
    /// The authority of an absolute-form or authority-form target.
    public internal(set) var authority: Slice?
    /// The path has percent-escapes, dot segments or doubled slashes: it needs `URIPath.normalise`.
    public internal(set) var pathNeedsNormalising = false
    /// 0 or 1; higher ones are refused. The major version is 1.
    public internal(set) var minorVersion: UInt8 = 0
    /// In the order they came in; without those that were dropped.
    public internal(set) var fields = FieldList(capacity: 32)
    /// The host that is asked for, with its port: a target's authority, or else the Host field.
    public internal(set) var host: Slice?
    /// `nil`: there is none. Never there together with `isChunked`.
    public internal(set) var contentLength: Int64?
    /// The content comes in chunks.
    public internal(set) var isChunked = false
    /// `Expect: 100-continue`.
    public internal(set) var expectsContinue = false
    /// What `Connection` says.
    public internal(set) var connection: ConnectionOptions = []
    /// The value of `Upgrade`.
    public internal(set) var upgrade: Slice?
    /// The name of the first field that was dropped because its name is invalid.
    public internal(set) var droppedInvalidField: Slice?

    private var stage = Stage.emptyLines
    private var budget = LineBudget()
    /// Where the line under way begins.
    private var lineStart = 0
    /// Bytes known to hold no end of that line.
    private var scanned = 0

    /// A head with room for a browser's fields.
    public init() {}

    /// Forgets the head for the next one.
    public func reset() {
        refuseLine()
        stage = .emptyLines
        budget = LineBudget()
        lineStart = 0
        scanned = 0
        fields.removeAll()
        line = Slice()
        droppedInvalidField = nil
        forgetMeaning()
    }

    /// The request line was understood.
    public var hasLine: Bool { stage == .fields || stage == .complete }

    /// Forgets what the request line says, but for its text: it was not understood.
    private func refuseLine() {
        refuseTarget()
        method = .get
        methodText = Slice()
        minorVersion = 0
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

    /// Parses the head at the front of `buffer`, as far as it is there.
    ///
    /// Called again with more bytes it goes on where it stopped, so that a trickled head costs time
    /// linear in its length. The buffer must not be consumed from in between. After `.complete` the next
    /// call begins a new head.
    public func parse(_ buffer: ByteBuffer, limits: HeadLimits) -> Outcome {
        if stage == .complete { reset() }
        return buffer.withReadable { bytes in
            do throws(HeadError) {
                guard try advance(bytes, limits) else { return .incomplete }
                stage = .complete
                return .complete(length: lineStart)
            } catch {
                if !hasLine {
                    refuseLine()
                    line = partialLine(bytes)
                }
                return .refused(error)
            }
        }
    }

    /// The first field with a known name.
    public func firstField(_ known: FieldName) -> Field? {
        guard fields.mayHold(known) else { return nil }
        for index in fields.indices where fields[index].known == known { return fields[index] }
        return nil
    }

    // MARK: Line by line

    /// - Returns: whether the head is complete; `lineStart` is its length then.
    private func advance(_ bytes: Span<UInt8>, _ limits: HeadLimits) throws(HeadError) -> Bool {
        if stage == .emptyLines {
            guard try skipEmptyLines(bytes, limits) else { return false }
            stage = .requestLine
        }
        guard let end = ByteScan.lineFeed(in: bytes, from: max(scanned, lineStart)) else {
            return try wait(bytes, limits)
        }
        if stage == .requestLine {
            try charge(end + 1, limits)
            try parseRequestLine(bytes, from: lineStart, to: end)
            lineStart = end + 1
            stage = .fields
        }
        return try parseFields(bytes, limits)
    }

    /// The rest of a line is still to come.
    private func wait(_ bytes: Span<UInt8>, _ limits: HeadLimits) throws(HeadError) -> Bool {
        scanned = bytes.count
        let isFirst = stage == .requestLine
        if let fault = budget.judgeUnfinished(bytes.count - lineStart, isFirst: isFirst, limits) {
            throw fault
        }
        return false
    }

    private func charge(_ next: Int, _ limits: HeadLimits) throws(HeadError) {
        let isFirst = stage == .requestLine
        if let fault = budget.charge(next - lineStart, isFirst: isFirst, limits) { throw fault }
    }

    /// RFC 9112 §2.2 allows empty lines before a request; nobody in earnest sends many.
    ///
    /// - Returns: whether a request line begins at `lineStart`.
    private func skipEmptyLines(_ bytes: Span<UInt8>, _ limits: HeadLimits) throws(HeadError) -> Bool {
        while lineStart < bytes.count {
            guard lineStart <= limits.clientHeaderBufferSize else { throw .badRequestLine }
            switch bytes[lineStart] {
            case .lineFeed:
                lineStart += 1
            case .carriageReturn:
                guard lineStart + 1 < bytes.count else { return false }
                guard bytes[lineStart + 1] == .lineFeed else { throw .badMethod }
                lineStart += 2
            default:
                // What cannot become a request, a TLS hello above all, is not waited for.
                guard RequestHead.isMethodByte(bytes[lineStart]) else { throw .badMethod }
                return true
            }
        }
        return false
    }

    private func parseFields(_ bytes: Span<UInt8>, _ limits: HeadLimits) throws(HeadError) -> Bool {
        while true {
            let line = FieldLine.read(bytes, from: lineStart)
            switch line.kind {
            case .unfinished:
                return try wait(bytes, limits)
            case .malformed:
                guard let end = ByteScan.lineFeed(in: bytes, from: lineStart) else {
                    return try wait(bytes, limits)
                }
                try charge(end + 1, limits)
                throw .badField
            case .end:
                try charge(line.next, limits)
                lineStart = line.next
                try interpret(bytes)
                return true
            case .field:
                try charge(line.next, limits)
                try take(line, bytes, limits)
                lineStart = line.next
            }
        }
    }

    private func take(_ line: FieldLine, _ bytes: Span<UInt8>, _ limits: HeadLimits) throws(HeadError) {
        let name = bytes.extracting(line.name.range)
        if line.oddity != .none {
            // Framing that another reader might see is refused, whatever becomes of the name.
            if FieldLine.resembles(name, "Content-Length") { throw .badContentLength }
            if FieldLine.resembles(name, "Transfer-Encoding") { throw .badTransferEncoding }
            let isValid = line.oddity == .underscore && limits.underscoresInHeaders
            guard isValid || !limits.ignoreInvalidHeaders else {
                if droppedInvalidField == nil { droppedInvalidField = line.name }
                return
            }
        }
        guard fields.count < limits.maxFields else { throw .tooManyFields }
        fields.append(Field(name: line.name, value: line.value, known: FieldName.recognise(name)))
    }

    private func partialLine(_ bytes: Span<UInt8>) -> Slice {
        var end = lineStart
        while end < bytes.count, bytes[end] != .lineFeed, bytes[end] != .carriageReturn { end += 1 }
        return Slice(from: lineStart, to: end)
    }
}
