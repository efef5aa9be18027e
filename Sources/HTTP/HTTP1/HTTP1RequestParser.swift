public import Core

/// Reads the head of an HTTP/1 request, as far as it is there, and fills a `RequestHead` with it.
///
/// RFC 9112, read as strictly as a front tier must.
///
/// Lines are judged one after the other, each when all of it is there, so that a head is refused for the
/// same reason however it was split on the way. Small: every idle connection has one.
public struct HTTP1RequestParser {
    /// What `parse` came to.
    public enum Outcome: Equatable, Sendable {
        /// The end has not arrived.
        case incomplete
        /// The head takes this many bytes of the buffer.
        case complete(length: Int)
        /// The connection cannot be used any more.
        case refused(HeadError)
    }

    private enum Stage: UInt8 { case emptyLines, requestLine, fields, complete }

    private var stage = Stage.emptyLines
    private var budget = LineBudget()
    private var lineOffset: UInt32 = 0
    private var scannedCount: UInt32 = 0

    /// Where the line under way begins.
    private var lineStart: Int {
        get { Int(lineOffset) }
        set { lineOffset = UInt32(truncatingIfNeeded: newValue) }
    }
    /// Bytes known to hold no end of that line.
    private var scanned: Int {
        get { Int(scannedCount) }
        set { scannedCount = UInt32(truncatingIfNeeded: newValue) }
    }

    /// At the beginning of a head.
    public init() {}

    /// Parses the head at the front of `buffer` into `head`, which is empty when the first bytes are there.
    ///
    /// Called again with more bytes it goes on where it stopped, so that a trickled head costs time
    /// linear in its length. The buffer must not be consumed from in between. After `.complete` the next
    /// call begins a new head.
    public mutating func parse(_ buffer: ByteBuffer, into head: RequestHead, limits: HeadLimits) -> Outcome {
        if stage == .complete { self = HTTP1RequestParser() }
        // Positions are 32 bits; the buffers of any sane configuration end long before.
        guard buffer.count < Int(UInt32.max) else { return .refused(.headTooLarge) }
        return buffer.withReadable { bytes in
            do throws(HeadError) {
                guard try advance(bytes, head, limits) else { return .incomplete }
                stage = .complete
                return .complete(length: lineStart)
            } catch {
                if !head.hasLine {
                    head.refuseLine()
                    head.line = partialLine(bytes)
                }
                return .refused(error)
            }
        }
    }

    /// Gives a head whose line will not be whole what is there of it.
    public func settleLine(of head: RequestHead, in buffer: ByteBuffer) {
        guard !head.hasLine else { return }
        buffer.withReadable { head.line = partialLine($0) }
    }

    // MARK: Line by line

    /// - Returns: whether the head is complete; `lineStart` is its length then.
    private mutating func advance(
        _ bytes: Span<UInt8>, _ head: RequestHead, _ limits: HeadLimits
    ) throws(HeadError) -> Bool {
        if stage == .emptyLines {
            guard try skipEmptyLines(bytes, limits) else { return false }
            stage = .requestLine
        }
        guard let end = ByteScan.lineFeed(in: bytes, from: max(scanned, lineStart)) else {
            return try wait(bytes, limits)
        }
        if stage == .requestLine {
            try charge(end + 1, limits)
            try Self.parseRequestLine(bytes, from: lineStart, to: end, into: head)
            lineStart = end + 1
            stage = .fields
        }
        return try parseFields(bytes, head, limits)
    }

    /// The rest of a line is still to come.
    private mutating func wait(_ bytes: Span<UInt8>, _ limits: HeadLimits) throws(HeadError) -> Bool {
        scanned = bytes.count
        let isFirst = stage == .requestLine
        if let fault = budget.judgeUnfinished(bytes.count - lineStart, isFirst: isFirst, limits) {
            throw fault
        }
        return false
    }

    private mutating func charge(_ next: Int, _ limits: HeadLimits) throws(HeadError) {
        let isFirst = stage == .requestLine
        if let fault = budget.charge(next - lineStart, isFirst: isFirst, limits) { throw fault }
    }

    /// RFC 9112 §2.2 allows empty lines before a request; nobody in earnest sends many.
    ///
    /// - Returns: whether a request line begins at `lineStart`.
    private mutating func skipEmptyLines(_ bytes: Span<UInt8>, _ limits: HeadLimits) throws(HeadError) -> Bool
    {
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
                guard HTTP1RequestParser.isMethodByte(bytes[lineStart]) else { throw .badMethod }
                return true
            }
        }
        return false
    }

    private mutating func parseFields(
        _ bytes: Span<UInt8>, _ head: RequestHead, _ limits: HeadLimits
    ) throws(HeadError) -> Bool {
        while true {
            if FieldLine.isEnd(bytes, at: lineStart) {
                return try end(at: lineStart + 2, bytes, head, limits)
            }
            let known = FieldLine.readKnown(bytes, from: lineStart)
            if known.kind == .field {
                try take(known, bytes, head, limits)
                continue
            }
            let line = FieldLine.readOther(bytes, from: lineStart)
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
                return try end(at: line.next, bytes, head, limits)
            case .field:
                try take(line, bytes, head, limits)
            }
        }
    }

    /// The empty line is there.
    private mutating func end(
        at next: Int, _ bytes: Span<UInt8>, _ head: RequestHead, _ limits: HeadLimits
    ) throws(HeadError) -> Bool {
        try charge(next, limits)
        lineStart = next
        try head.interpret(bytes)
        return true
    }

    private mutating func take(
        _ line: FieldLine, _ bytes: Span<UInt8>, _ head: RequestHead, _ limits: HeadLimits
    ) throws(HeadError) {
        try charge(line.next, limits)
        try head.take(line.field, line.oddity, bytes, limits)
        lineStart = line.next
    }

    private func partialLine(_ bytes: Span<UInt8>) -> Slice {
        var end = lineStart
        while end < bytes.count, bytes[end] != .lineFeed, bytes[end] != .carriageReturn { end += 1 }
        return Slice(from: lineStart, to: end)
    }
}
