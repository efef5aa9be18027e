import Core
import HTTP
import TestSupport
import Testing

@testable import Proxy

/// What a connection that asks for much, and takes little, has the worker hold.
@Suite("HTTP/2: memory of one connection, played turn by turn") struct HTTP2MemoryTests {
    private struct NoSession: Error {}

    private let gateway: ScriptedGateway

    init() throws { gateway = try ScriptedGateway() }

    private func play(_ location: String, window: UInt32, sendBuffer: Int32? = nil) throws -> ScriptedFrames {
        let play = try ScriptedFrames(
            serving: "location / { proxy_pass http://gateway; proxy_http_version 1.1; \(location) }",
            settings: [(4, window)], sendBuffer: sendBuffer, beside: gateway.upstream(servers: 2))
        play.client.send(ScriptedFrames.window(0, 1 << 30))
        return play
    }

    private func session(_ play: ScriptedFrames) throws -> HTTP2Session {
        guard case .http2(let session)? = play.client.session else { throw NoSession() }
        return session
    }

    private static func literal(_ name: String, _ value: String) -> [UInt8] {
        let length = value.utf8.count
        let count: [UInt8] =
            length < 127
            ? [UInt8(length)] : [127, UInt8((length - 127) & 127 | 128), UInt8((length - 127) >> 7)]
        return [0, UInt8(name.utf8.count)] + Array(name.utf8) + count + Array(value.utf8)
    }

    private func memory(of session: HTTP2Session) -> Int {
        session.streams.reduce(0) { sum, stream in
            sum + (stream?.pending?.capacity ?? 0)
                + (stream?.exchange?.upstream?.passage.spool?.memorySize ?? 0)
        }
    }

    /// Asks for so many responses, the beginnings of which come.
    private func flood(_ play: ScriptedFrames, _ head: [UInt8], _ flags: UInt8 = 5, answer: [UInt8]) throws
        -> [ScriptedGateway.Connection]
    {
        try (0..<40).map { number in
            play.client.send(ScriptedFrames.frame(.headers, flags, UInt32(2 * number + 1), head))
            let connection = try #require(gateway.accept())
            connection.send(answer)
            play.scripted.turn()
            play.scripted.turn()
            return connection
        }
    }

    @Test("many long heads are held once, and written anew for another gateway")
    func heads() throws {
        let play = try play("", window: 65_535)
        let value = String(repeating: "v", count: 3000)
        let head: [UInt8] = [0x82, 0x86, 0x04, 2] + Array("/a".utf8) + [0x41, 1, 0x61]
        var connections: [ScriptedGateway.Connection] = []
        for number in 0..<30 {
            let block = head + Self.literal("x-long", value)
            play.client.send(ScriptedFrames.frame(.headers, 5, UInt32(2 * number + 1), block))
            connections.append(try #require(gateway.accept()))
        }
        let stream = try #require(try session(play).stream(29))
        let exchange = try #require(stream.exchange)
        let first = try #require(exchange.upstream?.stream)
        #expect(stream.headBytes.capacity < 3400 && first.http1.requestHead.capacity == 0)
        let target = ByteBuffer(capacity: 16)
        first.appendTarget(to: target)
        #expect(target.bytes == Array("/a".utf8))
        let last = try #require(connections.last)
        last.read()
        let sent = last.text
        #expect(sent.contains("x-long: \(value)\r\n"))
        last.close()
        play.scripted.turn()
        play.scripted.turn()
        let next = try #require(gateway.accept())
        play.scripted.turn()
        next.read()
        #expect(next.text == sent)
    }

    private static let download: [UInt8] =
        Array("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 48000\r\n\r\n".utf8)
        + [UInt8](repeating: 0x78, count: 48_000)
    private static let long: [UInt8] =
        Array("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n".utf8)
        + [UInt8](repeating: 0x78, count: 150_000)
    private static let get: [UInt8] = [0x82, 0x86, 0x84, 0x41, 1, 0x61]

    @Test("unread downloads wait in files, and come whole")
    func downloads() throws {
        let play = try play("", window: 8192, sendBuffer: 4096)
        let connections = try flood(play, Self.get, answer: Self.download)
        let session = try session(play)
        #expect(session.heldMemory == memory(of: session) && session.heldMemory < 320 << 10)
        let isWhole = play.turns(seconds: 20) {
            for number in 0..<40 { play.client.send(ScriptedFrames.window(UInt32(2 * number + 1), 8192)) }
        } until: {
            play.received.reduce(0) { $0 + ($1.kind == 0 ? $1.payload.count : 0) } == 40 * 48_000
        }
        #expect(isWhole && session.heldMemory == 0 && connections.count == 40)
    }

    @Test("what is read ahead of a limited rate counts as what waits does")
    func rated() throws {
        let play = try play("limit_rate 1k; proxy_buffers 32 4k;", window: 1 << 30)
        let connections = try flood(play, Self.get, answer: Self.long)
        let session = try session(play)
        let spools = session.streams.compactMap { $0?.exchange?.upstream?.passage.spool }
        #expect(connections.count == 40 && spools.contains { $0.memorySize > 0 })
        #expect(session.heldMemory == memory(of: session) && session.heldMemory < 1 << 20)
    }

    @Test("small answers that no window is open for take what they are long")
    func smallAnswers() throws {
        let play = try play("", window: 0)
        let answer = Array("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc".utf8)
        let connections = try flood(play, Self.get, answer: answer)
        let session = try session(play)
        #expect(session.heldCount == 120 && session.heldMemory < 80 << 10 && connections.count == 40)
    }

    @Test("WebSockets that nobody reads hold no more than downloads")
    func tunnels() throws {
        let play = try play(
            "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;", window: 0)
        let head: [UInt8] =
            [0x02, 7] + Array("CONNECT".utf8) + [0x86, 0x84, 0x41, 1, 0x61]
            + Self.literal(":protocol", "websocket")
        let switched = Array("HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n".utf8)
        let connections = try flood(play, head, 4, answer: switched)
        for connection in connections {
            connection.send(Self.download)
            play.scripted.turn()
        }
        let session = try session(play)
        #expect(session.streams.count { $0?.tunnel != nil } == connections.count)
        #expect(session.heldMemory == memory(of: session) && session.heldMemory < 320 << 10)
    }

    @Test("trailers are kept for the location that a request ends in")
    func trailers() throws {
        let play = try ScriptedFrames(
            serving: "location / { proxy_pass http://127.0.0.1:1; error_page 502 = @other; }"
                + " location @other { proxy_pass http://gateway; proxy_http_version 1.1; proxy_pass_trailers on; }",
            settings: [(4, 65_535)], beside: gateway.upstream(servers: 1))
        play.client.send(
            ScriptedFrames.request(1, method: 0x83, isLast: false)
                + ScriptedFrames.frame(.data, 0, 1, Array("abc".utf8))
                + ScriptedFrames.frame(.headers, 5, 1, Self.literal("x-sum", "123")))
        play.scripted.turn()
        let connection = try #require(gateway.accept())
        play.scripted.turn()
        connection.read()
        #expect(connection.text.contains("x-sum: 123"))
    }
}
