import Foundation
import TestSupport
import Testing

/// `gzip` as clients see it, decoded by somebody else's zlib: that of Python.
@Suite("Compression", .serialized) struct CompressionTests {
    private static let text = """
        worker_processes 2;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format sizes '$request $body_bytes_sent $gzip_ratio';
            access_log %PREFIX%/access.log sizes;
            http2 on; client_min_rate 0;
            gzip on; gzip_types text/event-stream text/plain; gzip_comp_level 6;
            server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www;
                types { text/plain txt; }
                location /app/ { proxy_pass http://%GATEWAY1%; }
                location /now/ { proxy_pass http://%GATEWAY1%; proxy_buffering off; }
                location /undone/ { gunzip on; gzip_static always; alias %PREFIX%/www/; } }
        }
        """

    /// `PORT COUNT HTTP2 PATH…`: asks for each path so many times at once, and says what came.
    private static let script = """
        import concurrent.futures, gzip, hashlib, subprocess, sys
        port, count, version = sys.argv[1], int(sys.argv[2]), sys.argv[3]
        def ask(path):
            words = ["curl", "-s", "-S", "--max-time", "60", version, "-H", "Accept-Encoding: gzip",
                     "-D", "-", "http://127.0.0.1:" + port + path]
            answer = subprocess.run(words, capture_output=True, check=True).stdout
            head, _, body = answer.partition(b"\\r\\n\\r\\n")
            assert b"content-encoding: gzip" in head.lower(), head
            assert b"content-length" not in head.lower(), head
            return path + " " + hashlib.md5(gzip.decompress(body)).hexdigest()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            print("\\n".join(sorted(set(pool.map(ask, sys.argv[4:] * count)))))
        """

    private func answers(_ server: Server, _ count: Int, _ version: String, _ paths: [String]) throws
        -> String
    {
        try server.directory.write(Self.script, to: "ask.py")
        let run = try Program.run(
            Binary.python,
            [server.directory.path + "/ask.py", "\(server.port)", "\(count)", version] + paths,
            in: server.directory, within: 120)
        #expect(run.ending == .exited(0), "\(run.errors)")
        return run.output
    }

    /// MD5 of a file.
    private func sum(_ name: String, in server: Server) throws -> String {
        let run = try Program.run("md5sum", [server.directory.path + "/" + name], in: server.directory)
        return String(run.output.prefix { $0 != " " })
    }

    @Test(
        "10 MB of a file and of a gateway come out as they were, many at once",
        arguments: ["--http1.1", "--http2-prior-knowledge"])
    func largeContents(version: String) throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let large = (0..<600_000).map { "line \($0 &* 7919 % 1_000_003)\n" }.joined()
        gateway.answerAll(with: .fixed(large))
        let server = try Server(Self.text, gateways: [gateway], files: ["www/large.txt": large])
        #expect(large.utf8.count > 6 << 20)
        let wanted = try sum("www/large.txt", in: server)
        let found = try answers(server, 4, version, ["/large.txt", "/app/large", "/now/large"])
        #expect(found == ["/app/large", "/large.txt", "/now/large"].map { "\($0) \(wanted)\n" }.joined())
        server.finish()
        let log = server.directory.read("access.log").split(separator: "\n")
        #expect(log.count == 12)
        for line in log {
            let words = line.split(separator: " ")
            let sent = try #require(Double(words[3]))
            let ratio = try #require(Double(words[4]))
            #expect(abs(Double(large.utf8.count) / sent - ratio) < 0.02)
        }
    }

    @Test(
        "each event of a stream reaches its client before the next one is made",
        arguments: ["/app/", "/now/"])
    func eventStream(path: String) throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let events = (0..<5).map { "data: event \($0)\n\n" }
        var steps: [GatewayAnswer.Step] = [
            .send(
                Array(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                        .utf8))
        ]
        for event in events {
            steps.append(.waitForRelease)
            steps.append(.send(Array("\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n".utf8)))
        }
        steps.append(.send(Array("0\r\n\r\n".utf8)))
        gateway.answerAll(with: GatewayAnswer(steps: steps))
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET \(path) HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
        let head = try client.interimHead()
        #expect(head["Content-Encoding"] == "gzip")
        for _ in events {
            gateway.release()
            // One chunk: what the flush gave.
            var line: [UInt8] = []
            while line.last != 10 {
                let byte = try client.read(1)
                try #require(byte.count == 1)
                line += byte
            }
            let size = try #require(Int(String(latin1: line.dropLast(2)), radix: 16))
            #expect(size > 0)
            #expect(try client.read(size + 2).count == size + 2)
        }
        server.finish()
    }

    @Test("a reload in the midst of compressed answers changes nothing about them")
    func reload() throws {
        let gateway = try RecordingGateway("app")
        defer { gateway.stop() }
        let half = (0..<3000).map { "line \($0)\n" }.joined()
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(half.utf8.count * 2)\r\n\r\n"
        gateway.answerAll(
            with: GatewayAnswer(steps: [
                .send(Array((head + half).utf8)), .waitForRelease, .send(Array(half.utf8)),
            ]))
        let server = try Server(Self.text, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET /app/ HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
        #expect(gateway.waitForRequests(1))
        try server.rewrite(Self.text.replacing("gzip on", with: "gzip off"), gateways: [gateway])
        #expect(try server.reload().ending == .exited(0))
        gateway.release()
        let response = try client.response()
        #expect(response.isWhole)
        try server.directory.write("", to: "body.gz")
        try Data(response.body).write(to: URL(fileURLWithPath: server.directory.path + "/body.gz"))
        let run = try Program.run(
            Binary.python,
            [
                "-c", "import gzip, sys; sys.stdout.write(gzip.open(sys.argv[1]).read().decode())",
                server.directory.path + "/body.gz",
            ], in: server.directory)
        #expect(run.output == half + half)
        gateway.answerAll(with: .fixed(half))
        client.send("GET /app/ HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
        #expect(try client.response().text == half)
        server.finish()
    }
}
