import Core
import HTTP
import Testing

/// What each kind of frame may not be, and the error that RFC 9113 has for it.
@Suite("Frames refused") struct FrameRefusalTests {
    typealias Script = @Sendable (ScriptedClient) -> Void

    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: HTTP2ErrorCode
        let script: Script

        init(_ name: String, _ code: HTTP2ErrorCode, _ script: @escaping Script) {
            testDescription = name
            self.code = code
            self.script = script
        }
    }

    static let connectionErrors: [Sample] = [
        .init("§4.2: a frame beyond 16,384", .frameSizeError) {
            $0.frame(.data, stream: 1, length: 16_385)
        },
        .init("§5.1.1: an even stream", .protocolError) { $0.request(2) },
        .init("§5.1.1: a lower stream", .protocolError) {
            $0.request(5)
            $0.request(3)
        },
        .init("§5.1: DATA on an idle stream", .protocolError) { $0.frame(.data, stream: 1, [1]) },
        .init("§5.1: RST_STREAM on an idle stream", .protocolError) {
            $0.frame(.resetStream, stream: 1, [0, 0, 0, 8])
        },
        .init("§5.1: WINDOW_UPDATE on an idle stream", .protocolError) {
            $0.frame(.windowUpdate, stream: 1, [0, 0, 0, 8])
        },
        .init("§6.1: DATA without a stream", .protocolError) { $0.frame(.data, stream: 0, [1]) },
        .init("§6.1: padding as long as the frame", .protocolError) {
            $0.request(1, isLast: false)
            $0.frame(.data, .padded, stream: 1, [2, 0])
        },
        .init("§6.1: no padding where some is said", .frameSizeError) {
            $0.request(1, isLast: false)
            $0.frame(.data, .padded, stream: 1)
        },
        .init("§6.2: HEADERS without a stream", .protocolError) { $0.frame(.headers, stream: 0) },
        .init("§6.2: padding as long as the frame", .protocolError) {
            $0.frame(.headers, [.padded, .endHeaders], stream: 1, [9, 0x82])
        },
        .init("§6.2: no room for a priority", .frameSizeError) {
            $0.frame(.headers, [.priority, .endHeaders], stream: 1, [0, 0, 0, 0])
        },
        .init("§6.3: PRIORITY without a stream", .protocolError) {
            $0.frame(.priority, stream: 0, [0, 0, 0, 0, 0])
        },
        .init("§6.4: RST_STREAM of five bytes", .frameSizeError) {
            $0.request(1)
            $0.frame(.resetStream, stream: 1, [0, 0, 0, 8, 0])
        },
        .init("§6.4: RST_STREAM without a stream", .protocolError) {
            $0.frame(.resetStream, stream: 0, [0, 0, 0, 8])
        },
        .init("§6.5: SETTINGS on a stream", .protocolError) { $0.frame(.settings, stream: 1) },
        .init("§6.5: an answer with values", .frameSizeError) {
            $0.frame(.settings, .ack, stream: 0, [0, 4, 0, 0, 0, 1])
        },
        .init("§6.5: five bytes", .frameSizeError) { $0.frame(.settings, stream: 0, [0, 4, 0, 0, 0]) },
        .init("§6.5.2: ENABLE_PUSH of 2", .protocolError) {
            $0.frame(.settings, stream: 0, [0, 2, 0, 0, 0, 2])
        },
        .init("§6.5.2: a window beyond 2^31 - 1", .flowControlError) {
            $0.frame(.settings, stream: 0, [0, 4, 0x80, 0, 0, 0])
        },
        .init("§6.5.2: frames of 16,383", .protocolError) {
            $0.frame(.settings, stream: 0, [0, 5, 0, 0, 0x3F, 0xFF])
        },
        .init("§6.5.2: frames of 2^24", .protocolError) {
            $0.frame(.settings, stream: 0, [0, 5, 1, 0, 0, 0])
        },
        .init("RFC 8441 §3: ENABLE_CONNECT_PROTOCOL of 2", .protocolError) {
            $0.frame(.settings, stream: 0, [0, 8, 0, 0, 0, 2])
        },
        .init("§6.6: PUSH_PROMISE", .protocolError) {
            $0.frame(.pushPromise, .endHeaders, stream: 1, [0, 0, 0, 2, 0x82])
        },
        .init("§6.7: PING on a stream", .protocolError) {
            $0.frame(.ping, stream: 1, [0, 0, 0, 0, 0, 0, 0, 0])
        },
        .init("§6.7: PING of seven bytes", .frameSizeError) {
            $0.frame(.ping, stream: 0, [0, 0, 0, 0, 0, 0, 0])
        },
        .init("§6.8: GOAWAY on a stream", .protocolError) {
            $0.frame(.goAway, stream: 1, [0, 0, 0, 0, 0, 0, 0, 0])
        },
        .init("§6.8: GOAWAY of four bytes", .frameSizeError) { $0.frame(.goAway, stream: 0, [0, 0, 0, 0]) },
        .init("§6.9: a window of the connection opened by nothing", .protocolError) {
            $0.frame(.windowUpdate, stream: 0, [0, 0, 0, 0])
        },
        .init("§6.9: WINDOW_UPDATE of three bytes", .frameSizeError) {
            $0.frame(.windowUpdate, stream: 0, [0, 0, 1])
        },
        .init("§6.9.1: the connection's window beyond 2^31 - 1", .flowControlError) {
            $0.frame(.windowUpdate, stream: 0, [0x7F, 0xFF, 0xFF, 0xFF])
        },
        .init("§6.9.2: a stream's window beyond 2^31 - 1 by SETTINGS", .flowControlError) {
            $0.request(1)
            $0.frame(.windowUpdate, stream: 1, [0x7F, 0xFF, 0, 0])
            $0.frame(.settings, stream: 0, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF])
        },
        .init("§6.10: CONTINUATION of nothing", .protocolError) {
            $0.frame(.continuation, .endHeaders, stream: 1, [0x82])
        },
        .init("§6.10: CONTINUATION of another stream", .protocolError) {
            $0.frame(.headers, stream: 1, [0x82])
            $0.frame(.continuation, .endHeaders, stream: 3, [0x82])
        },
        .init("§6.10: another frame within a field block", .protocolError) {
            $0.frame(.headers, stream: 1, [0x82])
            $0.frame(.ping, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0])
        },
        .init("§5.5: an unknown frame within a field block", .protocolError) {
            $0.frame(.headers, stream: 1, [0x82])
            $0.frame(.other, stream: 1, [0])
        },
        .init("§4.3: a field block that cannot be decoded", .compressionError) {
            $0.frame(.headers, [.endHeaders, .endStream], stream: 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
        },
        .init("§4.3: neither can one of a stream that is refused", .compressionError) {
            $0.request(1)
            $0.frame(.headers, [.endHeaders, .endStream], stream: 1, [0x80])
        },
        .init("§5.1: HEADERS on a stream that has ended", .streamClosed) {
            $0.request(1)
            _ = $0.run()
            $0.connection.sentLast(0, out: $0.out)
            $0.request(1)
        },
        .init("§5.1: DATA on a stream that has ended", .streamClosed) {
            $0.request(1)
            _ = $0.run()
            $0.connection.sentLast(0, out: $0.out)
            $0.frame(.data, stream: 1, [1])
        },
        .init("§6.9: content beyond the connection's window", .flowControlError) {
            $0.request(1, isLast: false)
            $0.request(3, isLast: false)
            for _ in 0..<6 {
                $0.frame(.data, stream: 1, Array(repeating: 0, count: 16_000))
                $0.frame(.data, stream: 3, Array(repeating: 0, count: 16_000))
            }
        },
        .init("RFC 9218 §7.1: PRIORITY_UPDATE on a stream", .protocolError) {
            $0.frame(.priorityUpdate, stream: 1, [0, 0, 0, 1])
        },
        .init("RFC 9218 §7.1: PRIORITY_UPDATE for no stream", .protocolError) {
            $0.frame(.priorityUpdate, stream: 0, [0, 0, 0, 0])
        },
        .init("RFC 9218 §7.1: PRIORITY_UPDATE of three bytes", .frameSizeError) {
            $0.frame(.priorityUpdate, stream: 0, [0, 0, 0])
        },
    ]

    @Test("an error of the connection: GOAWAY, and nothing more is read", arguments: connectionErrors)
    func connectionError(_ sample: Sample) {
        var limits = HTTP2Limits()
        limits.heldMax = 0
        limits.connectionWindow = 100_000
        let client = ScriptedClient(limits: limits)
        sample.script(client)
        let events = client.run()
        let failure = HTTP2Event.failed(sample.code)
        #expect(events.last == failure || client.heads.last == .failed(sample.code))
        #expect(client.answers().last == "GOAWAY \(client.connection.lastStreamID) \(sample.code.name)")
        client.frame(.ping, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(client.run().isEmpty)
    }

    @Test("behind the GOAWAY of an error no stream is reset: it has ended all of them")
    func nothingBehindGoAway() {
        let client = ScriptedClient()
        client.request(1, isLast: false)
        client.frame(.ping, stream: 1, [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(client.run().last == .failed(.protocolError))
        client.connection.reset(0, .internalError, client.out)
        #expect(client.answers() == ["GOAWAY 1 PROTOCOL_ERROR"])
        #expect(client.connection.streamCount == 0)
    }

    static let streamErrors: [Sample] = [
        .init("§5.1: DATA on a stream half-closed (remote)", .streamClosed) {
            $0.request(1)
            $0.frame(.data, stream: 1, [1])
        },
        .init("§5.1: HEADERS on a stream half-closed (remote)", .streamClosed) {
            $0.request(1)
            $0.request(1)
        },
        .init("§5.1: DATA on a stream that the client reset", .streamClosed) {
            $0.request(1)
            $0.frame(.resetStream, stream: 1, [0, 0, 0, 8])
            $0.frame(.data, stream: 1, [1])
        },
        .init("§6.3: PRIORITY of four bytes", .frameSizeError) {
            $0.request(1)
            $0.frame(.priority, stream: 1, [0, 0, 0, 0])
        },
        .init("RFC 7540 §5.3.1: a stream that hangs on itself", .protocolError) {
            $0.request(1)
            $0.frame(.priority, stream: 1, [0, 0, 0, 1, 0])
        },
        .init("RFC 7540 §5.3.1: the same in HEADERS", .protocolError) {
            $0.frame(.headers, [.priority, .endHeaders, .endStream], stream: 1, [0, 0, 0, 1, 0, 0x82])
        },
        .init("§6.9: a stream's window opened by nothing", .protocolError) {
            $0.request(1)
            $0.frame(.windowUpdate, stream: 1, [0, 0, 0, 0])
        },
        .init("§6.9.1: a stream's window beyond 2^31 - 1", .flowControlError) {
            $0.request(1)
            $0.frame(.windowUpdate, stream: 1, [0x7F, 0xFF, 0xFF, 0xFF])
        },
        .init("§6.9: content beyond the stream's window", .flowControlError) {
            $0.request(1, isLast: false)
            for _ in 0..<5 { $0.frame(.data, stream: 1, Array(repeating: 0, count: 16_000)) }
        },
        .init("§8.1: trailers that do not end the request", .protocolError) {
            $0.request(1, isLast: false)
            $0.request(1, [.init("x", "y")], isLast: false)
        },
        .init("§8.1: pseudo-fields in trailers", .protocolError) {
            $0.request(1, isLast: false)
            $0.request(1)
        },
        .init("§8.2.2: trailers that speak of a connection", .protocolError) {
            $0.request(1, isLast: false)
            $0.request(1, [.init("connection", "x")])
        },
        .init("§8.2.2: trailers with transfer-encoding", .protocolError) {
            $0.request(1, isLast: false)
            $0.request(1, [.init("x", "y"), .init("transfer-encoding", "chunked")])
        },
        .init("§8.2.2: trailers with te other than trailers", .protocolError) {
            $0.request(1, isLast: false)
            $0.request(1, [.init("te", "gzip")])
        },
        .init("§8.5: trailers in a tunnel", .protocolError) {
            $0.request(
                1,
                [.init(":method", "CONNECT"), .init(":protocol", "websocket")]
                    + ScriptedClient.get.dropFirst(), isLast: false)
            $0.request(1, [.init("x", "y")])
        },
        .init("§8.1.1: more content than was said", .protocolError) {
            $0.request(1, ScriptedClient.get + [.init("content-length", "2")], isLast: false)
            $0.frame(.data, stream: 1, [1, 2, 3])
        },
        .init("§8.1.1: less content than was said", .protocolError) {
            $0.request(1, ScriptedClient.get + [.init("content-length", "2")], isLast: false)
            $0.frame(.data, .endStream, stream: 1, [1])
        },
        .init("§8.1.1: less content than was said, before trailers", .protocolError) {
            $0.request(1, ScriptedClient.get + [.init("content-length", "2")], isLast: false)
            $0.request(1, [.init("x", "y")])
        },
    ]

    @Test("an error of the stream: RST_STREAM, and the others go on", arguments: streamErrors)
    func streamError(_ sample: Sample) {
        let client = ScriptedClient()
        sample.script(client)
        _ = client.run()
        #expect(client.answers().contains("RST_STREAM 1 \(sample.code.name)"))
        #expect(client.connection.streamCount == 0)
        client.request(3)
        #expect(client.run() == [.head(slot: 0, isLast: true)])
    }

    @Test("§3.4: a preface with a wrong byte is seen at once, at whatever place")
    func preface() {
        let sound = bytes("\(HTTP2Connection.preface)")
        for index in sound.indices {
            let client = ScriptedClient(opens: false)
            client.input.append(Array(sound[..<index]))
            #expect(client.run().isEmpty)
            client.input.append(sound[index] ^ 1)
            #expect(client.run() == [.failed(.protocolError)])
        }
    }

    @Test("§3.4: the first frame is SETTINGS, and no answer", arguments: [FrameKind.ping, .headers, .data])
    func firstFrame(_ kind: FrameKind) {
        let client = ScriptedClient(opens: false)
        client.input.append(HTTP2Connection.preface)
        client.frame(kind, .ack, stream: kind == .ping ? 0 : 1, Array(repeating: 0, count: 8))
        #expect(client.run() == [.failed(.protocolError)])
        let other = ScriptedClient(opens: false)
        other.input.append(HTTP2Connection.preface)
        other.frame(.settings, .ack, stream: 0)
        #expect(other.run() == [.failed(.protocolError)])
    }
}
