import Foundation
import TestSupport
import Testing

/// `http2`: what clients of HTTP/2 get, and what gateways see of them.
@Suite("HTTP/2") struct HTTP2Tests {
    static let configuration = """
        worker_processes 1;
        events { }
        http { log_format m '$request $status $http2 $server_protocol'; access_log %PREFIX%/access.log m;
            upstream g { server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl; http2 on;
                ssl_certificate self-signed; client_max_body_size 8m; root %PREFIX%;
                location / { proxy_pass http://g; proxy_set_header Host $http_host; }
                location /unbuffered { proxy_pass http://g; proxy_request_buffering off; }
                location /return { return 200 "text\\n"; }
                location /files/ { alias %PREFIX%/; } }
            server { listen 127.0.0.1:%PORT2% ssl; server_name old.test; ssl_certificate self-signed;
                location / { return 200 "$server_protocol\\n"; } } }
        """

    /// What curl prints of one or more requests.
    private func curl(_ server: Server, _ arguments: [String]) throws -> String {
        let run = try Program.run(
            "curl", ["-s", "-k", "--max-time", "8"] + arguments, in: server.directory, name: "curl")
        return run.output
    }

    private func plain(_ server: Server, _ path: String) -> [String] {
        ["--http2-prior-knowledge", "http://127.0.0.1:\(server.ports[0])\(path)"]
    }

    private func secure(_ server: Server, _ path: String) -> [String] {
        ["--http2", "https://127.0.0.1:\(server.ports[1])\(path)"]
    }

    @Test("a gateway sees a sound HTTP/1.1 request, a client the answer, plain and by ALPN")
    func proxied() throws {
        let gateway = try RecordingGateway()
        let server = try Server(Self.configuration, gateways: [gateway])
        gateway.answerAll(with: .fixed("answer", fields: ["X-Own: a", "Connection: x-hop", "X-Hop: b"]))
        let cookies = ["-H", "cookie: a=b", "-H", "X-Up: y"]
        for target in [plain(server, "/a?b=c"), secure(server, "/a?b=c")] {
            let output = try curl(server, ["-i"] + cookies + target)
            #expect(output.hasPrefix("HTTP/2 200"), "\(output)")
            #expect(output.contains("x-own: a\r\n") && output.hasSuffix("\r\n\r\nanswer"))
            #expect(!output.lowercased().contains("x-hop") && !output.lowercased().contains("connection"))
        }
        let request = try #require(gateway.requests.first)
        #expect(request.line == "GET /a?b=c HTTP/1.1")
        #expect(request["Host"] == "127.0.0.1:\(server.ports[0])")
        #expect(request["cookie"] == "a=b" && request["x-up"] == "y")
        #expect(gateway.failures.isEmpty)
        #expect(try curl(server, ["-i", "http://127.0.0.1:\(server.ports[0])/a"]).hasPrefix("HTTP/1.1 200"))
        #expect(
            waitUntil(Deadline(in: 5)) {
                let log = server.directory.read("access.log")
                return log.contains("GET /a?b=c HTTP/2.0 200 h2c HTTP/2.0\n")
                    && log.contains("GET /a?b=c HTTP/2.0 200 h2 HTTP/2.0\n")
                    && log.contains("GET /a HTTP/1.1 200  HTTP/1.1\n")
            })
        server.finish()
    }

    @Test("servers of one address differ, by the name that a client asks for")
    func names() throws {
        let gateway = try RecordingGateway()
        let server = try Server(Self.configuration, gateways: [gateway])
        let port = server.ports[1]
        let old = try curl(
            server, ["--http2", "--resolve", "old.test:\(port):127.0.0.1", "https://old.test:\(port)/"])
        #expect(old == "HTTP/1.1\n")
        server.finish()
    }

    @Test("content both ways, whole: more than any window", arguments: ["/up", "/unbuffered/up"])
    func content(_ path: String) throws {
        let gateway = try RecordingGateway()
        let server = try Server(Self.configuration, gateways: [gateway])
        let text = String((0..<300_000).map { "\($0)\n" }.joined().prefix(1_000_000))
        try server.directory.write(text, to: "content")
        gateway.answerAll(with: .fixed(text))
        let file = server.directory.path + "/content"
        let answers = try [plain(server, path), secure(server, path)].map {
            try curl(server, ["--data-binary", "@" + file] + $0)
        }
        #expect(answers[0] == text && answers[1] == text)
        // Of unknown length.
        _ = try curl(server, ["-X", "POST", "-T", "-"] + plain(server, path))
        #expect(gateway.requests.prefix(2).allSatisfy { $0.body == Array(text.utf8) })
        #expect(gateway.requests.count == 3 && gateway.requests[2].body.isEmpty)
        #expect(try curl(server, secure(server, "/files/content")) == text)
        server.finish()
    }

    @Test("HEAD, errors, and what is too large")
    func others() throws {
        let gateway = try RecordingGateway()
        let server = try Server(Self.configuration, gateways: [gateway])
        #expect(try curl(server, ["-I"] + plain(server, "/return")).contains("content-length: 5\r\n"))
        #expect(try curl(server, ["-i"] + plain(server, "/files/none")).hasPrefix("HTTP/2 404"))
        let long = "/" + String(repeating: "a", count: 9000)
        #expect(try curl(server, ["-i"] + plain(server, long)).hasPrefix("HTTP/2 414"))
        let field = "X-Long: " + String(repeating: "a", count: 9000)
        #expect(try curl(server, ["-i", "-H", field] + plain(server, "/return")).hasPrefix("HTTP/2 400"))
        // The connection goes on.
        let both = try curl(server, ["-i"] + secure(server, long) + [secure(server, "/return")[1]])
        #expect(both.hasPrefix("HTTP/2 414") && both.hasSuffix("text\n"))
        server.finish()
    }

    @Test("reloads cut no stream, and a worker that finishes answers what was asked")
    func lifecycle() throws {
        guard let h2load = Binary.h2load else { return print("skipped: h2load is not installed") }
        let gateway = try RecordingGateway()
        let server = try Server(Self.configuration, gateways: [gateway])
        try server.directory.write("small", to: "small")
        let load = try Program(
            h2load,
            [
                "-n", "2000", "-c", "4", "-m", "8", "--rps=400",
                "http://127.0.0.1:\(server.ports[0])/files/small",
            ], in: server.directory, name: "h2load")
        #expect(waitUntil(Deadline(in: 5)) { server.directory.read("access.log").contains("small") })
        for _ in 0..<3 {
            let reload = try server.reload()
            #expect(reload.ending == .exited(0))
        }
        #expect(load.waitForEnd(within: 20) == .exited(0))
        #expect(load.output.contains("2000 succeeded, 0 failed, 0 errored, 0 timeout"), "\(load.output)")
        server.finish()
    }
}
