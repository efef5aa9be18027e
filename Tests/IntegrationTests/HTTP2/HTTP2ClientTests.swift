import Foundation
import TestSupport
import Testing

/// Real clients, each with a protocol library of its own.
@Suite("HTTP/2 by real clients", .serialized) struct HTTP2ClientTests {
    private static let configuration = """
        worker_processes 1;
        events { }
        http { http2 on; access_log off; client_max_body_size 8m; keepalive_requests 100000;
            server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl; ssl_certificate self-signed;
                location / { proxy_pass http://%GATEWAY1%; }
                location /unbuffered { proxy_pass http://%GATEWAY1%; proxy_request_buffering off; }
                location /text { return 200 text; }
                location /files/ { alias %PREFIX%/files/; }
                location /chat { proxy_pass http://%GATEWAY1%; proxy_http_version 1.1;
                    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }
        """
    private static let large = String(repeating: "0123456789", count: 30_000)

    private struct Scene {
        let gateway: RecordingGateway
        let server: Server

        init() throws {
            gateway = try RecordingGateway()
            server = try Server(HTTP2ClientTests.configuration, gateways: [gateway])
            mkdir(server.directory.path + "/files", 0o755)
            try server.directory.write(HTTP2ClientTests.large, to: "files/large")
        }

        /// Plain, and by TLS.
        var urls: [String] {
            ["http://127.0.0.1:\(server.ports[0])", "https://127.0.0.1:\(server.ports[1])"]
        }
        var file: String { server.directory.path + "/files/large" }

        func run(_ program: String, _ words: [String]) throws -> String {
            let run = try Program.run(program, words, in: server.directory, name: "client", within: 30)
            #expect(run.ending == .exited(0), "\(words): \(run.output) \(run.errors)")
            return run.output
        }
    }

    /// nghttp tells every frame; nothing may go wrong in any.
    private func expectSound(_ output: String, answers: Int) {
        #expect(output.components(separatedBy: ":status: 200").count - 1 == answers, "\(output)")
        #expect(!output.contains("RST_STREAM"), "\(output)")
        let codes = output.components(separatedBy: "error_code=").count - 1
        #expect(codes == output.components(separatedBy: "error_code=NO_ERROR").count - 1, "\(output)")
    }

    @Test("nghttp: many streams, narrow windows, content with trailers, 100-continue")
    func nghttp() throws {
        guard let nghttp = Binary.nghttp else { return print("skipped: nghttp is not installed") }
        let scene = try Scene()
        for url in scene.urls {
            let usual = ["-n", "-v", "-t", "20"]
            expectSound(
                try scene.run(nghttp, usual + ["-m", "30", "-w", "14", "-W", "15", "\(url)/files/large"]),
                answers: 30)
            for path in ["/up", "/unbuffered"] {
                let words = ["-d", scene.file, "--trailer", "x-t: v", "\(url)\(path)"]
                expectSound(try scene.run(nghttp, usual + words), answers: 1)
            }
            let expecting = try scene.run(
                nghttp, usual + ["--expect-continue", "-d", scene.file, url + "/up"])
            #expect(expecting.contains(":status: 100"))
            expectSound(expecting, answers: 1)
        }
        let requests = scene.gateway.requests
        #expect(requests.count == 6 && requests.allSatisfy { $0.text == Self.large })
        scene.server.finish()
    }

    @Test("h2load: many connections and streams, up and down, narrow windows")
    func h2load() throws {
        guard let h2load = Binary.h2load else { return print("skipped: h2load is not installed") }
        let scene = try Scene()
        for url in scene.urls {
            for words in [
                ["-n", "2000", "-c", "8", "-m", "32", url + "/text"],
                ["-n", "800", "-c", "4", "-m", "100", url + "/any"],
                ["-n", "60", "-c", "3", "-m", "10", "-w", "14", "-W", "14", url + "/files/large"],
                ["-n", "24", "-c", "3", "-m", "4", "-d", scene.file, url + "/unbuffered"],
            ] {
                let output = try scene.run(h2load, words)
                let isWhole = output.contains("\(words[1]) succeeded, 0 failed, 0 errored, 0 timeout")
                #expect(isWhole && output.contains("\(words[1]) 2xx"), "\(words): \(output)")
            }
        }
        let uploads = scene.gateway.requests.filter { $0.method == "POST" }
        #expect(uploads.count == 48 && uploads.allSatisfy { $0.body.count == Self.large.utf8.count })
        scene.server.finish()
    }

    @Test("curl: transfers share one connection, one after the other and at the same time")
    func curl() throws {
        let scene = try Scene()
        // By TLS only: curl 7.88 takes no connection of prior knowledge again, beside any server.
        for words in [["--http2"], ["--http2", "--parallel"]] {
            let format = "%{http_code} %{http_version} %{size_download} %{num_connects}\\n"
            let output = try scene.run(
                "curl",
                ["-s", "-k", "--max-time", "20", "-o", "/dev/null", "-w", format] + words + [
                    "\(scene.urls[1])/files/large?[1-40]"
                ])
            let lines = output.split(separator: "\n")
            #expect(lines.count == 40 && lines.allSatisfy { $0.hasPrefix("200 2 300000 ") }, "\(output)")
            #expect(lines.count { $0.hasSuffix(" 1") } == 1, "\(output)")
        }
        scene.server.finish()
    }

    /// Whether that Python can do it; says so when it cannot.
    private func canImport(_ name: String, _ scene: Scene) throws -> Bool {
        let run = try Program.run(
            Binary.python, ["-c", "import \(name)"], in: scene.server.directory, name: "import")
        if run.ending != .exited(0) { print("skipped: \(Binary.python) has no package \(name)") }
        return run.ending == .exited(0)
    }

    @Test("Python's httpx: many requests at a time, content up and down, by both ways")
    func httpx() throws {
        let scene = try Scene()
        guard try canImport("httpx, h2", scene) else { return scene.server.finish() }
        try scene.server.directory.write(HTTP2ClientScripts.httpx, to: "httpx_client.py")
        let script = scene.server.directory.path + "/httpx_client.py"
        #expect(try scene.run(Binary.python, [script] + scene.urls) == "fine\n")
        let uploads = scene.gateway.requests.filter { $0.method == "POST" }
        #expect(uploads.count == 4 && uploads.allSatisfy { $0.text == Self.large })
        scene.server.finish()
    }

    @Test("Python's h2: a WebSocket over a stream, pings, and what is not there")
    func h2() throws {
        let scene = try Scene()
        guard try canImport("h2", scene) else { return scene.server.finish() }
        scene.gateway.answer("/chat", with: .upgrade())
        try scene.server.directory.write(HTTP2ClientScripts.h2, to: "h2_client.py")
        let script = scene.server.directory.path + "/h2_client.py"
        #expect(try scene.run(Binary.python, [script, "\(scene.server.port)"]) == "fine\n")
        #expect(scene.gateway.requests.first?.line == "GET /chat HTTP/1.1")
        scene.server.finish()
    }
}
