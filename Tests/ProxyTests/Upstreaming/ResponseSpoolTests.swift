import Core
import Foundation
import TestSupport
import Testing

@testable import Proxy

@Suite("Response spool") struct ResponseSpoolTests {
    private static func settings(memory: Int, file: Int64, path: String) -> ProxySettings {
        var settings = ProxySettings()
        settings.bufferCount = 1
        settings.bodyBufferSize = memory
        settings.maxTempFileSize = file
        settings.tempPath = path
        return settings
    }

    /// Bytes that differ from their neighbours.
    private static func content(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    }

    private static func append(_ bytes: some Sequence<UInt8>, to spool: ResponseSpool) -> Bool {
        let piece = ByteBuffer(capacity: 16)
        piece.append(Array(bytes))
        return spool.append(Slice(from: 0, to: piece.count), of: piece) == nil
    }

    private static func drain(_ spool: ResponseSpool) -> [UInt8] {
        let out = ByteBuffer(capacity: 16)
        var result: [UInt8] = []
        while !spool.isEmpty {
            out.removeAll()
            guard spool.take(into: out, atMost: 64 << 10), !out.isEmpty, out.count <= 64 << 10 else { break }
            result += out.bytes
        }
        return result
    }

    @Test(
        "what was put in comes out in its order, from memory or from a file",
        arguments: [1, 100, 4096, 5000], [0, 1000, 1 << 20])
    func order(piece: Int, memory: Int) throws {
        let folder = try TemporaryDirectory()
        let spool = ResponseSpool(Self.settings(memory: memory, file: 1 << 20, path: folder.path), left: nil)
        let content = Self.content(20_000)
        var taken: [UInt8] = []
        var start = 0
        while start < content.count {
            let end = min(start + piece, content.count)
            #expect(Self.append(content[start..<end], to: spool))
            start = end
            // Now and then the client takes all there is.
            if start % 7 == 0 { taken += Self.drain(spool) }
        }
        taken += Self.drain(spool)
        #expect(taken == content && spool.isEmpty)
    }

    @Test("it says when the peer must wait: memory is full, and the file as large as it may be")
    func bounds() throws {
        let folder = try TemporaryDirectory()
        let spool = ResponseSpool(Self.settings(memory: 1000, file: 5000, path: folder.path), left: nil)
        #expect(spool.isEmpty && spool.mayGrow)
        var count = 0
        while spool.mayGrow, count < 100_000 {
            #expect(Self.append(Self.content(500), to: spool))
            count += 500
        }
        #expect((5000...7000).contains(count))
        let none = ResponseSpool(Self.settings(memory: 1000, file: 0, path: folder.path), left: nil)
        #expect(Self.append(Self.content(1000), to: none) && !none.mayGrow)
    }

    @Test("one that a file takes alone gives out no more than is asked for")
    func pieces() throws {
        let folder = try TemporaryDirectory()
        let spool = ResponseSpool(
            Self.settings(memory: 1000, file: 1 << 20, path: folder.path), left: nil, usesMemory: false)
        #expect(spool.isFileAlone && Self.append(Self.content(5000), to: spool))
        let out = ByteBuffer(capacity: 16)
        #expect(spool.take(into: out, atMost: 1000) && out.count == 1000)
        #expect(Self.append(Self.content(100), to: spool))
        #expect(out.bytes + Self.drain(spool) == Self.content(5000) + Self.content(100))
        let none = ResponseSpool(
            Self.settings(memory: 1000, file: 0, path: folder.path), left: nil, usesMemory: false)
        #expect(!none.isFileAlone && Self.append(Self.content(10), to: none) && !none.mayGrow)
        #expect(Self.drain(none) == Self.content(10))
    }

    @Test("memory that others need is given up with the next content")
    func sparing() throws {
        let folder = try TemporaryDirectory()
        let spool = ResponseSpool(Self.settings(memory: 1000, file: 1 << 20, path: folder.path), left: nil)
        #expect(Self.append(Self.content(500), to: spool) && spool.memorySize >= 500)
        spool.spareMemory()
        #expect(Self.append(Self.content(700), to: spool) && spool.memorySize == 0)
        #expect(Self.append(Self.content(900), to: spool) && spool.memorySize == 0 && spool.isFileAlone)
        #expect(Self.drain(spool) == Self.content(500) + Self.content(700) + Self.content(900))
    }

    @Test("a file that cannot be written leaves all in memory, and the peer waits")
    func unwritable() {
        let spool = ResponseSpool(
            Self.settings(memory: 100, file: 5000, path: "/dev/null/folder"), left: nil)
        #expect(!Self.append(Self.content(300), to: spool))
        #expect(!spool.mayGrow && !spool.isEmpty)
        #expect(Self.drain(spool) == Self.content(300))
    }
}
