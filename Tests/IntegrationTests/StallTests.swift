import Foundation
import TestSupport
import Testing

/// Responses whose client is slower than their gateway, and then is not: all that came goes on at once.
@Suite("Stalls", .serialized) struct StallTests {
    /// How the gateway frames what it sends.
    enum Framing: String, CaseIterable {
        case length, chunked, untilClose

        /// A burst of bytes again and again, each but the first when the test says so.
        func answer(_ bursts: [[UInt8]], last: GatewayAnswer.Step? = nil) -> GatewayAnswer {
            let count = bursts.reduce(0) { $0 + $1.count }
            let head =
                switch self {
                case .length: "Content-Length: \(count + (last == nil ? 0 : 1))\r\n\r\n"
                case .chunked: "Transfer-Encoding: chunked\r\n\r\n"
                case .untilClose: "Connection: close\r\n\r\n"
                }
            var steps: [GatewayAnswer.Step] = [.send(Array("HTTP/1.1 200 OK\r\n\(head)".utf8))]
            for (index, burst) in bursts.enumerated() {
                if index > 0 { steps.append(.waitForRelease) }
                steps.append(.send(framed(burst)))
            }
            if let last {
                steps.append(last)
            } else if self == .chunked {
                steps.append(.send(Array("0\r\n\r\n".utf8)))
            } else if self == .untilClose {
                steps.append(.close)
            }
            return GatewayAnswer(steps: steps)
        }

