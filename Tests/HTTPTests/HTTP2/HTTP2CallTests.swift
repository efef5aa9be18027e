import Core
import HTTP
import Testing

/// One request at a time over a connection of its own.
@Suite("HTTP/2 calls") struct HTTP2CallTests {
    private static let request = bytes("POST /grpc.health.v1.Health/Check HTTP/1.1\r\nHost: a\r\n\r\n")
    private static let ok: [PlainField] = [
        .init(":status", "200"), .init("content-type", "application/grpc"),
    ]

    /// What came of a call: how it ended, and the response.
    private struct Outcome: Equatable {
        var progress: HTTP2Call.Progress
        var status: UInt16
        var content: [UInt8]
        var trailers: String
    }

    /// A call whose request is sent, and the server's bytes for it.
    private final class Scene {
        let call: HTTP2Call
        let out = ByteBuffer(capacity: 16)
        private let input = ByteBuffer(capacity: 16)

        init(_ content: String = "ping") {
            call = HTTP2Call(headMax: 4096, nowMs: 0, out: out)
            #expect(call.begin(HTTP2CallTests.request, content: bytes(content), isSecure: false, out: out))
        }

        /// The lengths of the DATA frames that were sent.
        func dataSizes() -> [Int] {
            var sizes: [Int] = []
            let sent = Array(out.bytes.dropFirst(HTTP2Connection.preface.utf8CodeUnitCount))
            var position = 0
            while let header = sent[position...].withUnsafeBufferPointer({ FrameHeader.read($0.span) }) {
                if header.kind == .data { sizes.append(header.length) }
                position += FrameHeader.byteCount + header.length
            }
            return sizes
        }

        /// Takes bytes in pieces, as long as nothing has come of them.
        func take(_ all: [UInt8], _ cuts: [Int] = []) -> Outcome {
            var progress = HTTP2Call.Progress.incomplete
            var start = 0
            for cut in cuts + [all.count] where progress == .incomplete {
                input.append(Array(all[start..<cut]))
                progress = call.receive(input, out: out, nowMs: 0)
                start = cut
            }
            return Outcome(
                progress: progress, status: call.head.status, content: call.content,
                trailers: String(decoding: call.trailers.bytes, as: UTF8.self))
        }
    }

    /// What a server says.
    private static func said(_ say: (ScriptedPeer) -> Void) -> [UInt8] {
        let peer = ScriptedPeer()
        peer.frame(.settings, stream: 0, [0, 4, 0, 1, 0, 0])
        say(peer)
        return peer.input.bytes
    }

    @Test("an answer means the same wherever it is split, and the next request is answered too")
    func everySplit() {
        let all = Self.said { peer in
            peer.fields(1, [.init(":status", "103")])
            peer.fields(1, Self.ok)
            peer.frame(.ping, stream: 0, [UInt8](repeating: 1, count: 8))
            peer.frame(.data, stream: 1, bytes("po"))
            peer.frame(.data, [.padded], stream: 1, [1] + bytes("ng") + [0])
            peer.fields(1, [.init("grpc-status", "0")], isLast: true)
        }
        let wanted = Outcome(
            progress: .answered, status: 200, content: bytes("pong"), trailers: "grpc-status: 0\r\n")
        for cuts in [[], Array(1..<all.count)] + (1..<all.count).map({ [$0] }) {
            let scene = Scene()
            #expect(scene.take(all, cuts) == wanted, "\(cuts)")
            #expect(scene.call.begin(Self.request, content: [], isSecure: true, out: scene.out))
            let peer = ScriptedPeer()
            peer.fields(3, [.init(":status", "503")], isLast: true)
            let second = Outcome(progress: .answered, status: 503, content: [], trailers: "")
            #expect(scene.take(peer.input.bytes) == second)
        }
    }

    @Test("content waits for a window that takes it whole")
    func window() {
        let scene = Scene(String(repeating: "a", count: 70_000))
        let before = scene.out.count
        #expect(before < 1000)
        #expect(scene.take(Self.said { _ in }).progress == .incomplete && scene.out.count < 1000)
        let peer = ScriptedPeer()
        for stream: UInt32 in [0, 1] { peer.frame(.windowUpdate, stream: stream, [0, 1, 0, 0]) }
        #expect(scene.take(peer.input.bytes).progress == .incomplete)
        // In frames of the size that every peer takes: RFC 9113 §4.2.
        let sizes = scene.dataSizes()
        #expect(sizes == [16_384, 16_384, 16_384, 16_384, 4464])
    }

    @Test("what is longer than what is kept is cut, and the answer is one nevertheless")
    func long() {
        let scene = Scene()
        let outcome = scene.take(
            Self.said { peer in
                peer.fields(1, Self.ok)
                for _ in 0..<20 { peer.frame(.data, stream: 1, [UInt8](repeating: 1, count: 16_384)) }
                peer.frame(.data, [.endStream], stream: 1)
            })
        #expect(outcome.progress == .answered && outcome.content.count == HTTP2Call.contentMax)
    }

    static let failures: [(name: String, reason: String, say: @Sendable (ScriptedPeer) -> Void)] = [
        ("reset", "reset the stream", { $0.reset(1, .internalError) }),
        ("refused", "reset the stream", { $0.reset(1, .refusedStream) }),
        ("going", "going away", { $0.frame(.goAway, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0]) }),
        ("bad head", "invalid answer", { $0.fields(1, [.init("a", "b")]) }),
        ("content first", "reset the stream", { $0.frame(.data, stream: 1, [1]) }),
        (
            "bad trailers", "bad trailers",
            {
                $0.fields(1, HTTP2CallTests.ok)
                $0.fields(1, [.init(":status", "200")], isLast: true)
            }
        ),
        (
            "1xx without end", "too many informational answers",
            { peer in for _ in 0..<17 { peer.fields(1, [.init(":status", "100")]) } }
        ),
        ("pushed", "the connection has failed", { $0.frame(.pushPromise, stream: 1, [0, 0, 0, 2]) }),
        ("no frame", "the connection has failed", { $0.input.append(bytes("HTTP/1.1 400 Bad\r\n\r\n")) }),
    ]

    @Test("what is no answer is told as none", arguments: failures.indices)
    func failed(_ row: Int) {
        let (name, reason, say) = Self.failures[row]
        let all = Self.said(say)
        for cuts in [[], Array(1..<all.count)] {
            let progress = Scene().take(all, cuts).progress
            guard case .failed(let text) = progress else {
                Issue.record("\(name): \(progress)")
                continue
            }
            #expect(text.contains(reason), "\(name): \(text)")
        }
    }
}
