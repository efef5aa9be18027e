import Foundation
import TestSupport
import Testing

/// Large content over HTTP/2, and what is asked for meanwhile on the same connection.
@Suite("HTTP/2 downloads") struct HTTP2DownloadTests {
    private static let megabytes = 24

    private func server(_ location: String = "", gateways: [RecordingGateway] = []) throws -> Server {
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http { http2 on;
                server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl; ssl_certificate self-signed;
                    root %PREFIX%; location / { return 200 "small"; } location /files/ { \(location) } } }
            """, gateways: gateways)
        return server
    }

    /// Windows that no response fills: of streams, and of the connection.
    private static let wideWindows: [UInt8] = [0, 4, 0x7F, 0xFF, 0xFF, 0xFF]
    private static let wideConnection = FrameClient.frame(8, 0, 0, FrameClient.number(0x7000_0000))

    /// Bytes that the kernel holds for a port's only connection; read until they stay the same.
    private func unsentCount(_ port: UInt16) throws -> Int {
        var last = -1
        var same = 0
        let isSettled = waitUntil(Deadline(in: 15)) {
            let rows = (try? TCPTable.rows(port)) ?? []
            let queue = rows.first { $0[3] == "01" }?[4].split(separator: ":").first ?? ""
            let count = Int(queue, radix: 16) ?? 0
            same = count == last && count > 0 ? same + 1 : 0
            last = count
            return same >= 10
        }
        #expect(isSettled)
        return last
    }

    @Test("a client that does not keep up with a download has at most some of it in its way")
    func overtakes() throws {
        let server = try server()
        let large = String(repeating: "x", count: Self.megabytes << 20)
        try FileManager.default.createDirectory(
            atPath: server.directory.path + "/files", withIntermediateDirectories: true)
        try server.directory.write(large, to: "files/large")
        let client = try FrameClient(
            port: server.port, settings: Self.wideWindows, receiveBuffer: 32 << 10)
        client.send(Self.wideConnection + FrameClient.request(1, "/files/large"))
        #expect(try unsentCount(server.port) < 512 << 10)
        client.send(FrameClient.request(3, "/"))
        let frames = try client.frames { $0.stream == 3 && $0.isLast }
        let ahead = frames.filter { $0.stream == 1 && $0.kind == 0 }.reduce(0) { $0 + $1.payload.count }
        // What both kernels held, and what was framed before the request was there.
        #expect(ahead < 1 << 20)
        let rest = try client.content(1)
        #expect(ahead + rest.count == Self.megabytes << 20)
        server.finish()
    }

    @Test("content over TLS is whole, and comes in frames that fill a record, from a gateway and from a file")
    func records() throws {
        let gateway = try RecordingGateway()
        var content = ""
        for line in 0..<60_000 { content += "line \(line) of it\n" }
        gateway.answer("/files/large", with: .fixed(content))
        for location in ["", "proxy_pass http://%GATEWAY1%;"] {
            let server = try server(location, gateways: [gateway])
            try FileManager.default.createDirectory(
                atPath: server.directory.path + "/files", withIntermediateDirectories: true)
            try server.directory.write(content, to: "files/large")
            let url = "https://127.0.0.1:\(server.ports[1])/files/large"
            let run = try Program.run(
                "curl", ["-sk", "--http2", "--parallel", "-Z"] + [String](repeating: url, count: 8),
                in: server.directory, name: "curl")
            #expect(run.ending == .exited(0), "\(run.errors)")
            #expect(run.output.utf8.count == 8 * content.utf8.count)
            let one = try Program.run("curl", ["-sk", "--http2", url], in: server.directory, name: "one")
            #expect(one.output == content)
            server.finish()
        }
    }
}