        private func framed(_ bytes: [UInt8]) -> [UInt8] {
            guard self == .chunked else { return bytes }
            // Several chunks a read, of sizes that fit nothing.
            var out: [UInt8] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(5003)
                out += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
                rest = rest.dropFirst(piece.count)
            }
            return out
        }
    }

    /// Ways for a response: plain; plain behind TLS; and how what the client is too slow for is kept.
    private static let paths = [
        "/memory", "/file", "/nofile", "/unbuffered", "/tls/memory", "/tls/file", "/paced",
    ]

    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            client_min_rate 0;
            upstream app { server %GATEWAY1% max_fails=0; }
            proxy_temp_path %PREFIX%/spools;
            client_body_temp_path %PREFIX%/bodies;
            client_max_body_size 0;
            proxy_buffers 4 4k;
            proxy_buffer_size 4k;
            server { listen 127.0.0.1:%PORT1% sndbuf=8k; listen 127.0.0.1:%PORT2% ssl sndbuf=8k;
                ssl_certificate server.crt; ssl_certificate_key server.key;
                location /memory { proxy_pass http://app; proxy_max_temp_file_size 0; }
                location /file { proxy_pass http://app; }
                location /nofile { proxy_pass http://app; proxy_temp_path /proc; }
                location /unbuffered { proxy_pass http://app; proxy_buffering off; }
                location /paced { proxy_pass http://app; limit_rate 4m; }
                # A client of TLS that reads no faster than its own client does.
                location /tls/ { proxy_pass https://127.0.0.1:%PORT2%/; proxy_buffering off; } }
        }
        """

    private static func server(_ gateway: RecordingGateway) throws -> Server {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["localhost"], in: directory)
        return try Server(text, gateways: [gateway], directory: directory)
    }

    /// Bytes that tell where they stand.
    private static func bytes(_ count: Int, from start: Int) -> [UInt8] {
        (start..<start + count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    private static func get(_ path: String, _ client: RawClient) {
        // Until its end, as it is: what comes is compared as it comes.
        client.send("GET \(path) HTTP/1.0\r\nHost: a\r\n\r\n")
    }

    @Test(
        "each burst reaches a client that has caught up before the next one is made", arguments: paths,
        Framing.allCases)
    func burstsArrive(path: String, framing: Framing) throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let server = try Self.server(gateway)
        // Sizes on both sides of what socket, hold-back, buffers and one read of the spool take.
        let sizes = [400_000, 100, 130_000, 1, 70_000, 5000, 300_000, 20_000, 66_000, 3, 150_000, 40]
        var bursts: [[UInt8]] = []
        for size in sizes { bursts.append(Self.bytes(size, from: bursts.count * 7)) }
        gateway.enqueue(framing.answer(bursts))
        let client = try RawClient(port: server.port, receiveBuffer: 4096)
        Self.get(path, client)
        _ = try client.interimHead()
        for (index, burst) in bursts.enumerated() {
            if index > 0 { gateway.release() }
            // The gateway has the time to get ahead.
            let step = max(1, burst.count / 7)
            var got: [UInt8] = []
            while got.count < burst.count {
                got += try client.read(min(step, burst.count - got.count), within: 10)
                usleep(2000)
            }
            let isSame = got == burst
            #expect(isSame, "burst \(index) of \(path), \(framing)")
        }
        #expect(try client.readToEnd().isEmpty)
        server.finish(expected: path == "/nofile" ? ["writing to a temporary file"] : [])
    }

    @Test(
        "a gateway that breaks off: what came before is delivered, and the end is missing", arguments: paths,
        [Framing.length, .chunked])
    func brokenIsDelivered(path: String, framing: Framing) throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let server = try Self.server(gateway)
        let burst = Self.bytes(path.hasSuffix("/file") ? 700_000 : 90_000, from: 0)
        gateway.enqueue(framing.answer([burst], last: .close))
        let client = try RawClient(port: server.port, receiveBuffer: 4096)
        client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        // Before its client reads on, except where nothing is kept.
        if path != "/unbuffered" { #expect(server.waitForLog("prematurely closed")) }
        let response = try client.response(within: 20)
        #expect(!response.isWhole)
        let isSame = response.body == burst
        #expect(isSame, "\(response.body.count) of \(burst.count)")
        #expect(client.isClosedByPeer())
        server.finish(expected: path == "/nofile" ? ["writing to a temporary file"] : [])
    }

    // MARK: Temporary files that fail

    /// The worker's temporary files below a folder, as paths that lead to them.
    private func temporaryFiles(of server: Server, below folder: String) -> [String] {
        server.program.children.flatMap { child in
            let descriptors = "/proc/\(child)/fd"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
            return names.map { "\(descriptors)/\($0)" }.filter { path in
                let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
                return target.hasPrefix("\(server.directory.path)/\(folder)/")
            }
        }
    }

    /// Cuts the worker's temporary files below a folder.
    private func truncateFiles(of server: Server, below folder: String) -> Int {
        temporaryFiles(of: server, below: folder).filter { truncate($0, 1) == 0 }.count
    }

    /// Waits until nothing more comes to the files below a folder: what is written behind a cut fills it.
    private func waitForFiles(of server: Server, below folder: String) -> Bool {
        var sizes: [Int] = []
        return waitUntil(Deadline()) {
            sizes.append(
                temporaryFiles(of: server, below: folder).reduce(0) { sum, path in
                    var status = stat()
                    return stat(path, &status) == 0 ? sum + Int(status.st_size) : sum
                })
            let last = sizes.suffix(30)
            return last.count == 30 && Set(last).count == 1 && last.first != 0
        }
    }

    @Test("a spool that has lost its end cuts the response, whether or not its gateway is done")
    func lostSpoolEnds() throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let server = try Self.server(gateway)
        for isDone in [true, false] {
            let burst = Self.bytes(700_000, from: 0)
            gateway.enqueue(Framing.length.answer([burst], last: isDone ? .send([0]) : .hang))
            let client = try RawClient(port: server.port, receiveBuffer: 4096)
            client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(waitForFiles(of: server, below: "spools"))
            #expect(truncateFiles(of: server, below: "spools") > 0)
            let response = try client.response(within: 10)
            #expect(!response.isWhole)
            let isSame = response.body.elementsEqual(burst.prefix(response.body.count))
            #expect(isSame)
        }
        #expect(try RawClient.get(server.port, "/next").status == 404)
        server.finish(expected: ["reading a temporary file"])
    }

    @Test("a kept body that has lost its end ends the request with 500, and not the gateway's good name")
    func lostBodyEnds() throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let server = try Self.server(gateway)
        gateway.enqueue(GatewayAnswer(steps: [.waitForRelease, .hang], isEarly: true))
        let client = try RawClient(port: server.port)
        client.send("POST /file HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
        client.send([UInt8](repeating: 97, count: 20_000_000))
        #expect(gateway.waitForRequests(1, within: 20))
        #expect(truncateFiles(of: server, below: "bodies") == 1)
        gateway.release()
        #expect(try client.response(within: 10).status == 500)
        #expect(waitUntil(Deadline()) { gateway.openConnections == 0 })
        #expect(try RawClient.get(server.port, "/file").text == "app /file\n")
        server.finish(expected: ["reading a temporary file"])
    }
}
