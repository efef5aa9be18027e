import Foundation
import TestSupport
import Testing

/// Five hundred clients that are slow in one way or another, beside one that is not.
@Suite("HTTP/2 slow clients", .serialized) struct HTTP2SlowClientTests {
    private static let count = 500
    /// What each sends at once, and then byte by byte.
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let first: [UInt8]
        let dripped: [UInt8]
    }

    private static let opening: [UInt8] = FrameClient.preface + FrameClient.frame(4, 0, 0)
    private static let head = FrameClient.request(1, "/text")
    /// A request with the head of a frame of 4096 bytes of content.
    private static let upload: [UInt8] = {
        let dataHead: [UInt8] = [0, 16, 0, 0, 0, 0, 0, 0, 1]
        return opening + FrameClient.request(1, "/up", method: "POST", isLast: false) + dataHead
    }()
    private static let windowless: [UInt8] = {
        let settings = FrameClient.frame(4, 0, 0, [0, 4, 0, 0, 0, 0])
        return FrameClient.preface + settings + head
    }()
    private static let begun: [UInt8] = opening + FrameClient.frame(1, 1, 1, [0x82])

    static let kinds = [
        Kind(testDescription: "a preface, byte by byte", first: [], dripped: opening),
        Kind(testDescription: "HEADERS, byte by byte", first: opening, dripped: head),
        Kind(
            testDescription: "CONTINUATION of a byte each",
            first: opening + FrameClient.frame(1, 1, 1, [0x82]),
            dripped: []),
        Kind(
            testDescription: "content, byte by byte",
            first: upload,
            dripped: [UInt8](repeating: 0x78, count: 64)),
        Kind(
            testDescription: "windows of nothing",
            first: windowless, dripped: []),
        Kind(testDescription: "nothing at all", first: opening, dripped: []),
    ]

    /// Of the server's one process, in KiB.
    private static func memory(_ server: Server) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(server.program.pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
    }

    @Test("they leave the others served, and cost little memory", arguments: kinds)
    func slow(_ kind: Kind) throws {
        let gateway = try RecordingGateway()
        let server = try Server(
            """
            master_process off;
            events { worker_connections 2048; }
            http { http2 on; access_log off; server { listen 127.0.0.1:%PORT1% backlog=1024;
                location /text { return 200 "\(String(repeating: "x", count: 1000))"; }
                location / { proxy_pass http://%GATEWAY1%; proxy_request_buffering off; } } }
            """, gateways: [gateway])
        let good = try FrameClient(port: server.port)
        var stream: UInt32 = 1
        func isServed() throws -> Bool {
            defer { stream += 2 }
            good.send(FrameClient.request(stream, "/text"))
            good.send(FrameClient.frame(8, 0, 0, FrameClient.number(1000)))
            return try good.content(stream).count == 1000
        }
        #expect(try isServed())
        let before = Self.memory(server)
        var clients: [RawClient] = []
        for _ in 0..<Self.count {
            let client = try RawClient(port: server.port)
            client.send(kind.first)
            clients.append(client)
        }
        for round in 0..<6 {
            if round < kind.dripped.count {
                for client in clients { client.send([kind.dripped[round]]) }
            } else if kind.testDescription.hasPrefix("CONTINUATION") {
                for client in clients { client.send(FrameClient.frame(9, 0, 1, [0x40])) }
            }
            #expect(try isServed(), "round \(round)")
        }
        let cost = (Self.memory(server) - before) / Self.count
        #expect(cost < 100, "\(cost) KiB each")
        for client in clients { client.close() }
        #expect(try isServed())
        server.finish()
    }
}
