import Testing

@testable import Proxy

@Suite("traceparent") struct TraceSpanTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(
        "what is valid is gone on with",
        arguments: [
            "00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-00", "cc-\(trace)-\(parent)-01",
            "01-\(trace)-\(parent)-01-what the future brings",
        ])
    func valid(_ text: String) {
        let span = TraceSpan()
        span.begin(Array(text.utf8).span)
        #expect(span.traceID.elementsEqual(Self.trace.utf8))
        #expect(span.parentID.elementsEqual(Self.parent.utf8))
        #expect(span.spanID.count == 16 && span.flags.count == 2)
    }

    @Test("flags that mean nothing are not passed on", arguments: ["01", "ff", "fd", "81", "03", "fe", "00"])
    func flags(_ text: String) {
        let span = TraceSpan()
        span.begin(Array("00-\(Self.trace)-\(Self.parent)-\(text)".utf8).span)
        let known = (UInt8(text, radix: 16) ?? 0) & 3
        #expect(span.flags.elementsEqual("0\(known)".utf8))
    }

    @Test(
        "what is malformed begins a new trace",
        arguments: [
            "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-0", "00-\(trace)-\(parent)-01-x",
            "00-\(trace)-\(parent)-01x", "cc-\(trace)-\(parent)-01x", "ff-\(trace)-\(parent)-01",
            "00-\(trace.uppercased())-\(parent)-01", "00-00000000000000000000000000000000-\(parent)-01",
            "00-\(trace)-0000000000000000-01", "00_\(trace)-\(parent)-01", "0g-\(trace)-\(parent)-01",
            "00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01",
        ])
    func malformed(_ text: String) {
        let span = TraceSpan()
        span.begin(Array(text.utf8).span)
        #expect(span.parentID.isEmpty)
        #expect(span.traceID.count == 32 && span.spanID.count == 16)
        #expect(!span.traceID.elementsEqual(Self.trace.utf8))
        let former = span.traceID
        span.begin([UInt8]().span)
        #expect(span.traceID != former)
    }

    @Test("no text traps, whatever stands in it and wherever it ends")
    func anyText() {
        let whole = Array("00-\(Self.trace)-\(Self.parent)-01-x".utf8)
        for count in 0...whole.count {
            for byte in [0, 0x2D, 0x66, 0xFF] as [UInt8] {
                var text = Array(whole.prefix(count))
                if count > 0 { text[count / 2] = byte }
                let span = TraceSpan()
                span.begin(text.span)
                #expect(span.isKnown)
            }
        }
    }
}
