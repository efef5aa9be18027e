import Foundation
import Synchronization
import TestSupport
import Testing

/// HTTP/2 connections while their server is told to load anew, to give way to another binary, and to stop.
@Suite("HTTP/2 over reloads and upgrades", .serialized) struct HTTP2LifecycleTests {
    /// A client that always has ten requests under way, and begins another connection where it is told to.
    private final class Load: Sendable {
        private let isStopped = Atomic(false)
        private let isOver = Atomic(false)
        let answered = Atomic(0)
        let connections = Atomic(0)
        /// What should not be.
        private let faults = Mutex<[String]>([])

        init(_ port: UInt16) {
            Thread.detachNewThread { [self] in
                while !isStopped.load(ordering: .relaxed) {
                    do {
                        try runConnection(port)
                    } catch {
                        faults.withLock { $0.append("\(error)") }
                    }
                }
                isOver.store(true, ordering: .releasing)
            }
        }

        /// Ends it; what went wrong.
        func stop() -> [String] {
            isStopped.store(true, ordering: .relaxed)
            let isOver = waitUntil(Deadline(in: 15)) { self.isOver.load(ordering: .acquiring) }
            return faults.withLock { $0 + (isOver ? [] : ["it does not end"]) }
        }

        /// Answers so far, when there are `count` more.
        func waitForMore(_ count: Int) -> Bool {
            let before = answered.load(ordering: .relaxed)
            return waitUntil(Deadline(in: 15)) { self.answered.load(ordering: .relaxed) >= before + count }
        }

        private func runConnection(_ port: UInt16) throws {
            let client = try FrameClient(port: port)
            defer { client.close() }
            connections.wrappingAdd(1, ordering: .relaxed)
            var asked: Set<UInt32> = []
            var next: UInt32 = 1
            // RFC 9113 §6.8: what is above is asked again elsewhere, which the next connection does.
            var last = UInt32.max
            while last == .max || !asked.isEmpty {
                while last == .max, asked.count < 10, !isStopped.load(ordering: .relaxed) {
                    guard client.send(FrameClient.request(next, "/app")) else { break }
                    asked.insert(next)
                    next += 2
                }
                if asked.isEmpty { return }
                let frame = try client.next()
                switch frame.kind {
                case 7:
                    last = frame.payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
                    asked = asked.filter { $0 <= last }
                case 3 where asked.contains(frame.stream):
                    throw HarnessError("stream \(frame.stream) was reset")
                case 1 where frame.payload.first != 0x88:
                    throw HarnessError("stream \(frame.stream): \(frame.payload.prefix(8))")
                default:
                    guard frame.isLast, asked.remove(frame.stream) != nil else { continue }
                    answered.wrappingAdd(1, ordering: .relaxed)
                }
            }
        }
    }

    private static let text = Service.usual.replacingOccurrences(
        of: "http {", with: "http { http2 on; keepalive_requests 1000000;")

    @Test("no request is lost over reloads, and connections stay", arguments: Service.Manner.allCases)
    func reloads(_ manner: Service.Manner) throws {
        let service = try Service(Self.text, manner)
        let load = Load(service.port)
        #expect(load.waitForMore(100))
        let connections = load.connections.load(ordering: .relaxed)
        for turn in 1...5 {
            kill(service.master, SIGHUP)
            let isTaken = waitUntil(Deadline(in: 10)) {
                service.log.components(separatedBy: "reconfigured").count > turn
            }
            #expect(isTaken && load.waitForMore(100))
        }
        #expect(load.stop() == [])
        #expect(load.connections.load(ordering: .relaxed) == connections)
    }

