import Foundation
import HTTP
import Net
import TestSupport
import Testing

@testable import Proxy

/// A client of HTTP/2 that a test plays frame by frame.
struct ScriptedFrames {
    let scripted: ScriptedWorker
    let client: ScriptedClient

    /// - Parameter settings: what the client says of itself: identifiers and values.
    init(
        serving server: String, settings: [(UInt16, UInt32)] = [], sendBuffer: Int32? = nil,
        beside: String = "", minRate: Int? = 0
    ) throws {
        let pace = minRate.map { "client_min_rate \($0); " } ?? ""
        scripted = try ScriptedWorker(serving: "http2 on; \(pace)" + server, beside: beside)
        client = try ScriptedClient(of: scripted, sendBuffer: sendBuffer)
        let payload = settings.flatMap { Self.bytes($0.0) + Self.bytes($0.1) }
        client.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(.settings, 0, 0, payload))
    }

    static func bytes<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    static func frame(
        _ kind: FrameKind, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = []
    ) -> [UInt8] {
        Array(bytes(UInt32(payload.count)).dropFirst()) + [kind.rawValue, flags] + bytes(stream) + payload
    }

    static func request(_ stream: UInt32, _ path: String = "/", method: UInt8 = 0x82, isLast: Bool = true)
        -> [UInt8]
    {
        let block: [UInt8] =
            [method, 0x86, 0x04, UInt8(path.utf8.count)] + Array(path.utf8) + [0x41, 1, 0x61]
        return frame(.headers, isLast ? 5 : 4, stream, block)
    }

    static func window(_ stream: UInt32, _ count: UInt32) -> [UInt8] {
        frame(.windowUpdate, 0, stream, bytes(count))
    }

    /// What came: kind, stream and payload of each frame.
    var received: [(kind: UInt8, stream: UInt32, payload: ArraySlice<UInt8>)] {
        var frames: [(UInt8, UInt32, ArraySlice<UInt8>)] = []
        let bytes = client.received
        var position = 0
        while position + 9 <= bytes.count {
            let number = { (places: Range<Int>) in places.reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) } }
            let end = position + 9 + Int(number(position..<position + 3))
            guard end <= bytes.count else { break }
            let stream = number(position + 5..<position + 9)
            frames.append((bytes[position + 3], stream, bytes[position + 9..<end]))
            position = end
        }
        return frames
    }

    func has(_ kind: FrameKind, _ stream: UInt32) -> Bool {
        received.contains { $0.kind == kind.rawValue && $0.stream == stream }
    }

    /// Takes turns, with what the client does in each, until something holds.
    func turns(
        seconds: Double = 4, reads: Bool = true, _ act: () -> Void = {}, until holds: () -> Bool
    ) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end {
            act()
            scripted.turn(waitMs: 10)
            if reads { client.read() }
            if holds() { return true }
        }
        return false
    }
}

@Suite("HTTP/2 sessions, played turn by turn") struct HTTP2SessionTests {
    @Test("a client that reads nothing has the time of send_timeout, whatever it sends")
    func readsNothing() throws {
        let text = String(repeating: "x", count: 3000)
        let play = try ScriptedFrames(
            serving: "send_timeout 300ms; location / { return 200 \(text); }", settings: [(4, 1 << 30)],
            sendBuffer: 4096)
        play.client.send(
            ScriptedFrames.window(0, 1 << 30)
                + (0..<40).flatMap { ScriptedFrames.request(UInt32(2 * $0 + 1)) })
        // Nothing is read from here on.
        let isGone = play.turns(reads: false, until: { play.client.session == nil })
        #expect(isGone)
    }

    @Test("a window that is opened for others does not prolong send_timeout")
    func opensOtherWindows() throws {
        let play = try ScriptedFrames(
            serving: "send_timeout 300ms; location / { return 200 text; }", settings: [(4, 0)])
        play.client.send(ScriptedFrames.request(1))
        let isReset = play.turns {
            play.client.send(ScriptedFrames.window(0, 1))
        } until: {
            play.has(.resetStream, 1)
        }
        #expect(isReset)
        #expect(play.client.session != nil)
    }

    private static let upload =
        "client_header_timeout 300ms; location / { proxy_pass http://127.0.0.1:1; } location /r { return 200 r; }"

    @Test("content has its stream's time, however its frames are cut")
    func cutContent() throws {
        let play = try ScriptedFrames(serving: Self.upload)
        play.client.send(ScriptedFrames.request(1, method: 0x83, isLast: false))
        let frame = ScriptedFrames.frame(.data, 0, 1, Array("some content".utf8))
        play.client.send(frame.prefix(5))
        let end = Date(timeIntervalSinceNow: 1)
        let isEarly = play.turns {
            play.client.send(frame.dropFirst(5) + frame.prefix(5))
        } until: {
            play.client.session == nil || play.has(.goAway, 0) || Date() > end
        }
        #expect(isEarly && play.client.session != nil && !play.has(.goAway, 0))
        play.client.send(frame.dropFirst(5) + ScriptedFrames.frame(.data, 1, 1))
        // Nobody listens there: 502.
        #expect(play.turns(until: { play.has(.headers, 1) }))
    }

