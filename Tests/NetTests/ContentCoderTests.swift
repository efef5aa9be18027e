import Core
import Foundation
import Testing

@testable import Net

@Suite("Coded content") struct ContentCoderTests {
    /// Text that repeats itself now and then.
    static func sample(_ count: Int) -> [UInt8] {
        var generator = SplitMix(seed: 7)
        let words = ["upstream", "gateway", "client", " ", "\n", "0123456789", "é"].map { Array($0.utf8) }
        var out: [UInt8] = []
        while out.count < count { out += words[Int(generator.next() % UInt64(words.count))] }
        return Array(out.prefix(count))
    }

    /// What becomes of `pieces`, with so much room at a time.
    static func code(
        _ pieces: [[UInt8]], _ coder: ContentCoder, room: Int = 1000, flushes: Bool = false
    ) throws -> [UInt8] {
        let out = ByteBuffer(capacity: 16)
        let input = ByteBuffer(capacity: 16)
        for (index, piece) in pieces.enumerated() {
            input.append(piece)
            let isLast = index == pieces.count - 1
            let flush: ContentCoder.Flush = isLast ? .finish : flushes ? .sync : .none
            while true {
                let before = out.count
                let step = coder.code(input, flush, into: out, atMost: room)
                #expect(out.count - before <= room)
                if case .failed = step { throw CocoaError(.coderInvalidValue) }
                if case .wantsRoom = step { continue }
                #expect(input.isEmpty)
                break
            }
        }
        return out.bytes
    }

    static func deflate(_ level: Int = 6, windowBits: Int = 15, memoryLevel: Int = 8) -> ContentCoder.Kind {
        .deflate(level: level, windowBits: windowBits, memoryLevel: memoryLevel)
    }

    @Test("this machine has zlib, and it says its version")
    func isThere() throws {
        let version = try #require(Zlib.system?.version())
        #expect(String(cString: version).hasPrefix("1."))
    }

    @Test(
        "what was compressed comes out as it was, whatever the measures",
        arguments: [1, 6, 9], [(9, 2), (12, 5), (15, 8)])
    func roundTrip(level: Int, measures: (Int, Int)) throws {
        let content = Self.sample(70_000)
        let kind = Self.deflate(level, windowBits: measures.0, memoryLevel: measures.1)
        let coder = try #require(ContentCoder(kind))
        let small = try Self.code([content], coder)
        #expect(small.count < content.count / 2)
        #expect(try Self.code([small], try #require(ContentCoder(.inflate))) == content)
        // Forgotten, it does the same again.
        coder.restart()
        #expect(try Self.code([content], coder, room: 70_000) == small)
    }

    @Test("room for one byte at a time, and pieces cut anywhere, change nothing")
    func splits() throws {
        let content = Self.sample(300)
        let coder = try #require(ContentCoder(Self.deflate()))
        let whole = try Self.code([content], coder)
        let back = try #require(ContentCoder(.inflate))
        for cut in 0...content.count {
            coder.restart()
            let pieces = [Array(content[..<cut]), Array(content[cut...])]
            #expect(try Self.code(pieces, coder, room: cut % 7 + 1) == whole)
        }
        for cut in 0...whole.count {
            back.restart()
            let pieces = [Array(whole[..<cut]), Array(whole[cut...])]
            #expect(try Self.code(pieces, back, room: cut % 3 + 1) == content)
        }
        coder.restart()
        #expect(try Self.code(content.map { [$0] }, coder) == whole)
    }

    @Test("after a flush all that was taken can be read")
    func flush() throws {
        let coder = try #require(ContentCoder(Self.deflate(1)))
        let back = try #require(ContentCoder(.inflate))
        let input = ByteBuffer(capacity: 16)
        let small = ByteBuffer(capacity: 16)
        let out = ByteBuffer(capacity: 16)
        for index in 0..<20 {
            let text = "event \(index)\n"
            input.append(text)
            guard case .wantsInput = coder.code(input, .sync, into: small, atMost: 4096) else {
                Issue.record("not flushed")
                return
            }
            out.removeAll()
            _ = back.code(small, .none, into: out, atMost: 4096)
            #expect(out.printableText == "event \(index)\\x0A" || out.bytes == Array(text.utf8))
        }
    }

    @Test("what is no gzip fails, and what is cut never ends")
    func broken() throws {
        let coder = try #require(ContentCoder(Self.deflate()))
        let whole = try Self.code([Self.sample(5000)], coder)
        let input = ByteBuffer(capacity: 16)
        let out = ByteBuffer(capacity: 16)
        for cut in stride(from: 0, to: whole.count, by: 7) {
            let back = try #require(ContentCoder(.inflate))
            input.append(Array(whole[..<cut]))
            guard case .wantsInput = back.code(input, .finish, into: out, atMost: 10_000) else {
                Issue.record("cut at \(cut)")
                return
            }
        }
        for index in [0, 1, 2, whole.count - 1, whole.count - 5] {
            let back = try #require(ContentCoder(.inflate))
            var bad = whole
            bad[index] ^= 0x55
            input.removeAll()
            input.append(bad)
            guard case .failed = back.code(input, .finish, into: out, atMost: 10_000) else {
                Issue.record("byte \(index) is not missed")
                return
            }
        }
    }

    @Test("measures that zlib does not know are no coder")
    func refusedMeasures() {
        #expect(ContentCoder(Self.deflate(6, windowBits: 16)) == nil)
        #expect(ContentCoder(Self.deflate(10)) == nil)
        #expect(ContentCoder(Self.deflate(6, memoryLevel: 10)) == nil)
        #expect(ContentCoder(Self.deflate(.max, windowBits: -.max)) == nil)
    }
}
