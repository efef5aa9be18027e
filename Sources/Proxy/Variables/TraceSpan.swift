internal import Core

/// `$trace_id`, `$span_id` and their kin: the request's place in a trace that spans several services.
///
/// A client's `traceparent` is gone on with; where there is none, or it is malformed, a trace begins here.
///
/// - SeeAlso: W3C Trace Context, §3.2.
final class TraceSpan {
    /// 32 lower-case hexadecimal digits.
    private(set) var traceID: [UInt8] = []
    /// 16 of them: this very request.
    private(set) var spanID: [UInt8] = []
    /// 16 of them: whoever sent the request; empty: nobody.
    private(set) var parentID: [UInt8] = []
    /// Two of them.
    private(set) var flags: [UInt8] = []

    var isKnown: Bool { !traceID.isEmpty }

    func reset() {
        traceID.removeAll(keepingCapacity: true)
        spanID.removeAll(keepingCapacity: true)
        parentID.removeAll(keepingCapacity: true)
        flags.removeAll(keepingCapacity: true)
    }

    /// Goes on with what a client sent, or begins.
    func begin(_ header: Span<UInt8>) {
        reset()
        if TraceSpan.isValid(header) {
            append(header, 3..<35, to: &traceID)
            append(header, 36..<52, to: &parentID)
            // Sampled, and random of the coming version; others must not be passed on.
            flags.append(UInt8(ascii: "0"))
            flags.append(UInt8.hexDigit((header[54].hexDigitValue ?? 0) & 3))
        } else {
            draw(32, into: &traceID)
            // Gateways that go by it take part in the trace.
            flags.append(contentsOf: "01".utf8)
        }
        draw(16, into: &spanID)
    }

    /// Goes on with the request that this one was made for.
    func take(over other: TraceSpan) {
        reset()
        traceID.append(contentsOf: other.traceID)
        spanID.append(contentsOf: other.spanID)
        parentID.append(contentsOf: other.parentID)
        flags.append(contentsOf: other.flags)
    }

    /// What the next service is sent: `00-…-…-01`.
    func appendHeader(to out: ByteBuffer) {
        out.append("00-")
        out.append(traceID)
        out.append("-")
        out.append(spanID)
        out.append("-")
        out.append(flags)
    }

    private func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]) {
        for index in range where index < bytes.count { out.append(bytes[index]) }
    }

    private func draw(_ count: Int, into out: inout [UInt8]) {
        var generator = SystemRandomNumberGenerator()
        while out.count < count {
            let number: UInt64 = generator.next()
            // All zeros would be no number.
            for shift in stride(from: 60, through: 0, by: -4) where out.count < count {
                out.append(UInt8.hexDigit(UInt8(truncatingIfNeeded: max(number, 1) >> UInt64(shift)) & 0xF))
            }
        }
    }

    /// `00-` trace `-` parent `-` flags; what follows in later versions is not known here.
    static func isValid(_ header: Span<UInt8>) -> Bool {
        let dash = UInt8(ascii: "-")
        guard header.count >= 55, header[2] == dash, header[35] == dash, header[52] == dash else {
            return false
        }
        for index in 0..<55 where index != 2 && index != 35 && index != 52 {
            guard header[index].isLowercaseHex else { return false }
        }
        let isFirst = header[0] == UInt8(ascii: "0") && header[1] == UInt8(ascii: "0")
        if header[0] == UInt8(ascii: "f") && header[1] == UInt8(ascii: "f") { return false }
        if header.count > 55 && (isFirst || header[55] != dash) { return false }
        return hasDigit(header, 3..<35) && hasDigit(header, 36..<52)
    }

    /// Not all of it is zeros.
    private static func hasDigit(_ header: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where header[index] != UInt8(ascii: "0") { return true }
        return false
    }
}

extension UInt8 {
    fileprivate var isLowercaseHex: Bool { isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f") ~= self) }
}

extension Exchange {
    private static var traceParent: [UInt8] { Array("traceparent".utf8) }

    /// The request's place in its trace, found when first asked for.
    var span: TraceSpan {
        let span = values.spanToFill
        guard !span.isKnown else { return span }
        let header = worker.takeScratch()
        defer { worker.giveScratch(header) }
        _ = appendRequestField(named: Exchange.traceParent, to: header)
        header.withReadable { span.begin($0) }
        return span
    }
}

/// Variables of traces.
extension Variables {
    static var traceRows: [VariableRow] {
        [
            .always("trace_id", "The trace that the request belongs to (W3C): the client's, or a new one.") {
                $1.append($0.span.traceID)
            },
            .always("span_id", "The request itself in its trace: 16 random hexadecimal digits.") {
                $1.append($0.span.spanID)
            },
            .unlessEmpty("parent_span_id", "Who sent the request, as `traceparent` says.") {
                $1.append($0.span.parentID)
            },
            .always("trace_parent", "What the gateway's `traceparent` is to be: trace, span and flags.") {
                $0.span.appendHeader(to: $1)
            },
        ]
    }
}
