public import Core

/// A parsed response head of a peer, read as distrustfully as a client's request.
///
/// It holds its own bytes, and has fields only together with them: none before the head is complete, none
/// after it was refused, whatever becomes of the buffer that it came in. Recycled: `reset` forgets, the
/// memory stays.
public final class ResponseHead {
    /// What `parse` came to.
    public enum Outcome: Equatable, Sendable {
        /// The end has not arrived.
        case incomplete
        /// The head takes this many bytes of the buffer.
        case complete(length: Int)
        /// Nothing that this peer sends on this connection can be trusted.
        case refused(ResponseHeadError)
    }

    private enum Stage { case statusLine, fields, complete }

    static var fieldsMax: Int { 1000 }
    /// 1xx responses that a peer may send before the final one.
    public static var informationalMax: Int { 16 }

    /// 100–999.
    public private(set) var status: UInt16 = 0
    /// What `reason`, the names and the values of `fields` are positions in: the whole head, once it is
    /// complete; until then, nothing.
    public let bytes = ByteBuffer(capacity: 1024)
    /// The reason phrase; may be empty.
    public private(set) var reason = Slice()
    /// 0 or 1; higher ones count as 1. The major version is 1.
    public private(set) var minorVersion: UInt8 = 0
    /// In the order they came in; none before the head is complete.
    public private(set) var fields = FieldList(capacity: 32)
    /// `nil`: there is none. Never there together with `isChunked`.
    public private(set) var contentLength: Int64?
    /// The content comes in chunks.
    public private(set) var isChunked = false
    /// What `Connection` says.
    public private(set) var connection: ConnectionOptions = []
    /// The value of `Upgrade`.
    public private(set) var upgrade: Slice?

    private var stage = Stage.statusLine
    /// Of the head that is arriving: positions in the caller's buffer, good for this call only.
    private var arriving = FieldList(capacity: 32)
    private var arrivingReason = Slice()
    private var lineStart = 0
    /// Bytes known to hold no end of the line that begins at `lineStart`.
    private var scanned = 0

    /// Something was parsed since the last `reset`: it is called more than once a request.
    private var isUsed = false

    /// A head with room for what gateways usually send.
    public init() {}

    /// Forgets the head for the next one.
    public func reset() {
        guard isUsed else { return }
        isUsed = false
        stage = .statusLine
        lineStart = 0
        scanned = 0
        status = 0
        reason = Slice()
        minorVersion = 0
        bytes.removeAll()
        fields.removeAll()
        arriving.removeAll()
        contentLength = nil
        isChunked = false
        connection = []
        upgrade = nil
    }

    /// Parses the head at the front of `buffer`, as far as it is there.
    ///
    /// Called again with more bytes it goes on where it stopped. After `.complete` the next call begins a
    /// new head; after `.refused` there is nothing to be had of this one.
    ///
    /// - Parameter sizeMax: `proxy_buffer_size`; a longer head is refused.
    public func parse(_ buffer: ByteBuffer, sizeMax: Int) -> Outcome {
        if stage == .complete { reset() }
        isUsed = true
        do throws(ResponseHeadError) {
            let isComplete = try buffer.withReadable { (bytes) throws(ResponseHeadError) in
                try advance(bytes, sizeMax)
            }
            guard isComplete else { return .incomplete }
        } catch {
            reset()
            return .refused(error)
        }
        stage = .complete
        swap(&fields, &arriving)
        reason = arrivingReason
        bytes.append(Slice(from: 0, to: lineStart), of: buffer)
        return .complete(length: lineStart)
    }

    /// The first field with a known name.
    public func firstField(_ known: FieldName) -> Field? {
        guard fields.mayHold(known) else { return nil }
        for index in fields.indices where fields[index].known == known { return fields[index] }
        return nil
    }

    /// Where the content ends. RFC 9112 §6.3.
    ///
    /// - Parameter method: of the request that this answers.
    public func framing(requestMethod method: Method) -> BodyFraming {
        if method == .head || status < 200 || status == 204 || status == 304 { return .none }
        if isChunked { return .chunked }
        if let contentLength { return .length(contentLength) }
        return .untilClose
    }

    // MARK: Line by line

    /// - Returns: whether the head is complete; `lineStart` is its length then.
    private func advance(_ bytes: Span<UInt8>, _ sizeMax: Int) throws(ResponseHeadError) -> Bool {
        if stage == .statusLine { try checkBeginning(bytes) }
        guard let end = ByteScan.lineFeed(in: bytes, from: max(scanned, lineStart)) else {
            return try wait(bytes, sizeMax)
        }
        if stage == .statusLine {
            guard end < sizeMax else { throw .tooLarge }
            try parseStatusLine(bytes.extracting(0..<(end + 1)))
            lineStart = end + 1
            stage = .fields
        }
        return try parseFields(bytes, sizeMax)
    }