    @Test("half a frame that is no head holds nothing up")
    func halfPing() throws {
        let play = try ScriptedFrames(serving: "keepalive_timeout 60s;" + Self.upload)
        play.client.send(ScriptedFrames.request(1, method: 0x83, isLast: false))
        play.client.send(ScriptedFrames.frame(.ping, 0, 0, Array(repeating: 0, count: 8)).prefix(12))
        #expect(!play.turns(seconds: 0.6, until: { play.client.session == nil || play.has(.goAway, 0) }))
        play.client.send([0, 0, 0, 0, 0] + ScriptedFrames.request(3, "/r"))
        #expect(play.turns(until: { play.has(.data, 3) }))
    }

    @Test("a head that is not whole in time ends the connection by GOAWAY, and no other request")
    func halfHead() throws {
        let play = try ScriptedFrames(serving: Self.upload, settings: [(4, 0)])
        let next = ScriptedFrames.request(3)
        play.client.send(ScriptedFrames.request(1, "/r") + next.prefix(12))
        #expect(play.turns(until: { play.has(.goAway, 0) }))
        play.client.send(next.dropFirst(12) + ScriptedFrames.window(1, 100))
        #expect(play.turns(until: { play.client.isEnded }))
        #expect(play.has(.data, 1) && !play.has(.headers, 3))
    }

    @Test("a connection that asks nothing whole is told of its end")
    func halfFirstHead() throws {
        let play = try ScriptedFrames(serving: Self.upload)
        play.client.send(ScriptedFrames.request(1).prefix(12))
        #expect(play.turns(until: { play.client.isEnded }))
        #expect(play.has(.goAway, 0))
    }

    @Test("responses behind shut windows hold together what a connection may, and come whole")
    func heldTogether() throws {
        let directory = try TemporaryDirectory()
        try directory.write([UInt8](repeating: 0x78, count: 200_000), to: "large")
        let play = try ScriptedFrames(serving: "root \(directory.path);", settings: [(4, 0)])
        play.client.send((0..<100).flatMap { ScriptedFrames.request(UInt32(2 * $0 + 1), "/large") })
        #expect(play.turns(until: { play.has(.headers, 199) }))
        guard case .http2(let session)? = play.client.session else {
            Issue.record("no session of HTTP/2")
            return
        }
        #expect(session.streamCount == 100)
        // A sixteenth of `http2_body_buffers`, and a little for each of the others.
        #expect(session.heldCount >= 64 << 10 && session.heldCount < (64 + 100) << 10)
        play.client.send(ScriptedFrames.window(0, 1 << 30) + ScriptedFrames.window(199, 1 << 20))
        let isWhole = play.turns(until: {
            play.received.reduce(0) { $1.kind == 0 && $1.stream == 199 ? $0 + $1.payload.count : $0 }
                == 200_000
        })
        #expect(isWhole)
    }

    @Test("what may be held follows the memory, the stream's window, and whether the client reads")
    func holdable() throws {
        let text = String(repeating: "x", count: 3000)
        /// What a request that waits for its content, in a window of so many bytes, may hold of its answer.
        func held(window: UInt32, beside others: UInt32 = 0) throws -> Int {
            let play = try ScriptedFrames(
                serving: "location / { proxy_pass http://127.0.0.1:1; } location /t { return 200 \(text); }",
                settings: [(4, window)], sendBuffer: 4096)
            play.client.send(
                ScriptedFrames.window(0, 1 << 30) + ScriptedFrames.request(1, method: 0x83, isLast: false))
            guard case .http2(let session)? = play.client.session else { return -1 }
            let waiting = try #require(session.streams.indices.lazy.compactMap { session.stream($0) }.first)
            // Nobody reads these.
            _ = play.client.sendAhead((0..<others).flatMap { ScriptedFrames.request(2 * $0 + 3, "/t") })
            play.scripted.turn()
            #expect(session.transport.isWritable == (others == 0))
            return session.holdable(for: waiting) + session.heldMemory
        }
        let most = try held(window: 1 << 30)
        #expect(most > 512 << 10 && most < 1 << 20)
        #expect(try held(window: 100_000) == 100_000)
        #expect(try held(window: 1) == most / 16)
        // An eighth, less what the heads of the others take of it.
        let unread = try held(window: 1 << 30, beside: 8)
        #expect(unread <= most / 8 && unread > most / 10)
    }

    @Test("a window of a byte holds no more than a shut one")
    func narrowWindows() throws {
        let directory = try TemporaryDirectory()
        try directory.write([UInt8](repeating: 0x78, count: 200_000), to: "large")
        let play = try ScriptedFrames(serving: "root \(directory.path);", settings: [(4, 1)])
        play.client.send((0..<100).flatMap { ScriptedFrames.request(UInt32(2 * $0 + 1), "/large") })
        #expect(play.turns(until: { play.has(.data, 199) }))
        guard case .http2(let session)? = play.client.session else {
            Issue.record("no session of HTTP/2")
            return
        }
        #expect(session.streamCount == 100 && session.heldCount < (64 + 100) << 10)
    }

