import Core
import HTTP
import Testing

/// What a parsed request head says, copied out so that two parses can be compared.
struct RequestSummary: Equatable, CustomStringConvertible {
    var outcome: HTTP1RequestParser.Outcome
    var method = Method.other
    var texts: [String] = []
    var fields: [String] = []
    var content = ContentLength.none

    var description: String { "\(outcome) \(method) \(texts) \(fields)" }

    init(_ outcome: HTTP1RequestParser.Outcome, _ head: RequestHead, _ buffer: ByteBuffer) {
        self.outcome = outcome
        guard case .complete = outcome else { return }
        method = head.method
        let slices = [
            head.methodText, head.line, head.target, head.originForm, head.path, head.query, head.authority,
            head.host,
            head.upgrade, head.droppedInvalidField,
        ]
        texts = slices.map { $0.map { buffer.string(of: $0) } ?? "-" }
        fields = head.fields.map {
            "\(buffer.string(of: $0.name))=\(buffer.string(of: $0.value))/\($0.known)/\($0.isConnectionNamed)"
        }
        content = head.content
    }
}

/// Parses `sample`, which arrives in pieces that end at `cuts`.
func parseRequest(_ sample: [UInt8], cuts: [Int] = [], limits: HeadLimits = HeadLimits()) -> RequestSummary {
    let head = RequestHead()
    var parser = HTTP1RequestParser()
    let buffer = ByteBuffer(capacity: 16)
    var outcome = HTTP1RequestParser.Outcome.incomplete
    var start = 0
    for cut in cuts + [sample.count] {
        buffer.append(Array(sample[start..<cut]))
        start = cut
        outcome = parser.parse(buffer, into: head, limits: limits)
        guard case .incomplete = outcome else { break }
    }
    return RequestSummary(outcome, head, buffer)
}

/// Parses `sample` whole, byte by byte and split at each point; all of them must come to the same.
func parseEverySplit(
    of sample: [UInt8], limits: HeadLimits = HeadLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> RequestSummary {
    let whole = parseRequest(sample, limits: limits)
    let trickled = parseRequest(sample, cuts: Array(0..<sample.count), limits: limits)
    #expect(trickled == whole, "byte by byte", sourceLocation: sourceLocation)
    for cut in 0..<sample.count {
        let split = parseRequest(sample, cuts: [cut], limits: limits)
        #expect(split == whole, "split at \(cut)", sourceLocation: sourceLocation)
    }
    return whole
}

func parseEverySplit(
    of sample: String, limits: HeadLimits = HeadLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> RequestSummary {
    parseEverySplit(of: bytes(sample), limits: limits, sourceLocation: sourceLocation)
}

/// One byte a scalar, so that samples can hold 8-bit bytes.
func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

func filled(_ text: String) -> ByteBuffer {
    let buffer = ByteBuffer(capacity: 16)
    buffer.append(bytes(text))
    return buffer
}

/// Calls `body` with the bytes of `text`.
func withSpan<R>(_ text: String, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
    try bytes(text).withUnsafeBufferPointer { try body($0.span) }
}

extension SplitMix {
    /// `sample` with a few bytes changed, dropped, doubled or swapped for meaningful ones.
    mutating func mutate(_ sample: [UInt8]) -> [UInt8] {
        let spice: [UInt8] = bytes("\r\n\0\t :;,/.%?#0fF9xA_-\u{7F}\u{80}\u{FF}")
        var result = sample
        for _ in 0..<Int.random(in: 1...4, using: &self) where !result.isEmpty {
            let index = Int.random(in: 0..<result.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: result[index] = UInt8.random(in: 0...255, using: &self)
            case 1: result[index] = spice.randomElement(using: &self) ?? 0
            case 2: result.remove(at: index)
            case 3: result.insert(spice.randomElement(using: &self) ?? 0, at: index)
            default: result.insert(contentsOf: result[index..<min(index + 9, result.count)], at: index)
            }
        }
        return result
    }
}
