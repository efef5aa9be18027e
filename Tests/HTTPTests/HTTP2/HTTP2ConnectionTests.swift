import Core
import HTTP
import Testing

@Suite("HTTP/2 connection") struct HTTP2ConnectionTests {
    @Test("frames that arrive byte by byte come to the same (RFC 9113 §4.1)")
    func everySplit() {
        let whole = ScriptedClient(opens: false)
        let pieces = ScriptedClient(opens: false)
        for client in [whole, pieces] {
            client.input.append(HTTP2Connection.preface)
            client.frame(.settings, stream: 0, [0, 4, 0, 0, 0, 9])
            client.request(1)
            client.request(3, isLast: false)
            client.frame(.data, [.padded, .endStream], stream: 3, [2, 65, 66, 0, 0])
            client.frame(.ping, stream: 0, [1, 2, 3, 4, 5, 6, 7, 8])
            client.frame(.other, stream: 7, [1])
        }
        let sample = pieces.input.bytes
        pieces.input.removeAll()
        var events: [HTTP2Event] = []
        for byte in sample {
            pieces.input.append(byte)
            events += pieces.run()
        }
        #expect(events == whole.run())
        #expect(events.contains(.content(slot: 1, Slice(start: 10, count: 2), isLast: true)))
        #expect(pieces.out.bytes == whole.out.bytes)
        #expect(
            whole.answers()
                == ["SETTINGS 128", "WINDOW_UPDATE 0", "SETTINGS ACK", "PING ACK"].map {
                    $0 == "WINDOW_UPDATE 0" ? "WINDOW_UPDATE 0 \((256 << 10) - 65_535)" : $0
                })
    }

    @Test("a field block in pieces is one request (RFC 9113 §6.10)")
    func continuation() {
        let client = ScriptedClient()
        let block = client.encoder.encode(ScriptedClient.get)
        client.frame(.headers, .endStream, stream: 1, Array(block[..<2]))
        client.frame(.continuation, stream: 1, Array(block[2..<3]))
        client.frame(.continuation, .endHeaders, stream: 1, Array(block[3...]))
        #expect(client.run() == [.handled, .handled, .head(slot: 0, isLast: true)])
        #expect(client.heads == [.complete])
        #expect(client.head.method == .get)
    }

    @Test("field blocks are bounded in frames and in bytes: ENHANCE_YOUR_CALM")
    func continuationFlood() {
        let empty = ScriptedClient()
        empty.frame(.headers, stream: 1, [0x82])
        for _ in 0..<17 { empty.frame(.continuation, stream: 1) }
        #expect(empty.run().last == .failed(.enhanceYourCalm))
        let large = ScriptedClient()
        large.frame(.headers, stream: 1, [0x82])
        for _ in 0..<5 { large.frame(.continuation, stream: 1, Array(repeating: 0, count: 16_000)) }
        #expect(large.run().last == .failed(.enhanceYourCalm))
    }

    @Test("more streams than are allowed: REFUSED_STREAM, and the tables go along (RFC 9113 §5.1.2)")
    func concurrency() {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 2
        let client = ScriptedClient(limits: limits)
        let extra = [PlainField("x-a", "b"), PlainField("x-a", "b")]
        for id: UInt32 in [1, 3, 5] { client.request(id, ScriptedClient.get + extra) }
        #expect(client.run() == [.head(slot: 0, isLast: true), .head(slot: 1, isLast: true), .handled])
        #expect(client.answers() == ["RST_STREAM 5 REFUSED_STREAM"])
        client.connection.sentLast(0, out: client.out)
        client.request(7, ScriptedClient.get + extra)
        #expect(client.run() == [.head(slot: 0, isLast: true)])
        #expect(client.heads.last == .complete)
    }

    /// A client of a server with so much room for heads, and fields of 6 KB.
    private static func client(requestsMax: Int) -> (ScriptedClient, [PlainField]) {
        var limits = HTTP2Limits()
        limits.requestsMax = requestsMax
        return (
            ScriptedClient(limits: limits), [PlainField("x-a", String(repeating: "a", count: 6000))]
        )
    }

    @Test("more heads than memory is there for: REFUSED_STREAM, until others are through (RFC 9113 §8.7)")
    func headsOfAll() {
        let (client, long) = Self.client(requestsMax: 10_000)
        for id: UInt32 in [1, 3, 5] { client.request(id, ScriptedClient.get + long) }
        client.request(7)
        #expect(
            client.run() == [.head(slot: 0, isLast: true), .head(slot: 1, isLast: true), .handled, .handled])
        #expect(client.answers() == ["RST_STREAM 5 REFUSED_STREAM", "RST_STREAM 7 REFUSED_STREAM"])
        #expect(client.connection.headCount > 12_000)
        client.connection.sentLast(0, out: client.out)
        client.request(9, ScriptedClient.get + long)
        #expect(client.run() == [.head(slot: 0, isLast: true)])
        client.connection.reset(0, .cancel, client.out)
        client.frame(.resetStream, stream: 3, [0, 0, 0, 8])
        #expect(client.run() == [.lost(slot: 1)] && client.connection.headCount == 0)
    }

    @Test("requests are refused by what they take beside their heads as well")
    func requestsOfAll() {
        var limits = HTTP2Limits()
        limits.requestsMax = 10_000
        limits.requestSize = 4500
        let client = ScriptedClient(limits: limits)
        for id: UInt32 in [1, 3, 5, 7] { client.request(id) }
        #expect(client.run().suffix(2) == [.head(slot: 2, isLast: true), .handled])
        #expect(client.answers() == ["RST_STREAM 7 REFUSED_STREAM"])
        #expect(client.connection.requestsSize == client.connection.headCount + 13_500)
    }

    @Test("trailers count as heads do, and are not kept beyond what those may come to")
    func trailersOfAll() {
        let (client, long) = Self.client(requestsMax: 8000)
        for id: UInt32 in [1, 3] { client.request(id, isLast: false) }
        client.request(1, long)
        client.request(3, long)
        #expect(client.run().suffix(2) == [.trailers(slot: 0), .lost(slot: 1)])
        #expect(client.answers() == ["RST_STREAM 3 ENHANCE_YOUR_CALM"])
        #expect(client.connection.headCount > 6000 && client.connection.headCount < 8000)
    }

    @Test("windows open as content is taken, the stream's and the connection's (RFC 9113 §6.9)")
    func windows() {
        let client = ScriptedClient()
        client.request(1, isLast: false)
        for _ in 0..<4 { client.frame(.data, stream: 1, Array(repeating: 0, count: 16_000)) }
        #expect(client.run().count == 5)
        #expect(client.answers().isEmpty)
        #expect(client.connection.heldCount == 64_000)
        client.connection.consumed(32_000, of: 0, out: client.out)
        #expect(client.answers().isEmpty)
        client.connection.consumed(32_000, of: 0, out: client.out)
        #expect(client.answers() == ["WINDOW_UPDATE 1 64000"])
        for _ in 0..<4 { client.frame(.data, stream: 1, Array(repeating: 0, count: 16_000)) }
        #expect(client.run().count == 4)
        #expect(client.answers().isEmpty)
        client.connection.consumed(64_000, of: 0, out: client.out)
        #expect(client.answers() == ["WINDOW_UPDATE 1 64000"])
        client.frame(.data, .endStream, stream: 1, Array(repeating: 0, count: 10_000))
        #expect(client.run().count == 1)
        #expect(client.answers() == ["WINDOW_UPDATE 0 138000"])
    }

    @Test("much content that nobody takes narrows windows; the connection's own waits until that is known")
    func held() {
        var limits = HTTP2Limits()
        limits.heldMax = 100_000
        limits.connectionWindow = 65_535
        let client = ScriptedClient(limits: limits)
        client.frame(.settings, .ack, stream: 0)
        client.request(1, isLast: false)
        client.request(3, isLast: false)
        for stream: UInt32 in [1, 3] {
            for _ in 0..<2 { client.frame(.data, stream: stream, Array(repeating: 0, count: 16_000)) }
        }
        _ = client.run()
        #expect(client.answers() == ["SETTINGS 195"], "a quarter of heldMax for 128 streams")
        client.frame(.settings, .ack, stream: 0)
        _ = client.run()
        #expect(client.answers() == ["WINDOW_UPDATE 0 64000"])
        client.request(5, isLast: false)
        client.frame(.data, stream: 5, Array(repeating: 0, count: 195))
        _ = client.run()
        #expect(client.answers().isEmpty)
        // Little enough is left: everybody's windows are what they were.
        client.connection.reset(0, .cancel, client.out)
        client.connection.consumed(32_000, of: 1, out: client.out)
        #expect(
            client.answers() == ["RST_STREAM 1 CANCEL", "WINDOW_UPDATE 3 32000", "SETTINGS 65535"])
        #expect(client.connection.heldCount == 195)
    }

    @Test("what was on its way when a stream was reset is dropped, and counts for the connection")
    func lateFrames() {
        var limits = HTTP2Limits()
        limits.connectionWindow = 65_535
        let client = ScriptedClient(limits: limits)
        client.request(1, isLast: false)
        _ = client.run()
        client.connection.reset(0, .cancel, client.out)
        client.frame(.data, stream: 1, Array(repeating: 0, count: 16_000))
        client.frame(.windowUpdate, stream: 1, [0, 0, 0, 1])
        client.frame(.data, stream: 1, Array(repeating: 0, count: 16_000))
        client.frame(.data, .endStream, stream: 1, Array(repeating: 0, count: 16_000))
        client.request(1, [.init("x", "y")])
        #expect(client.run() == Array(repeating: .handled, count: 5))
        #expect(client.answers() == ["RST_STREAM 1 CANCEL", "WINDOW_UPDATE 0 48000"])
    }

    @Test("what comes on a stream that its client has reset is told of once (RFC 9113 §5.1)")
    func dataBehindReset() {
        let client = ScriptedClient()
        client.request(1, isLast: false)
        client.frame(.resetStream, stream: 1, [0, 0, 0, 8])
        for _ in 0..<3 { client.frame(.data, stream: 1, [0]) }
        #expect(client.run().suffix(4) == [.lost(slot: 0), .handled, .handled, .handled])
        #expect(client.answers() == ["RST_STREAM 1 STREAM_CLOSED"])
    }

    @Test("an initial window that changes, changes all streams (RFC 9113 §6.9.2)")
    func initialWindow() {
        let client = ScriptedClient()
        client.request(1)
        _ = client.run()
        client.connection.sent(65_000, of: 0)
        client.frame(.settings, stream: 0, [0, 4, 0, 0, 0, 100])
        #expect(client.run() == [.mayContinueAll])
        #expect(client.connection.stream(0).sendWindow.size == 100 - 65_000)
        #expect(client.connection.allowance(of: 0) == 0)
        client.frame(.windowUpdate, stream: 1, [0, 0, 0xFF, 0])
        #expect(client.run() == [.mayContinue(slot: 0)])
        #expect(client.connection.allowance(of: 0) == 380)
    }

    @Test("a table that has no room for a while: the next answer says so (RFC 7541 §4.2)")
    func tableSizes() {
        let client = ScriptedClient()
        client.frame(.settings, stream: 0, [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0x10, 0])
        _ = client.run()
        client.out.removeAll()
        client.connection.encoder.begin(client.out)
        #expect(client.out.bytes == [0x20, 0x3F, 0xE1, 0x1F])
        client.out.removeAll()
        client.frame(.settings, stream: 0, [0, 1, 0, 0, 0x20, 0])
        _ = client.run()
        client.out.removeAll()
        client.connection.encoder.begin(client.out)
        #expect(client.out.isEmpty)
    }

    @Test("more content sent than the windows have: the connection ends, and says so")
    func oversent() {
        let client = ScriptedClient()
        client.request(1)
        _ = client.run()
        client.connection.sent(65_535, of: 0)
        client.connection.sent(1, of: 0)
        #expect(client.connection.isClosing)
        #expect(client.run() == [.failed(.internalError)])
        #expect(client.answers() == ["GOAWAY 1 INTERNAL_ERROR"])
    }

    @Test("after GOAWAY streams that raced are answered, later ones are not looked at (RFC 9113 §6.8)")
    func graceful() {
        let client = ScriptedClient()
        client.request(1)
        _ = client.run()
        client.connection.announceEnd(out: client.out)
        client.request(3)
        #expect(client.run() == [.head(slot: 1, isLast: true)])
        client.connection.end(out: client.out)
        client.request(5)
        #expect(client.run() == [.handled])
        #expect(client.answers() == ["GOAWAY 2147483647 NO_ERROR", "GOAWAY 3 NO_ERROR"])
        #expect(client.connection.streamCount == 2)
    }

    @Test("whatever crosses the last GOAWAY is not looked at, and counts for the connection (RFC 9113 §6.8)")
    func crossing() {
        var limits = HTTP2Limits()
        limits.connectionWindow = 65_535
        let client = ScriptedClient(limits: limits)
        let extra = [PlainField("x-a", "b")]
        client.request(1)
        _ = client.run()
        client.connection.end(out: client.out)
        client.request(3, ScriptedClient.get + extra, isLast: false)
        for _ in 0..<3 { client.frame(.data, stream: 3, Array(repeating: 0, count: 16_000)) }
        client.frame(.windowUpdate, stream: 3, [0, 0, 0, 1])
        client.frame(.windowUpdate, stream: 3, [0, 0, 0, 0])
        client.frame(.priority, stream: 3, [0, 0, 0, 3, 0])
        client.frame(.priority, stream: 3, [0])
        client.frame(.headers, [.priority, .endHeaders], stream: 5, [0, 0, 0, 5, 0, 0x82])
        client.frame(.resetStream, stream: 5, [0, 0, 0, 8])
        client.request(3, extra)
        client.frame(.data, .endStream, stream: 7)
        client.frame(.priorityUpdate, stream: 0, [0, 0, 0, 9])
        #expect(client.run() == Array(repeating: .handled, count: 13))
        #expect(client.answers() == ["GOAWAY 1 NO_ERROR", "WINDOW_UPDATE 0 48000"])
        #expect(client.connection.streamCount == 1 && client.connection.lastStreamID == 1)
        // What is idle for ever is a fault still.
        client.frame(.data, stream: 2, [1])
        #expect(client.run() == [.failed(.protocolError)])
    }

    @Test("an answer before the request's end: the rest is not wanted (RFC 9113 §8.1)")
    func earlyAnswer() {
        let client = ScriptedClient()
        client.request(1, isLast: false)
        _ = client.run()
        client.connection.sentLast(0, out: client.out)
        #expect(client.connection.streamCount == 0)
        client.frame(.data, .endStream, stream: 1, [1])
        #expect(client.run() == [.handled])
        // The response must have left before.
        #expect(client.connection.owesResets && client.answers().isEmpty)
        client.connection.writeResets(client.out)
        #expect(client.answers() == ["RST_STREAM 1 NO_ERROR"])
        #expect(!client.connection.owesResets)
    }

    struct Flood: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let act: @Sendable (ScriptedClient, UInt32) -> Void
    }

    static let floodSamples: [Flood] = [
        .init(testDescription: "rapid reset") {
            $0.request($1)
            $0.frame(.resetStream, stream: $1, [0, 0, 0, 8])
        },
        .init(testDescription: "made to reset: a window opened by nothing") {
            $0.request($1)
            $0.frame(.windowUpdate, stream: $1, [0, 0, 0, 0])
        },
        .init(testDescription: "made to reset: content after the end") {
            $0.request($1)
            $0.frame(.data, stream: $1, [0])
        },
        .init(testDescription: "made to reset: a malformed request") { $0.request($1, [.init("a", "b")]) },
        .init(testDescription: "made to reset: beyond the streams allowed") { $0.request($1) },
        .init(testDescription: "SETTINGS") { client, _ in client.frame(.settings, stream: 0) },
        .init(testDescription: "SETTINGS ACK") { client, _ in client.frame(.settings, .ack, stream: 0) },
        .init(testDescription: "PING") { client, _ in
            client.frame(.ping, stream: 0, Array(repeating: 0, count: 8))
        },
        .init(testDescription: "PRIORITY") { $0.frame(.priority, stream: $1 + 2, [0, 0, 0, 0, 0]) },
        .init(testDescription: "PRIORITY_UPDATE") { client, _ in
            client.frame(.priorityUpdate, stream: 0, [0, 0, 0, 99])
        },
        .init(testDescription: "WINDOW_UPDATE") { client, _ in
            client.frame(.windowUpdate, stream: 0, [0, 0, 0, 1])
        },
        .init(testDescription: "empty DATA") {
            if $1 == 1 { $0.request(1, isLast: false) }
            $0.frame(.data, stream: 1)
        },
        .init(testDescription: "unknown frames") { client, _ in client.frame(.other, stream: 0, [0]) },
        .init(testDescription: "empty HEADERS") { client, id in
            if id == 1 { client.frame(.headers, stream: 1) } else { client.frame(.continuation, stream: 1) }
        },
    ]

    @Test("work for nothing is bounded: ENHANCE_YOUR_CALM", arguments: floodSamples)
    func floods(_ flood: Flood) {
        let client = ScriptedClient()
        for index in 0..<3000 {
            flood.act(client, UInt32(2 * index + 1))
            if client.run().contains(.failed(.enhanceYourCalm))
                || client.heads.last == .failed(.enhanceYourCalm)
            {
                #expect(client.answers().last?.hasSuffix("ENHANCE_YOUR_CALM") == true)
                #expect(client.out.capacity < 100_000)
                return
            }
        }
        Issue.record("3000 times, and nothing was said")
    }

    @Test("a page that is left, and a client that opens windows for what it reads, are no flood")
    func honest() {
        let client = ScriptedClient()
        var id: UInt32 = 1
        for _ in 0..<20 {
            for _ in 0..<100 {
                client.request(id)
                client.frame(.windowUpdate, stream: id, [0, 0, 0x40, 0])
                client.frame(.windowUpdate, stream: 0, [0, 0, 0x40, 0])
                for event in client.run() {
                    guard case .head(let slot, _) = event else { continue }
                    client.connection.sent(1000, of: slot)
                    client.connection.sentLast(slot, out: client.out)
                }
                id += 2
            }
            for _ in 0..<100 {
                client.request(id)
                client.frame(.resetStream, stream: id, [0, 0, 0, 8])
                id += 2
            }
            #expect(!client.run().contains(.failed(.enhanceYourCalm)))
            client.nowMs += 1000
        }
    }

    @Test("windows that are opened for each KiB of one long response are no flood; for nothing they are one")
    func windowsOfContent() {
        for isRead in [true, false] {
            let client = ScriptedClient()
            client.request(1)
            let slot = client.run().compactMap { if case .head(let slot, _) = $0 { slot } else { nil } }.first
            var isFailed = false
            for _ in 0..<3000 where !isFailed {
                if isRead, let slot { client.connection.sent(1024, of: slot) }
                for stream in [1, 0] as [UInt32] {
                    client.frame(.windowUpdate, stream: stream, [0, 0, 4, 0])
                }
                isFailed = client.run().contains(.failed(.enhanceYourCalm))
            }
            #expect(isFailed != isRead)
        }
    }

    @Test("mutated frames never trap, and cost bounded memory (seeded)")
    func mutated() {
        let sample = ScriptedClient(opens: false)
        sample.input.append(HTTP2Connection.preface)
        sample.frame(.settings, stream: 0, [0, 4, 0, 0, 0, 9])
        sample.request(1)
        sample.request(3, isLast: false)
        sample.frame(.data, .padded, stream: 3, [2, 65, 66, 0, 0])
        sample.frame(.windowUpdate, stream: 3, [0, 0, 0, 1])
        sample.frame(.priorityUpdate, stream: 0, [0, 0, 0, 5] + bytes("u=1, i"))
        sample.request(5)
        sample.frame(.resetStream, stream: 5, [0, 0, 0, 8])
        sample.frame(.ping, stream: 0, Array(repeating: 0, count: 8))
        let frames = sample.input.bytes
        let prefaceCount = HTTP2Connection.preface.utf8CodeUnitCount
        var generator = SplitMix(seed: 5)
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .milliseconds(450) {
            let client = ScriptedClient(opens: false)
            client.input.append(HTTP2Connection.preface)
            for _ in 0..<3 { client.input.append(generator.mutate(Array(frames[prefaceCount...]))) }
            for event in client.run() {
                if case .content(let slot, let content, _) = event {
                    client.connection.consumed(Int(content.count), of: slot, out: client.out)
                }
            }
            #expect(client.out.count < 10_000 && client.connection.streamCount <= 128)
        }
    }
}
