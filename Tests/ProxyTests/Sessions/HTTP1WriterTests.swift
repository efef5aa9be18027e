import Core
import Glibc
import Net
import Testing

@testable import Proxy

@Suite("HTTP/1 writer") struct HTTP1WriterTests {
    /// A transport and the other end of its socket.
    private final class Pair {
        let transport: Transport
        private let other: Int32
        private(set) var received: [UInt8] = []

        init() throws {
            var ends: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
            try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
            var size: Int32 = 4 << 10
            setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            transport = Transport(fd: ends[0], tls: nil)
            other = ends[1]
        }

        deinit {
            transport.close()
            Glibc.close(other)
        }

        func read() {
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = recv(other, &chunk, chunk.count, 0)
                guard count > 0 else { return }
                received += chunk[..<count]
            }
        }

        var text: String { String(decoding: received, as: UTF8.self) }
    }

    private func buffer(_ text: String) -> ByteBuffer {
        let buffer = ByteBuffer(capacity: 64)
        buffer.append(text)
        return buffer
    }

    @Test("chunks stand in their framing, in the order they were given, and nothing is an empty chunk")
    func chunked() throws {
        let pair = try Pair()
        let writer = HTTP1Writer(pool: BufferPool())
        writer.framing = .chunked
        writer.pending.append("head|")
        let content = buffer("0123456789abcdef0123456789")
        writer.append(Slice(from: 0, to: 3), of: content)
        writer.append(Slice(), of: content)
        _ = writer.send(content, over: pair.transport)
        writer.end(trailers: nil)
        guard case .bytes = writer.flush(pair.transport) else { return #expect(Bool(false), "blocked") }
        pair.read()
        #expect(pair.text == "head|3\r\n012\r\n1a\r\n0123456789abcdef0123456789\r\n0\r\n\r\n")
        #expect(content.isEmpty && writer.isEmpty)
    }

    @Test("a response without content gets none, whatever is given")
    func noContent() throws {
        let pair = try Pair()
        let writer = HTTP1Writer(pool: BufferPool())
        writer.framing = .none
        writer.pending.append("head")
        _ = writer.send(buffer("content"), over: pair.transport)
        writer.end(trailers: nil)
        _ = writer.flush(pair.transport)
        pair.read()
        #expect(pair.text == "head")
    }

    @Test("what a full socket does not take is held, and leaves in order", arguments: [false, true])
    func held(isChunked: Bool) throws {
        let pair = try Pair()
        let writer = HTTP1Writer(pool: BufferPool())
        writer.framing = isChunked ? .chunked : .identity
        let size = 256 << 10
        let content = ByteBuffer(capacity: size)
        for index in 0..<size { content.append(UInt8(ascii: "a") + UInt8(truncatingIfNeeded: index % 26)) }
        let whole = content.bytes
        writer.pending.append("head|")
        guard case .wouldBlock = writer.send(content, over: pair.transport) else {
            return #expect(Bool(false), "a socket of 4 KiB takes 256")
        }
        #expect(content.isEmpty && writer.heldCount > 0)
        var rounds = 0
        while !writer.isEmpty, rounds < 10_000 {
            pair.read()
            _ = writer.flush(pair.transport)
            rounds += 1
        }
        pair.read()
        let head = Array((isChunked ? "head|40000\r\n" : "head|").utf8)
        let end = Array((isChunked ? "\r\n" : "").utf8)
        #expect(pair.received == head + whole + end)
    }

    @Test("no more leaves than may", arguments: [1, 9, 10, 11, 20_000, 50_000])
    func limited(limit: Int64) throws {
        let scripted = try ScriptedWorker(serving: "return 200;")
        let pair = try Pair()
        let writer = HTTP1Writer(pool: BufferPool())
        writer.framing = .identity
        writer.pending.append(String(repeating: "x", count: 10))
        guard case .bytes(let sent) = writer.flush(pair.transport, limit: limit, using: scripted.worker)
        else { return #expect(Bool(false), "blocked") }
        pair.read()
        #expect(Int64(sent) == min(limit, 10) && pair.received.count == sent)
        #expect(writer.heldCount == 10 - sent)
    }
}
