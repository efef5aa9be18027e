import Core
import HTTP
import Testing

@testable import portico_bench

/// The client's side of a connection against the server's.
@Suite("HTTP/2 of the generator")
struct HTTP2ClientTests {
    /// Both ends, and what is on its way.
    private final class Scene {
        let toServer = ByteBuffer(capacity: 1024)
        let toClient = ByteBuffer(capacity: 1024)
        var client: HTTP2Client
        let server: HTTP2Connection
        private let head = RequestHead()
        private let headBytes = ByteBuffer(capacity: 1024)

        init(streamWindow: Int = 65_535) {
            var limits = HTTP2Limits()
            limits.streamWindow = streamWindow
            server = HTTP2Connection(limits: limits, nowMs: 0, out: toClient)
            client = HTTP2Client(toServer)
        }

        /// What the server makes of what came, up to the next request or content.
        func serve() -> HTTP2Event {
            while true {
                let event = server.receive(toServer, out: toClient, nowMs: 0)
                switch event {
                case .handled, .mayContinue, .mayContinueAll, .answered: continue
                case .head(_, _):
                    headBytes.removeAll()
                    let outcome = server.readHead(
                        head, in: headBytes, limits: HeadLimits(),
                        from: .init(buffer: toServer, out: toClient, nowMs: 0))
                    #expect(outcome == .complete)
                    return event
                case .incomplete, .content, .trailers, .lost, .failed: return event
                }
            }
        }

        var target: String { headBytes.string(of: head.target) }

        /// What the client makes of what came, but for what concerns the connection alone.
        func read() -> HTTP2ClientEvent {
            while true {
                switch client.next(toClient, toServer) {
                case .handled, .windowsMoved, .mayContinue(0, _): continue
                case let event: return event
                }
            }
        }
    }

    private static func request(_ words: [String] = []) throws -> HTTP2RequestFields {
        let options = try LoadOptions(words + ["--h2", "https://a/x?y"])
        return HTTP2RequestFields(options, path: options.targets[0].path)
    }

    @Test("a request arrives as it was asked for, and its answer, interim ones left out, with its status")
    func answer() throws {
        let scene = Scene()
        for stream in [1, 3, 5, 7] as [UInt32] {
            let id = scene.client.ask(try Self.request(["--browser"]), number: nil, scene.toServer)
            #expect(id == stream)
            guard case .head(let slot, isLast: true) = scene.serve() else {
                Issue.record("no request")
                return
            }
            #expect(scene.target == "/x?y")
            for status in [103, 404] as [UInt16] {
                let block = ByteBuffer(capacity: 64)
                scene.server.encoder.begin(block)
                scene.server.encoder.append(status: status, to: block)
                scene.server.encoder.append("server", .immediate, to: block) { $0.append("one") }
                FrameWriter.headers(block, on: id, isLast: false, sizeMax: 4, to: scene.toClient)
            }
            FrameWriter.data(Slice(), of: scene.toServer, on: id, isLast: true, to: scene.toClient)
            scene.server.sentLast(slot, out: scene.toClient)
            guard case .head(id, status: 404, isLast: false) = scene.read(),
                case .content(id, count: 0, isLast: true) = scene.read()
            else {
                Issue.record("no answer")
                return
            }
        }
    }

    @Test("content stops at the windows, of the stream and of the connection, and goes on when they open")
    func windows() throws {
        let scene = Scene(streamWindow: 1000)
        // The client learns of the server's settings.
        _ = scene.serve()
        guard case .needsMore = scene.read() else { return }
        let body = ByteBuffer(capacity: 4096)
        body.append([UInt8](repeating: 120, count: 1500))
        let fields = try Self.request(["--body-size", "1500"])
        let id = scene.client.ask(fields, number: nil, scene.toServer)
        let window = scene.client.peer.initialWindowSize
        #expect(window == 1000)
        let all = Slice(from: 0, to: body.count)
        #expect(scene.client.send(all, of: body, on: id, window: window, scene.toServer) == 1000)
        guard case .head(let slot, isLast: false) = scene.serve(),
            case .content(slot, let content, isLast: false) = scene.serve()
        else {
            Issue.record("no content")
            return
        }
        #expect(content.count == 1000)
        scene.server.consumed(1000, of: slot, out: scene.toClient)
        guard case .mayContinue(id, by: 1000) = scene.read() else {
            Issue.record("the window stays shut")
            return
        }
        let rest = Slice(from: 1000, to: 1500)
        #expect(scene.client.send(rest, of: body, on: id, window: 1000, scene.toServer) == 500)
        guard case .content(slot, let last, isLast: true) = scene.serve() else {
            Issue.record("no end")
            return
        }
        #expect(last.count == 500)
    }

    @Test("a small window is opened again as content comes, the stream's and the connection's")
    func smallWindow() throws {
        let toServer = ByteBuffer(capacity: 1024)
        var client = HTTP2Client(window: 65_535, toServer)
        let id = client.ask(try Self.request(), number: nil, toServer)
        toServer.removeAll()
        let toClient = ByteBuffer(capacity: 32_768)
        let piece = ByteBuffer(capacity: 16_384)
        piece.append([UInt8](repeating: 120, count: 16_384))
        for isLast in [false, false, false, false, false, true] {
            FrameWriter.data(
                Slice(from: 0, to: piece.count), of: piece, on: id, isLast: isLast, to: toClient)
            guard case .content(id, count: 16_384, isLast) = client.next(toClient, toServer) else {
                Issue.record("no content")
                return
            }
        }
        var opened: [UInt32: Int] = [:]
        while let header = toServer.withReadable({ FrameHeader.read($0) }) {
            #expect(header.kind == .windowUpdate)
            toServer.consume(FrameHeader.byteCount)
            opened[header.streamID, default: 0] += toServer.withReadable {
                Int(FrameHeader.number($0, at: 0))
            }
            toServer.consume(4)
        }
        // Three times two pieces; the last ends the stream, which needs no window any more.
        #expect(opened == [0: 6 * 16_384, id: 4 * 16_384])
    }

    @Test("resets and the announced end are told of, and what is no frame is broken")
    func ends() throws {
        let scene = Scene()
        FrameWriter.reset(1, .refusedStream, to: scene.toClient)
        FrameWriter.reset(3, .cancel, to: scene.toClient)
        FrameWriter.goAway(5, .noError, to: scene.toClient)
        guard case .reset(1, wasRefused: true) = scene.read(),
            case .reset(3, wasRefused: false) = scene.read(),
            case .goingAway(lastStream: 5) = scene.read()
        else {
            Issue.record("something is missing")
            return
        }
        scene.toClient.append("HTTP/1.1 400 Bad Request\r\n\r\n")
        guard case .broken = scene.read() else {
            Issue.record("that is no frame")
            return
        }
    }
}
