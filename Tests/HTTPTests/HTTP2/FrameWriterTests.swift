import Core
import HTTP
import Testing

@Suite("HTTP/2 frames that are written") struct FrameWriterTests {
    @Test("headers are nine bytes: length, kind, flags, stream (RFC 9113 §4.1)")
    func headers() {
        for (length, stream) in [(0, 1), (0x12345, 0x7FFF_FFFF), (0xFF_FFFF, 0x0102_0304)] as [(Int, UInt32)]
        {
            let out = ByteBuffer(capacity: 16)
            let header = FrameHeader(length: length, kind: .data, flags: .endStream, streamID: stream)
            FrameWriter.header(header, to: out)
            #expect(out.count == FrameHeader.byteCount)
            #expect(out.withReadable { FrameHeader.read($0) } == header)
        }
    }

    @Test("a frame that is made where its content stands is the one that a copy would be")
    func inPlace() {
        let content = ByteBuffer(capacity: 64)
        content.removeAll(leaving: FrameHeader.byteCount)
        content.append("0123456789")
        var found: [UInt8] = []
        let copied = ByteBuffer(capacity: 64)
        for (start, count) in [(0, 4), (4, 6)] {
            let piece = Slice(from: 0, to: count)
            FrameWriter.data(piece, of: content, on: 77, isLast: start == 4, to: copied)
            FrameWriter.prependData(count, on: 77, isLast: start == 4, to: content)
            let frame = Slice(from: 0, to: FrameHeader.byteCount + count)
            found += content.bytes(of: frame)
            content.consume(Int(frame.count))
        }
        #expect(found == copied.bytes && content.isEmpty)
    }
}
