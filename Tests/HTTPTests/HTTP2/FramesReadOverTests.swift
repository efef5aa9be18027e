import Core
import HTTP
import Testing

/// What means nothing, or nothing to a server, and has to be read over all the same.
@Suite("Frames read over") struct FramesReadOverTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: @Sendable (ScriptedClient) -> Void

        init(_ name: String, _ script: @escaping @Sendable (ScriptedClient) -> Void) {
            testDescription = name
            self.script = script
        }
    }

    static let samples: [Sample] = [
        .init("§4.1: flags without a meaning") {
            $0.frame(.ping, .init(rawValue: 0xFE), stream: 0, [0, 0, 0, 0, 0, 0, 0, 0])
            $0.frame(.windowUpdate, .init(rawValue: 0xFF), stream: 0, [0, 0, 0, 1])
            $0.frame(.settings, .init(rawValue: 0xFE), stream: 0)
        },
        .init("§4.1: the reserved bit in front of a stream's number") {
            $0.frame(.ping, stream: 1 << 31, [0, 0, 0, 0, 0, 0, 0, 0])
            $0.frame(.priority, stream: 1 << 31 | 9, [0, 0, 0, 1, 0])
        },
        .init("§5.1: PRIORITY on streams that are idle or closed") {
            $0.request(1)
            $0.frame(.resetStream, stream: 1, [0, 0, 0, 8])
            $0.frame(.priority, stream: 1, [0, 0, 0, 3, 0])
            $0.frame(.priority, stream: 99, [0, 0, 0, 3, 0])
        },
        .init("§5.1: WINDOW_UPDATE and RST_STREAM on a stream that has ended") {
            $0.request(1)
            _ = $0.run()
            $0.connection.sentLast(0, out: $0.out)
            $0.frame(.windowUpdate, stream: 1, [0, 0, 0, 1])
            $0.frame(.resetStream, stream: 1, [0, 0, 0, 8])
        },
        .init("§5.5: a kind that nobody knows, on any stream") {
            for stream: UInt32 in [0, 1, 2, 77] { $0.frame(.other, .endStream, stream: stream, [1, 2, 3]) }
        },
        .init("§6.1: content that is padding alone, whatever it is made of") {
            $0.request(1, isLast: false)
            $0.frame(.data, [.padded, .endStream], stream: 1, [3, 0xFF, 0, 0xAA])
        },
        .init("§6.2: padding and a priority around a field block") {
            let block = $0.encoder.encode(ScriptedClient.get)
            $0.frame(
                .headers, [.padded, .priority, .endHeaders, .endStream], stream: 1,
                [2, 0x80, 0, 0, 5, 16] + block + [0xFF, 0xFF])
        },
        .init("§6.4, §7: a reset by a code that nobody knows") {
            $0.request(1)
            $0.frame(.resetStream, stream: 1, [0xDE, 0xAD, 0xBE, 0xEF])
        },
        .init("§6.5.2: a setting that nobody knows, and limits of what we never do") {
            $0.frame(.settings, stream: 0, [0xAA, 0xAA, 1, 2, 3, 4, 0, 3, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0])
        },
        .init("§6.7: an answer to no PING") {
            $0.frame(.ping, .ack, stream: 0, [1, 2, 3, 4, 5, 6, 7, 8])
        },
        .init("§6.8: the client's GOAWAY, by a code that nobody knows and with words") {
            $0.frame(.goAway, stream: 0, [0, 0, 0, 0, 0, 0, 0, 99] + Array("bye".utf8))
        },
        .init("§6.9: the reserved bit in front of an increment") {
            $0.frame(.windowUpdate, stream: 0, [0x80, 0, 0, 1])
        },
    ]

    @Test("what means nothing changes nothing: the next request is served", arguments: samples)
    func readOver(_ sample: Sample) {
        let client = ScriptedClient()
        sample.script(client)
        client.request(101)
        guard case .head(_, isLast: true)? = client.run().last else {
            Issue.record("the request was not read")
            return
        }
        #expect(client.heads.allSatisfy { $0 == .complete })
        let answers = client.answers()
        #expect(!answers.contains { $0.hasPrefix("GOAWAY") || $0.hasPrefix("RST_STREAM") }, "\(answers)")
    }
}
