import Core
import Foundation
import HTTP
import Net
import TestSupport
import Testing

@testable import Proxy

@Suite("Kept content") struct KeptContentTests {
    private static func bytes(_ count: Int) -> ByteBuffer {
        let buffer = ByteBuffer(capacity: count)
        for index in 0..<count { buffer.append(UInt8(truncatingIfNeeded: index &* 7)) }
        return buffer
    }

    @Test("what fits has its whole room at once, behind what came with the head")
    func roomIsMadeOnce() throws {
        let pool = ContentBuffers()
        let body = RequestBody(pool: pool)
        body.begin(.known(1 << 20))
        body.keep(.whole(KeepingPlan(memoryMax: 1 << 20, folder: "/nowhere")))
        #expect(try body.take(KeptContentTests.bytes(700), from: 0) == 700)
        let memory = try #require(body.place).buffer
        let capacity = memory.capacity
        #expect(capacity >= 1 << 20)
        let rest = KeptContentTests.bytes((1 << 20) - 700)
        while let place = body.place {
            #expect(place.buffer === memory)
            #expect(place.limit <= rest.count)
            let count = min(place.limit, 300_001)
            place.buffer.append(Slice(from: 0, to: count), of: rest)
            rest.consume(count)
            body.placed(count)
        }
        #expect(body.isComplete && rest.isEmpty && memory.capacity == capacity)
        #expect(body.memory.count == 1 << 20 && body.file == nil)
        // It serves the next one.
        body.reset()
        #expect(pool.isHolding)
        #expect(pool.take(capacity: 1 << 20) === memory)
    }

