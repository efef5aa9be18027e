import Foundation
import TestSupport
import Testing

extension FaultTests {
    /// The front's processes die, reload and are replaced while streams are under way.
    @Suite(.serialized) struct HTTP2 {
        private static let configuration = """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { http2 on; access_log off; keepalive_requests 100000;
                upstream app { zone app 64k; server %GATEWAY1% max_fails=0; keepalive 8; }
                server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl; ssl_certificate self-signed;
                    location / { return 200 text; }
                    location /app { proxy_pass http://app; } } }
            """

        private static func workers(of server: Server) -> [pid_t] {
            server.program.children.filter { Service.title(of: $0).hasPrefix("portico: worker process") }
        }

        /// An answer whose second half waits.
        private static let halves = GatewayAnswer.raw("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none")
            .then(.waitForRelease).then(.send(Array("two".utf8)))

        /// Begins an answer of two halves on a connection of its own.
        private static func half(_ port: UInt16) throws -> FrameClient {
            let client = try FrameClient(port: port)
            client.send(FrameClient.request(1, "/app/half"))
            _ = try client.frames { $0.kind == 0 && $0.payload == Array("one".utf8) }
            return client
        }

        @Test("a killed worker takes only its own connections along; others are served on")
        func workerKilled() throws {
            let gateway = try RecordingGateway()
            let server = try Server(Self.configuration, gateways: [gateway])
            func workers() -> [pid_t] { Self.workers(of: server) }
            func held(_ pid: pid_t) -> Int { FrontProcesses.connections(of: pid, to: server.port) }
            #expect(waitUntil(Deadline(in: 5)) { workers().count == 2 })
            let clients = try (0..<24).map { _ in try FrameClient(port: server.port) }
            for client in clients {
                client.send(FrameClient.request(1, "/"))
                _ = try client.content(1)
            }
            // The one that has more to lose.
            let victim = try #require(workers().max { held($0) < held($1) })
            let lost = held(victim)
            #expect(lost > 0)
            kill(victim, SIGKILL)
            let isBack = waitUntil(Deadline(in: 5)) { workers().count == 2 && !workers().contains(victim) }
            #expect(isBack)
            let served = clients.count { client in
                client.send(FrameClient.request(3, "/"))
                return (try? client.content(3)) == Array("text".utf8)
            }
            #expect(served == clients.count - lost, "\(served) of \(clients.count), \(lost) lost")
            let fresh = try FrameClient(port: server.port)
            fresh.send(FrameClient.request(1, "/"))
            #expect(try fresh.content(1) == Array("text".utf8))
            server.finish(expected: ["exited on signal 9"])
        }

        @Test("20 reloads under load fail no request and reset no stream", arguments: [0, 1])
        func reloads(_ place: Int) throws {
            guard let h2load = Binary.h2load else { return print("skipped: h2load is not installed") }
            let gateway = try RecordingGateway()
            let server = try Server(Self.configuration, gateways: [gateway])
            let url = "\(["http", "https"][place])://127.0.0.1:\(server.ports[place])"
            #expect(waitUntil(Deadline(in: 5)) { Self.workers(of: server).count == 2 })
            let workers = Self.workers(of: server)
            var count = 0
            while count < 20 {
                let load = try Program(
                    h2load, ["-n", "4000", "-c", "4", "-m", "8", "--rps=250", "\(url)/", "\(url)/app"],
                    in: server.directory, name: "h2load-\(count)")
                let before = count
                while load.endingNow == nil, count < 20 {
                    try #require(try server.reload().ending == .exited(0), "\(server.log.suffix(2000))")
                    count += 1
                }
                try #require(count > before, "no reload came under load: \(load.output)")
                #expect(load.waitForEnd(within: 60) == .exited(0))
                let isWhole = load.output.contains("4000 succeeded, 0 failed, 0 errored, 0 timeout")
                #expect(isWhole && load.output.contains("4000 2xx"), "\(load.output)")
            }
            #expect(Self.workers(of: server) == workers)
            server.finish()
        }

        @Test("QUIT ends no stream under way: each has its answer, then the connection its end")
        func quit() throws {
            let gateway = try RecordingGateway()
            let server = try Server(Self.configuration, gateways: [gateway])
            gateway.answer("/app/half", with: Self.halves)
            let clients = try (0..<6).map { _ in try Self.half(server.port) }
            server.program.send(SIGQUIT)
            for client in clients {
                let first = try client.frames { $0.kind == 7 }
                #expect(first.last?.payload == [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
            }
            #expect(waitUntil(Deadline(in: 5)) { (try? RawClient(port: server.port)) == nil })
            #expect(server.program.endingNow == nil)
            for _ in clients { gateway.release() }
            for client in clients { #expect(try client.content(1) == Array("two".utf8)) }
            for client in clients { #expect(client.isClosedByPeer(within: 8)) }
            #expect(server.program.waitForEnd(within: 8) == .exited(0))
            #expect(server.alarmingLines.isEmpty)
        }

        @Test("a new binary takes new connections; the old one ends the streams that it has")
        func upgraded() throws {
            let gateway = try RecordingGateway()
            gateway.answer("/app/half", with: Self.halves)
            let text = Service.usual.replacingOccurrences(
                of: "location /app { proxy_pass http://app/; }",
                with: "http2 on; location /app/half { proxy_pass http://127.0.0.1:\(gateway.port); }")
            let service = try Service(text)
            let old = service.master
            let clients = try (0..<4).map { _ in try Self.half(service.port) }
            let next = try service.upgrade()
            kill(old, SIGQUIT)
            for client in clients { _ = try client.frames { $0.kind == 7 } }
            service.master = next
            #expect(waitUntil(Deadline(in: 5)) { service.workers.count == 2 })
            for _ in 0..<8 {
                let client = try FrameClient(port: service.port)
                client.send(FrameClient.request(1, "/"))
                #expect(try client.content(1) == Array("fine\n".utf8))
            }
            #expect(Service.isAlive(old))
            for _ in clients { gateway.release() }
            for client in clients {
                #expect(try client.content(1) == Array("two".utf8))
                #expect(client.isClosedByPeer(within: 8))
            }
            #expect(waitForEnd(of: old))
        }
    }
}
