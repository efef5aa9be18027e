public import Core

/// Reads the head of an HTTP/1 response, as distrustfully as a client's request, and fills a `ResponseHead`
/// with it.
///
/// The head that is filled has fields only together with its own bytes: none before it is complete, none
/// after it was refused, whatever becomes of the buffer that it came in.
public struct HTTP1ResponseParser {
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

    /// As nginx has no bound but the head's own size, this one is for heads of hardly anything but names.
    static var fieldsMax: Int { 16_384 }
    /// 1xx responses that a peer may send before the final one.
    public static var informationalMax: Int { 16 }

    private var stage = Stage.statusLine
    /// Of the head that is arriving: positions in the caller's buffer, good for one call only.
    private var arriving = FieldList()
    private var arrivingReason = Slice()
    private var lineStart = 0
    /// Bytes known to hold no end of the line that begins at `lineStart`.
    private var scanned = 0

    /// At the beginning of a head, with room for what gateways usually send.
    public init() {}

    /// Forgets a head that was begun.
    public mutating func reset() {
        guard stage != .statusLine || scanned > 0 else { return }
        stage = .statusLine
        lineStart = 0
        scanned = 0
        arriving.removeAll()
    }

    /// Parses the head at the front of `buffer` into `head`, as far as it is there.
    ///
    /// Called again with more bytes it goes on where it stopped. After `.complete` the next call begins a
    /// new head; after `.refused` there is nothing to be had of this one.
    ///
    /// - Parameter sizeMax: `proxy_buffer_size`; a longer head is refused.
    public mutating func parse(_ buffer: ByteBuffer, into head: ResponseHead, sizeMax: Int) -> Outcome {
        if stage == .complete {
            reset()
            head.reset()
        }
        head.isUsed = true
        // Positions are 32 bits; `proxy_buffer_size` may say what it likes.
        let sizeMax = min(sizeMax, Int(UInt32.max))
        do throws(ResponseHeadError) {
            let isComplete = try buffer.withReadable { (bytes) throws(ResponseHeadError) in
                try advance(bytes, head, sizeMax)
            }
            guard isComplete else { return .incomplete }
        } catch {
            reset()
            head.reset()
            return .refused(error)
        }
        stage = .complete
        swap(&head.fields, &arriving)
        head.reason = arrivingReason
        head.bytes.append(Slice(from: 0, to: lineStart), of: buffer)
        return .complete(length: lineStart)
    }

    // MARK: Line by line

    /// - Returns: whether the head is complete; `lineStart` is its length then.
    private mutating func advance(
        _ bytes: Span<UInt8>, _ head: ResponseHead, _ sizeMax: Int
    ) throws(ResponseHeadError) -> Bool {
        if stage == .statusLine {
            if isUsualLine(bytes), HTTP1ResponseParser.usualCount <= sizeMax {
                head.version = .http11
                head.status = 200
                arrivingReason = Slice(start: 13, count: 2)
                lineStart = HTTP1ResponseParser.usualCount
                stage = .fields
                return try parseFields(bytes, head, sizeMax)
            }
            try checkBeginning(bytes)
        }
        guard let end = ByteScan.lineFeed(in: bytes, from: max(scanned, lineStart)) else {
            return try wait(bytes, sizeMax)
        }
        if stage == .statusLine {
            guard end < sizeMax else { throw .tooLarge }
            try parseStatusLine(bytes.extracting(0..<(end + 1)), head)
            lineStart = end + 1
            stage = .fields
        }
        return try parseFields(bytes, head, sizeMax)
    }

    private mutating func wait(_ bytes: Span<UInt8>, _ sizeMax: Int) throws(ResponseHeadError) -> Bool {
        scanned = bytes.count
        guard bytes.count < sizeMax else { throw .tooLarge }
        return false
    }

    /// Bytes of the line below.
    private static var usualCount: Int { 17 }