    @Test(
        "no request is lost over upgrades: connections are told to go, and others begin",
        arguments: ["1.1", "2"])
    func upgrades(gateways version: String) throws {
        let text = Self.text.replacing("/app {", with: "/app { proxy_http_version \(version);")
        let service = try Service(text, .daemon)
        let load = Load(service.port)
        for _ in 0..<3 {
            #expect(load.waitForMore(100))
            let connections = load.connections.load(ordering: .relaxed)
            let old = service.master
            service.master = try service.upgrade()
            kill(old, SIGQUIT)
            #expect(waitForEnd(of: old))
            // It was served by the old one, or happened to be by the new one.
            #expect(load.waitForMore(100))
            #expect(load.connections.load(ordering: .relaxed) >= connections)
        }
        #expect(load.stop() == [])
        #expect(load.connections.load(ordering: .relaxed) > 1)
    }

    // MARK: Tunnels

    private static let chat =
        "location /chat { proxy_pass http://127.0.0.1:%PORT2%; proxy_http_version 1.1;"
        + " proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }"
    private static func tunnels(_ more: String = "") -> String {
        more + text.replacingOccurrences(of: "location /ready", with: chat + " location /ready")
    }

    /// A WebSocket over each of both protocols, to a gateway that sends back what comes.
    private struct Tunnels {
        let plain: RawClient
        let stream: FrameClient

        init(_ port: UInt16) throws {
            plain = try RawClient(port: port)
            plain.send("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            try #require(try plain.response().status == 101)
            stream = try FrameClient(port: port)
            let fields = [(":protocol", "websocket")]
            stream.send(FrameClient.request(1, "/chat", method: "CONNECT", fields: fields, isLast: false))
            let head = try stream.frames { $0.kind == 1 && $0.stream == 1 }
            try #require(head.last?.payload.first == 0x88)
        }

        /// Both pass on what is said.
        func expectEcho(_ text: String) throws {
            plain.send(text)
            #expect(try plain.read(text.utf8.count) == Array(text.utf8))
            stream.send(FrameClient.frame(0, 0, 1, Array(text.utf8)))
            #expect(try stream.frames { $0.kind == 0 && $0.stream == 1 }.last?.payload == Array(text.utf8))
        }

        /// Both end, the stream by its reset or with its connection.
        func expectEnd() {
            #expect(plain.isClosedByPeer(within: 10))
            let reset = try? stream.frames { $0.stream == 1 && $0.kind == 3 }
            #expect(reset != nil || stream.isClosedByPeer(within: 10))
        }

        func close() {
            plain.close()
            stream.close()
        }
    }

    private static let switching = GatewayAnswer(steps: [
        .send(
            Array(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".utf8)),
        .echo,
    ])

    @Test("tunnels go on over a reload and an upgrade, until their clients end them")
    func tunnelsGoOn() throws {
        let service = try Service(Self.tunnels(), .daemon)
        let gateway = try RecordingGateway(port: service.ports[1])
        gateway.answer("/chat", with: Self.switching)
        let tunnels = try Tunnels(service.port)
        try tunnels.expectEcho("one")
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 10)) { service.log.contains("reconfigured") })
        try tunnels.expectEcho("two")
        let old = service.master
        service.master = try service.upgrade()
        kill(old, SIGQUIT)
        #expect(waitUntil(Deadline(in: 5)) { service.log.contains("gracefully shutting down") })
        try tunnels.expectEcho("three")
        #expect(Service.isAlive(old))
        tunnels.close()
        #expect(waitForEnd(of: old))
    }

    @Test("a graceful stop waits for tunnels as long as worker_shutdown_timeout lets it")
    func tunnelsEnd() throws {
        let service = try Service(Self.tunnels("worker_shutdown_timeout 1s;\n"), .daemon)
        let gateway = try RecordingGateway(port: service.ports[1])
        gateway.answer("/chat", with: Self.switching)
        let tunnels = try Tunnels(service.port)
        try tunnels.expectEcho("one")
        kill(service.master, SIGQUIT)
        tunnels.expectEnd()
        #expect(waitForEnd(of: service.master))
        #expect(waitUntil(Deadline()) { gateway.openConnections == 0 })
    }
}