    @Test("uploads of a connection that keep much in memory go to files, and come whole")
    func keptTogether() throws {
        let directory = try TemporaryDirectory()
        let play = try ScriptedFrames(
            serving: """
                client_body_buffer_size 64k; client_body_temp_path \(directory.path);
                location / { proxy_pass http://127.0.0.1:1; }
                """)
        let piece = [UInt8](repeating: 0x78, count: 16_000)
        for stream in stride(from: UInt32(1), to: 80, by: 2) {
            play.client.send(ScriptedFrames.request(stream, method: 0x83, isLast: false))
            play.client.send(ScriptedFrames.frame(.data, 0, stream, piece))
        }
        guard case .http2(let session)? = play.client.session else {
            Issue.record("no session of HTTP/2")
            return
        }
        #expect(session.streamCount == 40)
        #expect(session.keptCount >= 192 << 10 && session.keptCount < (256 + 16) << 10)
        let files = (0..<session.streams.count).compactMap { session.stream($0)?.exchange?.body }.count {
            $0.file != nil && $0.receivedCount == 16_000
        }
        #expect(files >= 20)
        play.client.send(ScriptedFrames.frame(.data, 1, 79, []))
        #expect(play.turns(until: { play.has(.headers, 79) }))
        for stream in stride(from: UInt32(1), to: 78, by: 2) {
            play.client.send(ScriptedFrames.frame(.resetStream, 0, stream, [0, 0, 0, 8]))
        }
        #expect(session.keptCount == 0)
    }

    @Test("each request knows which it is of its connection, and how long it was")
    func counts() throws {
        let directory = try TemporaryDirectory()
        let play = try ScriptedFrames(
            serving: "access_log \(directory.path)/log n; location / { return 200 text; }",
            settings: [(4, 0)], beside: "log_format n '$connection_requests $request_length';")
        let head = ScriptedFrames.request(1).count - 9
        play.client.send(
            ScriptedFrames.request(1) + ScriptedFrames.request(3) + ScriptedFrames.request(5, "/abc"))
        play.client.send([1, 3, 5].flatMap { ScriptedFrames.window($0, 10) })
        let wanted = "1 \(head)\n2 \(head)\n3 \(head + 3)\n"
        #expect(
            play.turns(until: {
                (try? String(contentsOfFile: directory.path + "/log", encoding: .utf8)) == wanted
            }))
    }

    @Test("progress does prolong it")
    func progresses() throws {
        let play = try ScriptedFrames(
            serving: "send_timeout 300ms; location / { return 200 \(String(repeating: "x", count: 50)); }",
            settings: [(4, 0)])
        play.client.send(ScriptedFrames.request(1))
        var opensAt = Date()
        let isWhole = play.turns {
            guard Date() > opensAt else { return }
            opensAt = Date(timeIntervalSinceNow: 0.02)
            play.client.send(ScriptedFrames.window(1, 1))
        } until: {
            play.received.contains { $0.kind == 0 && $0.payload.isEmpty }
                || play.received.count { $0.kind == 0 } >= 50
        }
        #expect(isWhole && !play.has(.resetStream, 1))
    }

    @Test("a client that is slow on its only stream loses its connection; not one that has faster ones")
    func slowConnections() throws {
        let server = "keepalive_requests 1000000; client_min_rate 100; location / { return 200 text; }"
        let slow = try ScriptedFrames(serving: server, settings: [(4, 0)], minRate: nil)
        let other = try ScriptedFrames(serving: server, settings: [(4, 0)], minRate: nil)
        slow.client.send(ScriptedFrames.request(1))
        let isGone = slow.turns(seconds: 12, until: { slow.has(.goAway, 0) })
        #expect(isGone && slow.has(.resetStream, 1))
        other.client.send(ScriptedFrames.request(1))
        var next: UInt32 = 3
        let isReset = other.turns(seconds: 12) {
            other.client.send(
                ScriptedFrames.request(next) + ScriptedFrames.window(next, 100)
                    + ScriptedFrames.window(0, 100)
            )
            next += 2
        } until: {
            other.has(.resetStream, 1)
        }
        #expect(isReset && !other.has(.goAway, 0))
    }

    @Test("the end by keepalive_requests is announced, and what crosses it is answered")
    func spent() throws {
        let play = try ScriptedFrames(
            serving: "keepalive_requests 2; location / { return 200 text; }")
        play.client.send(ScriptedFrames.request(1) + ScriptedFrames.request(3))
        #expect(play.turns(until: { play.has(.goAway, 0) }))
        let announced = play.received.first { $0.kind == FrameKind.goAway.rawValue }
        #expect(announced?.payload.prefix(4) == [0x7F, 0xFF, 0xFF, 0xFF])
        play.client.send(ScriptedFrames.request(5))
        #expect(play.turns(until: { play.client.isEnded }))
        #expect(play.received.contains { $0.kind == 0 && $0.stream == 5 })
        let last = play.received.last { $0.kind == FrameKind.goAway.rawValue }
        #expect(last?.payload.prefix(4) == [0, 0, 0, 5])
    }
}
