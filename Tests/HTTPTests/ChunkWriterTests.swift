import Core
import HTTP
import Testing

@Suite("Chunks as they are written") struct ChunkWriterTests {
    @Test("what is framed is read as what it was", arguments: [1, 15, 16, 255, 4096, 70_000])
    func isRead(count: Int) throws {
        let out = ByteBuffer(capacity: count + 64)
        for size in [count, 1] {
            ChunkWriter.begin(size, to: out)
            out.append([UInt8](repeating: UInt8(ascii: "a"), count: size))
            out.append(ChunkWriter.end)
        }
        out.append(ChunkWriter.last)
        #expect(String(decoding: out.bytes.prefix(8), as: UTF8.self).hasPrefix(String(count, radix: 16)))
        var reader = ContentReader()
        reader.begin(.chunked)
        var content = 0
        var position = 0
        while case .content(let range) = try reader.next(in: out, from: position) {
            content += range.count
            position = range.upperBound
        }
        #expect(content == count + 1)
        #expect(reader.isEnded)
    }
}