    private func wait(_ bytes: Span<UInt8>, _ sizeMax: Int) throws(ResponseHeadError) -> Bool {
        scanned = bytes.count
        guard bytes.count < sizeMax else { throw .tooLarge }
        return false
    }

    /// What does not begin like a status line never becomes one.
    private func checkBeginning(_ bytes: Span<UInt8>) throws(ResponseHeadError) {
        // The same as one number, without its last byte.
        if bytes.count >= 8, ByteScan.word(in: bytes, at: 0) << 8 == 0x2E31_2F50_5454_4800 { return }
        let begin: StaticString = "HTTP/1."
        let isSame = begin.withUTF8Buffer { wanted in
            for index in 0..<min(bytes.count, wanted.count) where bytes[index] != wanted[index] {
                return false
            }
            return true
        }
        guard isSame else { throw .badStatusLine }
    }

    /// `HTTP/1.x SP 3DIGIT [SP reason]`, with its line feed. RFC 9112 §4.
    private func parseStatusLine(_ bytes: Span<UInt8>) throws(ResponseHeadError) {
        guard bytes.count > 12, bytes[7].isASCIIDigit, bytes[8] == .space else { throw .badStatusLine }
        var code: UInt16 = 0
        for index in 9..<12 {
            guard bytes[index].isASCIIDigit else { throw .badStatusLine }
            code = code * 10 + UInt16(bytes[index] &- 0x30)
        }
        guard code >= 100 else { throw .badStatusLine }
        let start = bytes[12] == .space ? 13 : 12
        let end = ByteScan.endOfText(in: bytes, from: start)
        guard start == 13 || end == 12, end < bytes.count else { throw .badStatusLine }
        let lineFeed = bytes[end] == .carriageReturn ? end + 1 : end
        guard lineFeed == bytes.count - 1 else { throw .badStatusLine }
        minorVersion = bytes[7] == UInt8(ascii: "0") ? 0 : 1
        status = code
        arrivingReason = Slice(from: start, to: end)
    }

    private func parseFields(_ bytes: Span<UInt8>, _ sizeMax: Int) throws(ResponseHeadError) -> Bool {
        while true {
            let line = FieldLine.read(bytes, from: lineStart)
            switch line.kind {
            case .unfinished:
                return try wait(bytes, sizeMax)
            case .malformed:
                guard let end = ByteScan.lineFeed(in: bytes, from: lineStart) else {
                    return try wait(bytes, sizeMax)
                }
                guard end < sizeMax else { throw .tooLarge }
                throw .badField
            case .end:
                guard line.next <= sizeMax else { throw .tooLarge }
                lineStart = line.next
                try interpret(bytes)
                return true
            case .field:
                guard line.next <= sizeMax else { throw .tooLarge }
                try take(line, bytes)
                lineStart = line.next
            }
        }
    }

    private func take(_ line: FieldLine, _ bytes: Span<UInt8>) throws(ResponseHeadError) {
        let name = bytes.extracting(line.name.range)
        if line.oddity != .none {
            guard line.oddity != .foreign else { throw .badField }
            if FieldLine.resembles(name, "Content-Length") { throw .badContentLength }
            if FieldLine.resembles(name, "Transfer-Encoding") { throw .badTransferEncoding }
        }
        guard arriving.count < ResponseHead.fieldsMax else { throw .tooManyFields }
        arriving.append(Field(name: line.name, value: line.value, known: FieldName.recognise(name)))
    }

    private func interpret(_ bytes: Span<UInt8>) throws(ResponseHeadError) {
        for index in arriving.indices {
            let value = arriving[index].value
            switch arriving[index].known {
            case .contentLength:
                guard contentLength == nil else { throw .duplicateContentLength }
                guard let length = decimalValue(bytes.extracting(value.range)) else {
                    throw .badContentLength
                }
                contentLength = length
            case .transferEncoding:
                guard !isChunked, minorVersion >= 1,
                    equalsIgnoringCase(bytes.extracting(value.range), "chunked")
                else { throw .badTransferEncoding }
                isChunked = true
            case .upgrade:
                if upgrade == nil { upgrade = value }
            default: break
            }
        }
        guard !(isChunked && contentLength != nil) else { throw .conflictingFraming }
        guard arriving.mayHold(.connection) else { return }
        guard let options = ConnectionOptions.read(bytes, &arriving) else { throw .tooManyFields }
        connection = options
    }
}