    @Test("client_body_in_file_only: all of it is in a file, even nothing", arguments: [0, 5, 5000])
    func alwaysInFile(count: Int) throws {
        let folder = try TemporaryDirectory()
        let body = RequestBody(pool: ContentBuffers())
        body.begin(.known(Int64(count)))
        let place = TemporaryFolder(folder.file("bodies"))
        body.keep(.whole(KeepingPlan(memoryMax: 1000, folder: place, fileUse: .cleanedUp)))
        let content = KeptContentTests.bytes(count)
        _ = try body.take(content, from: 0)
        #expect(body.isComplete)
        try body.completeKept()
        let path = try #require(body.file).path
        #expect(FileManager.default.contents(atPath: path) == Data(content.bytes))
        #expect(body.held == nil)
        body.reset()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("content that does not fit has no place in memory, and is in order in the file")
    func orderInFile() throws {
        let content = KeptContentTests.bytes(100_000)
        let body = RequestBody(pool: ContentBuffers())
        body.begin(.known(100_000))
        body.keep(.whole(KeepingPlan(memoryMax: 1000, folder: "/tmp")))
        var position = 0
        // Small pieces gather in memory, large ones do not.
        for size in [1, 600, 500, 1000, 5000, 10, 990, 1, 70_000, 999, 20_899] {
            #expect(body.place == nil)
            let piece = ByteBuffer(capacity: size)
            piece.append(Slice(from: position, to: position + size), of: content)
            position += try body.take(piece, from: 0)
            #expect(body.memory.count <= 1000 && body.memory.capacity <= 32 << 10)
        }
        #expect(body.isComplete && body.memory.isEmpty && body.file?.size == 100_000)
        body.settleOffer(of: .content)
        let out = ByteBuffer(capacity: 16)
        while !body.isGiven { #expect(body.give(to: out, atMost: 30_000)) }
        #expect(out.bytes == content.bytes)
    }

    @Test("chunks that fit grow in few steps and stay in memory")
    func chunksStayInMemory() throws {
        let body = RequestBody(pool: ContentBuffers())
        body.begin(.unknown)
        body.keep(.whole(KeepingPlan(memoryMax: 1 << 20, folder: "/nowhere")))
        var capacities: Set<Int> = []
        for _ in 0..<64 {
            let piece = ByteBuffer(capacity: 64)
            piece.append("4000\r\n")
            piece.append(contentsOf: KeptContentTests.bytes(16 << 10))
            piece.append("\r\n")
            _ = try body.take(piece, from: 0)
            capacities.insert(body.memory.capacity)
        }
        #expect(body.memory.count == 1 << 20 && capacities.count <= 4)
    }
}

/// Content that passes through without being kept.
@Suite("Streamed content") struct StreamedContentTests {
    private static func body(chunked: Bool, _ pool: ContentBuffers = ContentBuffers()) -> RequestBody {
        let body = RequestBody(pool: pool)
        body.begin(chunked ? .unknown : .known(1 << 20))
        body.keep(.stream)
        body.settleOffer(of: .content)
        return body
    }

    private static func text(_ portion: RequestBody.Portion) -> String {
        guard case .bytes(let slice, of: let buffer) = portion else { return "" }
        return buffer.string(of: slice)
    }

    @Test("a buffer is held only while there is something in it, and never more than the bound")
    func bufferIsBorrowed() throws {
        let pool = ContentBuffers()
        let body = StreamedContentTests.body(chunked: false, pool)
        let out = ByteBuffer(capacity: 16)
        for _ in 0..<3 {
            let place = try #require(body.place)
            #expect(place.limit == ContentBuffers.wideStream)
            place.buffer.append("content")
            body.placed(7)
            #expect(body.place?.limit == ContentBuffers.wideStream - 7)
            #expect(!pool.isHolding)
            #expect(StreamedContentTests.text(body.next(framing: out)) == "content")
            body.gave(3)
            #expect(StreamedContentTests.text(body.next(framing: out)) == "tent")
            body.gave(4)
            #expect(pool.isHolding)
        }
        // Nothing had come.
        _ = body.place
        body.placed(0)
        #expect(pool.isHolding)
    }

    @Test("it can be given once more until a byte of it was taken")
    func untakenIsIntact() throws {
        let body = StreamedContentTests.body(chunked: false)
        try #require(body.place).buffer.append("x")
        body.placed(1)
        let out = ByteBuffer(capacity: 16)
        _ = body.next(framing: out)
        body.gave(0)
        #expect(body.canBeSentAgain)
        body.gave(1)
        #expect(!body.canBeSentAgain)
    }

    @Test("what comes while a chunk is being sent is another chunk")
    func chunksAreNotMixed() throws {
        let body = StreamedContentTests.body(chunked: true)
        func feed(_ text: String) throws {
            let input = ByteBuffer(capacity: 64)
            input.append(text)
            #expect(try body.take(input, from: 0) == input.count)
        }
        let wire = ByteBuffer(capacity: 64)
        /// As a socket that takes so much of the content.
        func send(_ most: Int) {
            if case .bytes(let slice, of: let buffer) = body.next(framing: wire) {
                let count = min(most, Int(slice.count))
                wire.append(Slice(from: Int(slice.start), to: Int(slice.start) + count), of: buffer)
                body.gave(count)
            }
        }
        try feed("5\r\nfirst\r\n")
        send(2)
        try feed("6\r\nsecond\r\n")
        send(4)
        send(100)
        send(100)
        #expect(String(decoding: wire.bytes, as: UTF8.self) == "5\r\nfirst\r\n6\r\nsecond\r\n")
        #expect(!body.isGiven)
        try feed("3\r\nend\r\n0\r\n\r\n")
        wire.removeAll()
        send(4)
        #expect(!body.isGiven)
        send(100)
        #expect(String(decoding: wire.bytes, as: UTF8.self) == "3\r\nend\r\n0\r\n\r\n")
        #expect(body.isGiven)
    }
}

@Suite("Content buffers") struct ContentBuffersTests {
    @Test("of many streams at once only some hold much")
    func wideStreams() {
        let pool = ContentBuffers()
        let bounds = (0..<40).map { _ in pool.beginStream() }
        #expect(bounds.count { $0 == ContentBuffers.wideStream } == 16)
        #expect(bounds.last == ContentBuffers.narrowStream)
        for bound in bounds { pool.endStream(of: bound) }
        #expect(pool.beginStream() == ContentBuffers.wideStream)
    }

    @Test("a buffer serves for contents of about its size only")
    func sizesFit() {
        let pool = ContentBuffers()
        let (small, large) = (pool.take(capacity: 70_000), pool.take(capacity: 1 << 20))
        #expect(small.capacity >= 70_000 && small.capacity < 90_000)
        large.append("x")
        pool.give(small)
        pool.give(large)
        #expect(pool.take(capacity: 65_000) === small)
        #expect(pool.take(capacity: 65_000) !== large)
        #expect(pool.take(capacity: 1 << 19) === large && large.isEmpty)
    }

    @Test("what nobody took for a second is given up, and what is too much is not held")
    func excessGoes() {
        let pool = ContentBuffers()
        pool.trim(nowMs: 1000)
        let buffers = (0..<3).map { _ in pool.take(capacity: 1 << 20) }
        for buffer in buffers { pool.give(buffer) }
        pool.trim(nowMs: 1500)
        pool.trim(nowMs: 2000)
        #expect(pool.take(capacity: 1 << 20) === buffers[2])
        pool.give(buffers[2])
        pool.trim(nowMs: 3000)
        #expect(pool.take(capacity: 1 << 20) === buffers[2])
        #expect(!pool.isHolding)
        pool.give(buffers[2])
        pool.trim(nowMs: 4000)
        pool.trim(nowMs: 5000)
        #expect(!pool.isHolding)
        pool.give(ByteBuffer(capacity: 64 << 20))
        #expect(!pool.isHolding)
    }
}
