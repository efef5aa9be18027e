import Core
import HTTP
import Testing

@Suite("HTTP/2 connections to peers") struct HTTP2ClientConnectionTests {
    private static let ok: [PlainField] = [.init(":status", "200"), .init("content-type", "text/plain")]

    /// The slots' names do not matter, where the frames stood does not either.
    private static func plain(_ events: [HTTP2PeerEvent]) -> [String] {
        events.filter { $0 != .handled }.map { event in
            if case .content(let slot, let content, let isLast) = event {
                return "content \(slot) \(content.count) \(isLast)"
            }
            return "\(event)"
        }
    }

    @Test("a connection begins with the preface and settings that push nothing")
    func preface() {
        let peer = ScriptedPeer(opens: false)
        let bytes = peer.out.bytes
        #expect(String(decoding: bytes.prefix(24), as: UTF8.self) == "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        #expect(bytes[24..<33] == [0, 0, 12, 4, 0, 0, 0, 0, 0])
        #expect(bytes[33..<39] == [0, 2, 0, 0, 0, 0])
        #expect(peer.connection.isUnsettled && peer.connection.mayBegin)
    }

    // MARK: Responses

    @Test("responses mean the same wherever they are split")
    func everySplit() {
        let sample = ScriptedPeer()
        sample.frame(.settings, stream: 0, [0, 3, 0, 0, 0, 9, 0, 4, 0, 0, 1, 0])
        sample.fields(1, [.init(":status", "103"), .init("link", "</a>")])
        sample.fields(1, Self.ok)
        sample.frame(.data, [.padded], stream: 1, [2] + bytes("abc") + [0, 0])
        sample.fields(3, Self.ok + [.init("content-length", "2")])
        sample.frame(.data, [.endStream], stream: 3, bytes("ok"))
        sample.fields(1, [.init("grpc-status", "0")], isLast: true)
        sample.frame(.goAway, stream: 0, [0, 0, 0, 3, 0, 0, 0, 0])
        let all = sample.input.bytes
        func read(_ cuts: [Int]) -> ([String], [HTTP2ClientConnection.HeadOutcome], [UInt8], [UInt8]) {
            let peer = ScriptedPeer()
            _ = peer.ask()
            _ = peer.ask()
            var events: [HTTP2PeerEvent] = []
            var start = 0
            for cut in cuts + [all.count] {
                peer.input.append(Array(all[start..<cut]))
                events += peer.run()
                start = cut
            }
            return (Self.plain(events), peer.heads, peer.trailers.bytes, peer.out.bytes)
        }
        let whole = read([])
        #expect(
            whole.0 == [
                "settled", "head(slot: 0)", "head(slot: 0)", "content 0 3 false", "head(slot: 1)",
                "content 1 2 true", "trailers(slot: 0)",
                "leaving(Optional(HTTP.HTTP2ErrorCode.noError))",
            ])
        #expect(
            whole.1 == [
                .interim, .complete(isLast: false), .complete(isLast: false), .complete(isLast: true),
            ])
        #expect(whole.2 == bytes("grpc-status: 0\r\n"))
        for cut in 1..<all.count { #expect(read([cut]) == whole, "split at \(cut)") }
        #expect(read(Array(1..<all.count)) == whole, "byte by byte")
    }

    static let refusedHeads: [(String, [PlainField])] = [
        ("no status", [.init("a", "b")]),
        ("two", [.init(":status", "200"), .init(":status", "200")]),
        ("behind a field", [.init("a", "b"), .init(":status", "200")]),
        ("no number", [.init(":status", "2x0")]),
        ("too short", [.init(":status", "20")]),
        ("of a request", [.init(":status", "200"), .init(":path", "/")]),
        ("a zero in a name", [.init(":status", "200"), .init("a\u{0}b", "c")]),
        ("no token, as in HTTP/1", [.init(":status", "200"), .init("a(b", "c")]),
        ("a line's end", [.init(":status", "200"), .init("a", "b\r\nc: d")]),
        ("a connection's", [.init(":status", "200"), .init("connection", "close")]),
        ("chunked", [.init(":status", "200"), .init("transfer-encoding", "chunked")]),
        ("no length", [.init(":status", "200"), .init("content-length", "1x")]),
        (
            "two lengths",
            [.init(":status", "200"), .init("content-length", "1"), .init("content-length", "1")]
        ),
        ("nearly a length", [.init(":status", "200"), .init("content_length", "1")]),
        ("nearly a coding", [.init(":status", "200"), .init("transfer_encoding", "chunked")]),
        ("101", [.init(":status", "101")]),
        ("too much", [.init(":status", "200"), .init("a", String(repeating: "b", count: 5000))]),
    ]

    @Test("a head that may not be is refused, and the stream behind it reads on", arguments: refusedHeads)
    func refused(_ row: (String, [PlainField])) {
        let peer = ScriptedPeer()
        let first = peer.ask()
        _ = peer.ask()
        peer.fields(1, row.1)
        _ = peer.run()
        guard case .refused? = peer.heads.last else {
            Issue.record("\(row.0): \(peer.heads)")
            return
        }
        #expect(peer.head.fields.isEmpty && peer.head.bytes.isEmpty || row.0 == "101")
        peer.connection.end(first, .cancel, peer.out)
        #expect(peer.answers() == ["RST_STREAM 1 CANCEL"])
        peer.fields(3, Self.ok)
        _ = peer.run()
        #expect(peer.heads.last == .complete(isLast: false) && peer.head.status == 200)
    }

    @Test("a response without content has none, whatever it says of its length")
    func withoutContent() {
        for (isHead, status) in [(true, "200"), (false, "204"), (false, "304")] {
            let peer = ScriptedPeer()
            _ = peer.ask(isHead: isHead)
            peer.fields(1, [.init(":status", status), .init("content-length", "9")])
            _ = peer.run()
            #expect(peer.heads == [.complete(isLast: false)])
            peer.frame(.data, [.endStream], stream: 1)
            #expect(Self.plain(peer.run()) == ["content 0 0 true"])
        }
    }

    // MARK: One stream's fault

    static let streamFaults:
        [(name: String, frames: @Sendable (ScriptedPeer) -> Void, code: HTTP2ErrorCode)] = [
            ("content before a head", { $0.frame(.data, stream: 1, [1]) }, .protocolError),
            (
                "more than was said",
                {
                    $0.fields(1, [.init(":status", "200"), .init("content-length", "1")])
                    $0.frame(.data, stream: 1, [1, 2])
                }, .protocolError
            ),
            (
                "less than was said",
                {
                    $0.fields(1, [.init(":status", "200"), .init("content-length", "2")])
                    $0.frame(.data, [.endStream], stream: 1, [1])
                }, .protocolError
            ),
            (
                "trailers that do not end it",
                {
                    $0.fields(1, ok)
                    $0.fields(1, [.init("a", "b")])
                }, .protocolError
            ),
            (
                "content behind its end",
                {
                    $0.fields(1, ok, isLast: true)
                    $0.frame(.data, stream: 1, [1])
                }, .streamClosed
            ),
            (
                "more than its window",
                { peer in
                    peer.fields(1, ok)
                    _ = peer.run()
                    for _ in 0..<5 { peer.frame(.data, stream: 1, [UInt8](repeating: 0, count: 16_000)) }
                    while case let event = peer.connection.receive(peer.input, out: peer.out, nowMs: 0),
                        case .content = event
                    {}
                    peer.frame(.windowUpdate, stream: 1, [0, 0, 0, 0])
                }, .flowControlError
            ),
            ("no window", { $0.frame(.windowUpdate, stream: 1, [0, 0, 0, 0]) }, .protocolError),
        ]

    @Test("what is wrong with a stream ends that stream", arguments: streamFaults.indices)
    func streamFault(_ row: Int) {
        let (name, frames, code) = Self.streamFaults[row]
        let peer = ScriptedPeer()
        _ = peer.ask()
        frames(peer)
        let events = peer.run()
        let isReset = peer.answers().contains("RST_STREAM 1 \(code.name)")
        #expect(isReset, "\(name): \(events)")
        #expect(peer.connection.streamCount == 0 && !peer.connection.isLeaving)
        // What is still on its way is dropped.
        peer.frame(.data, stream: 1, [1])
        #expect(peer.run() == [.handled] && peer.answers().isEmpty)
    }

    @Test("a reset says whether anything was done")
    func resets() {
        let peer = ScriptedPeer()
        _ = peer.ask()
        _ = peer.ask()
        peer.reset(1, .refusedStream)
        peer.reset(3, .cancel)
        #expect(peer.run() == [.lost(slot: 0, .refused), .lost(slot: 1, .reset(.cancel))])
    }

    // MARK: The connection's fault

    static let connectionFaults: [(name: String, kind: FrameKind, stream: UInt32, payload: [UInt8])] = [
        ("a push", .pushPromise, 1, [0, 0, 0, 2]),
        ("an even stream", .headers, 2, []),
        ("a stream that was not begun", .data, 5, [1]),
        ("a reset of none", .resetStream, 7, [0, 0, 0, 0]),
        ("settings that push", .settings, 0, [0, 2, 0, 0, 0, 1]),
        ("a window too large", .settings, 0, [0, 4, 0x80, 0, 0, 0]),
        ("a frame size too small", .settings, 0, [0, 5, 0, 0, 0, 1]),
        ("a window opened by none", .windowUpdate, 0, [0, 0, 0, 0]),
        ("a window opened too far", .windowUpdate, 0, [0x7F, 0xFF, 0xFF, 0xFF]),
        ("a size of PING", .ping, 0, [1]),
        ("a continuation of nothing", .continuation, 1, []),
        ("a bad index", .headers, 1, [0xFF, 0x7F]),
        ("a priority", .priorityUpdate, 0, [0, 0, 0, 1]),
    ]

    @Test("what is wrong with a connection ends it", arguments: connectionFaults)
    func connectionFault(_ row: (name: String, kind: FrameKind, stream: UInt32, payload: [UInt8])) {
        let peer = ScriptedPeer()
        _ = peer.ask()
        peer.frame(row.kind, row.kind == .headers ? [.endHeaders] : [], stream: row.stream, row.payload)
        let events = peer.run()
        var isFailed = peer.connection.isLeaving
        if case .failed? = events.last { isFailed = true }
        #expect(isFailed, "\(row.name): \(events)")
        #expect(peer.answers().last?.hasPrefix("GOAWAY") == true)
        peer.frame(.ping, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(peer.run().isEmpty)
    }

    @Test("the first frame is SETTINGS")
    func first() {
        let peer = ScriptedPeer(opens: false)
        peer.out.removeAll()
        peer.frame(.ping, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(peer.run() == [.failed(.protocolError)])
    }

    @Test("floods end the connection; a busy one has none")
    func floods() {
        let kinds: [(FrameKind, UInt32, [UInt8])] = [
            (.ping, 0, [0, 0, 0, 0, 0, 0, 0, 0]), (.settings, 0, []), (.priority, 1, [0, 0, 0, 0, 0]),
            (.other, 0, []), (.windowUpdate, 1, [0, 0, 0, 1]), (.data, 1, []),
        ]
        for (kind, stream, payload) in kinds {
            let peer = ScriptedPeer()
            _ = peer.ask()
            peer.fields(1, Self.ok)
            var events: [HTTP2PeerEvent] = []
            for _ in 0..<3000 where events.last != .failed(.enhanceYourCalm) {
                peer.frame(kind, stream: stream, payload)
                events += peer.run()
            }
            #expect(events.last == .failed(.enhanceYourCalm), "\(kind)")
        }
    }

    // MARK: Windows, and the end

    @Test("windows follow the peer's settings, even below zero, and open as content is taken")
    func windows() {
        let peer = ScriptedPeer()
        let slot = peer.ask(isLast: false)
        #expect(peer.connection.allowance(of: slot) == 65_535)
        peer.connection.sent(60_000, of: slot)
        peer.frame(.settings, stream: 0, [0, 4, 0, 0, 0, 1])
        #expect(peer.run() == [.settled])
        #expect(peer.connection.allowance(of: slot) == 0)
        peer.frame(.windowUpdate, stream: 1, [0, 0, 0xEA, 0x60])
        #expect(peer.run() == [.mayContinue(slot: 0)])
        #expect(peer.connection.allowance(of: slot) == 1)
        peer.out.removeAll()
        peer.fields(1, Self.ok)
        peer.frame(.data, stream: 1, [UInt8](repeating: 0, count: 16_000))
        peer.frame(.data, stream: 1, [UInt8](repeating: 0, count: 16_000))
        peer.frame(.data, stream: 1, [UInt8](repeating: 0, count: 16_000))
        _ = peer.run()
        #expect(peer.answers() == [String](repeating: "WINDOW_UPDATE 1 16000", count: 3))
    }

    @Test("a stream may send little before anybody takes of it, and more when its window is made wide")
    func wideWindow() {
        let peer = ScriptedPeer()
        let limits = HTTP2PeerLimits()
        let slot = peer.ask()
        peer.out.removeAll()
        peer.connection.consumed(limits.streamWindow / 2, of: slot, out: peer.out)
        peer.connection.widen(slot, out: peer.out)
        peer.connection.widen(slot, out: peer.out)
        peer.connection.consumed(limits.streamWindow / 2, of: slot, out: peer.out)
        peer.connection.consumed(limits.wideWindow / 2 - limits.streamWindow / 2, of: slot, out: peer.out)
        let extra = limits.wideWindow - limits.streamWindow
        #expect(
            peer.answers() == [
                "WINDOW_UPDATE 1 \(limits.streamWindow / 2)", "WINDOW_UPDATE 1 \(extra)",
                "WINDOW_UPDATE 1 \(limits.wideWindow / 2)",
            ])
    }

    @Test("GOAWAY: what was never looked at is known, the rest goes on, nothing begins")
    func goAway() {
        let peer = ScriptedPeer()
        for _ in 0..<3 { _ = peer.ask() }
        peer.frame(.goAway, stream: 0, [0, 0, 0, 1, 0, 0, 0, 0])
        #expect(peer.run() == [.leaving(.noError)])
        #expect(!peer.connection.mayBegin && peer.connection.isLeaving)
        #expect(
            [peer.connection.takeUnseen(), peer.connection.takeUnseen()].compactMap { $0 }.sorted() == [1, 2])
        #expect(peer.connection.takeUnseen() == nil)
        peer.fields(1, Self.ok, isLast: true)
        #expect(peer.run() == [.head(slot: 0)] && peer.heads == [.complete(isLast: true)])
        peer.connection.end(0, .noError, peer.out)
        #expect(peer.answers().isEmpty && peer.connection.streamCount == 0)
    }

    @Test("a block that is too large ends the connection, one that is large only its stream")
    func largeBlocks() {
        for (count, isFatal) in [(60, false), (80, true)] {
            let peer = ScriptedPeer()
            _ = peer.ask()
            let fields = (0..<count).map { PlainField("a\($0)", String(repeating: "\u{1}", count: 16_000)) }
            peer.fields(1, [.init(":status", "200")] + fields)
            let events = peer.run()
            #expect((events.last == .failed(.enhanceYourCalm)) == isFatal, "\(count)")
            if !isFatal { #expect(peer.heads.count == 1 && peer.heads != [.complete(isLast: false)]) }
        }
    }
}