    /// `HTTP/1.1 200 OK`, which nearly everybody says, as two numbers and a byte.
    private func isUsualLine(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= HTTP1ResponseParser.usualCount
            && ByteScan.word(in: bytes, at: 0) == HTTP1RequestParser.version11
            && ByteScan.word(in: bytes, at: 8) == 0x0D4B_4F20_3030_3220
            && bytes[HTTP1ResponseParser.usualCount - 1] == .lineFeed
    }

    /// What does not begin like a status line never becomes one.
    private func checkBeginning(_ bytes: Span<UInt8>) throws(ResponseHeadError) {
        // The same as one number, without its last byte.
        let wanted = HTTP1RequestParser.version11 << 8
        if bytes.count >= 8, ByteScan.word(in: bytes, at: 0) << 8 == wanted { return }
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
    private mutating func parseStatusLine(
        _ bytes: Span<UInt8>, _ head: ResponseHead
    ) throws(ResponseHeadError) {
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
        head.version = bytes[7] == UInt8(ascii: "0") ? .http10 : .http11
        head.status = code
        arrivingReason = Slice(from: start, to: end)
    }

    private mutating func parseFields(
        _ bytes: Span<UInt8>, _ head: ResponseHead, _ sizeMax: Int
    ) throws(ResponseHeadError) -> Bool {
        while true {
            if FieldLine.isEnd(bytes, at: lineStart) {
                return try end(at: lineStart + 2, bytes, head, sizeMax)
            }
            let known = FieldLine.readKnown(bytes, from: lineStart)
            if known.kind == .field {
                try take(known, bytes, sizeMax)
                continue
            }
            let line = FieldLine.readOther(bytes, from: lineStart)
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
                return try end(at: line.next, bytes, head, sizeMax)
            case .field:
                try take(line, bytes, sizeMax)
            }
        }
    }

    /// The empty line is there.
    private mutating func end(
        at next: Int, _ bytes: Span<UInt8>, _ head: ResponseHead, _ sizeMax: Int
    ) throws(ResponseHeadError) -> Bool {
        guard next <= sizeMax else { throw .tooLarge }
        lineStart = next
        try interpret(bytes, head)
        return true
    }

    private mutating func take(
        _ line: FieldLine, _ bytes: Span<UInt8>, _ sizeMax: Int
    ) throws(ResponseHeadError) {
        guard line.next <= sizeMax else { throw .tooLarge }
        if line.oddity != .none {
            let name = bytes.extracting(line.name.range)
            guard line.oddity != .foreign else { throw .badField }
            if FieldLine.resembles(name, "Content-Length") { throw .badContentLength }
            if FieldLine.resembles(name, "Transfer-Encoding") { throw .badTransferEncoding }
        }
        guard arriving.count < HTTP1ResponseParser.fieldsMax else { throw .tooManyFields }
        arriving.append(line.field)
        lineStart = line.next
    }

    private mutating func interpret(
        _ bytes: Span<UInt8>, _ head: ResponseHead
    ) throws(ResponseHeadError) {
        for index in arriving.indices {
            let value = arriving[index].value
            switch arriving[index].known {
            case .contentLength:
                guard head.content.declared == nil else { throw .duplicateContentLength }
                guard head.content != .unknown else { throw .conflictingFraming }
                guard let length = decimalValue(bytes.extracting(value.range)) else {
                    throw .badContentLength
                }
                head.content = .known(length)
            case .transferEncoding:
                guard head.content != .unknown, head.version >= .http11,
                    equalsIgnoringCase(bytes.extracting(value.range), "chunked")
                else { throw .badTransferEncoding }
                guard head.content == .none else { throw .conflictingFraming }
                head.content = .unknown
            case .upgrade:
                if head.upgrade == nil { head.upgrade = value }
            default: break
            }
        }
        guard arriving.mayHold(.connection) else { return }
        guard let options = ConnectionOptions.read(bytes, &arriving) else { throw .tooManyFields }
        head.connection = options
    }
}
