import Foundation
import TestSupport
import Testing

/// What HTTP/1.1 clients get is there for streams: delays, limits, error pages, and places of the service.
@Suite("HTTP/2 and features") struct HTTP2FeatureTests {
    private static let configuration = """
        worker_processes 1;
        events { }
        http { http2 on; access_log off; root %PREFIX%;
            error_page 404 =200 /own; error_page 403 @named; error_page 502 http://elsewhere/x;
            server { listen 127.0.0.1:%PORT1%; set_real_ip_from 127.0.0.1;
                real_ip_header X-Forwarded-For;
                location / { proxy_pass http://%GATEWAY1%; }
                location /text { return 200 text; }
                location = /own { return 200 own; }
                location @named { return 200 named; }
                location /deny { deny all; }
                location /dead { proxy_pass http://%DEAD%; }
                location /files/ { alias %PREFIX%/files/; }
                location /protected/ { internal; alias %PREFIX%/files/; }
                location /auth/ { auth_basic realm; auth_basic_user_file %PREFIX%/users;
                    auth_delay 300ms; alias %PREFIX%/files/; }
                location /either/ { satisfy any; deny all; auth_basic realm;
                    auth_basic_user_file %PREFIX%/users; alias %PREFIX%/files/; }
                location /both/ { satisfy all; deny all; auth_basic realm;
                    auth_basic_user_file %PREFIX%/users; alias %PREFIX%/files/; }
                location /slow { limit_rate 500; return 200 "\(String(repeating: "x", count: 1000))"; }
                location /address { return 200 "$remote_addr"; }
                location /ready { readiness; } location /status { status; } location /api { api; }
                location /stub { stub_status; } }
            server { listen 127.0.0.1:%PORT2% proxy_protocol; listen 127.0.0.1:%PORT3% ssl proxy_protocol;
                ssl_certificate self-signed; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;
                location / {
                    return 200 "$remote_addr $proxy_protocol_port $server_protocol $scheme"; } } }
        """

    /// One server, its gateway, and what curl says.
    private struct Scene {
        let gateway: RecordingGateway
        let server: Server

        init() throws {
            gateway = try RecordingGateway()
            server = try Server(
                HTTP2FeatureTests.configuration, gateways: [gateway], files: ["users": "a:{PLAIN}b\n"])
            mkdir(server.directory.path + "/files", 0o755)
            try server.directory.write("0123456789", to: "files/file")
        }
    }

    @Test("a refusal that is delayed, and a response that is paced, hold no other stream")
    func delays() throws {
        let scene = try Scene()
        let client = try FrameClient(port: scene.server.port)
        // 300 ms; some 1000 bytes at 500 a second, the first second's at once.
        for (first, path, leastMs) in [(UInt32(1), "/auth/file", UInt64(290)), (5, "/slow", 900)] {
            let began = Deadline.nowNs()
            client.send(FrameClient.request(first, path) + FrameClient.request(first + 2, "/text"))
            var ended: [UInt32] = []
            _ = try client.frames { frame in
                if frame.isLast { ended.append(frame.stream) }
                return ended.count == 2
            }
            #expect(ended == [first + 2, first], "\(path)")
            #expect(Deadline.nowNs() - began > leastMs * 1_000_000, "\(path)")
        }
        // Nor does one that is reset while it waits.
        let reset = FrameClient.frame(3, 0, 9, FrameClient.number(8))
        client.send(FrameClient.request(9, "/slow") + reset + FrameClient.request(11, "/text"))
        #expect(try client.content(11) == Array("text".utf8))
        scene.server.finish()
    }

    @Test("satisfy, auth_basic: who may and who may not")
    func access() throws {
        let scene = try Scene()
        #expect(try scene.server.curl("/auth/file").contains("HTTP/2 401"))
        #expect(
            try scene.server.curl("/auth/file", "-u", "a:c").contains(
                "www-authenticate: Basic realm=\"realm\""))
        for path in ["/auth/file", "/either/file"] {
            #expect(try scene.server.curl(path, "-u", "a:b").hasSuffix("\r\n\r\n0123456789"))
        }
        #expect(try scene.server.curl("/either/file").contains("HTTP/2 401"))
        #expect(try scene.server.curl("/both/file", "-u", "a:b").hasSuffix("\r\n\r\nnamed"))
        scene.server.finish()
    }

    @Test("error_page of every kind: another status, a named location, a redirect")
    func errorPages() throws {
        let scene = try Scene()
        let missing = try scene.server.curl("/files/none")
        #expect(missing.hasPrefix("HTTP/2 200") && missing.hasSuffix("\r\n\r\nown"))
        let denied = try scene.server.curl("/deny")
        #expect(denied.hasPrefix("HTTP/2 403") && denied.hasSuffix("\r\n\r\nnamed"))
        let dead = try scene.server.curl("/dead")
        #expect(dead.hasPrefix("HTTP/2 302") && dead.contains("location: http://elsewhere/x\r\n"))
        // Before the content has come, which then nobody wants (RFC 9113 §8.1).
        let client = try FrameClient(port: scene.server.port)
        client.send(FrameClient.request(1, "/deny", method: "POST", isLast: false))
        #expect(try client.content(1) == Array("named".utf8))
        client.send(FrameClient.frame(0, 1, 1, [1]) + FrameClient.request(3, "/text"))
        #expect(try client.content(3) == Array("text".utf8))
        scene.server.finish()
    }

    @Test("X-Accel-Redirect and ranges, one and several")
    func ranges() throws {
        let scene = try Scene()
        scene.gateway.answerAll(with: .fixed("unseen", fields: ["X-Accel-Redirect: /protected/file"]))
        #expect(try scene.server.curl("/x").hasSuffix("\r\n\r\n0123456789"))
        let part = try scene.server.curl("/x", "-r", "2-4")
        #expect(part.hasPrefix("HTTP/2 206") && part.hasSuffix("\r\n\r\n234"))
        #expect(try scene.server.curl("/protected/file").hasSuffix("\r\n\r\nown"))
        let parts = try scene.server.curl("/files/file", "-r", "2-4,6-7")
        #expect(parts.contains("content-type: multipart/byteranges; boundary="))
        #expect(parts.contains("Content-Range: bytes 2-4/10\r\n\r\n234\r\n--"))
        #expect(parts.contains("Content-Range: bytes 6-7/10\r\n\r\n67\r\n--"))
        let beyond = try scene.server.curl("/files/file", "-r", "20-")
        #expect(beyond.hasPrefix("HTTP/2 416") && beyond.contains("content-range: bytes */10\r\n"))
        scene.server.finish()
    }

    @Test("100-continue is said before content comes; HEAD has a head and its end, no more")
    func heads() throws {
        let scene = try Scene()
        let client = try FrameClient(port: scene.server.port)
        let expect = [("expect", "100-continue"), ("content-length", "7")]
        client.send(FrameClient.request(1, "/up", method: "POST", fields: expect, isLast: false))
        let early = try client.frames { $0.kind == 1 }
        #expect(early.last?.isLast == false && scene.gateway.requests.isEmpty)
        client.send(FrameClient.frame(0, 1, 1, Array("content".utf8)))
        #expect(try client.content(1) == Array("g1 /up\n".utf8))
        #expect(scene.gateway.requests.first?.text == "content")
        for (index, path) in ["/files/file", "/text", "/proxied", "/status", "/files/none"].enumerated() {
            let stream = UInt32(2 * index + 3)
            client.send(FrameClient.request(stream, path, method: "HEAD"))
            let frames = try client.stream(stream)
            #expect(frames.count == 1 && frames[0].kind == 1 && frames[0].isLast, "\(path)")
        }
        scene.server.finish()
    }

    @Test("the PROXY protocol comes before the preface, and before TLS; real_ip_header is obeyed")
    func addresses() throws {
        let scene = try Scene()
        let ports = scene.server.ports
        let header = "PROXY TCP4 9.8.7.6 5.6.7.8 12345 80\r\n"
        let client = try FrameClient(port: ports[1], after: header)
        for stream: UInt32 in [1, 3] {
            client.send(FrameClient.request(stream, "/"))
            #expect(try client.content(stream) == Array("9.8.7.6 12345 HTTP/2.0 http".utf8))
        }
        // Without it nobody is served.
        let bare = try FrameClient(port: ports[1])
        #expect(bare.isClosedByPeer())
        let secure = try Program.run(
            "curl",
            [
                "-s", "-k", "--http2", "--haproxy-protocol", "--max-time", "8",
                "https://127.0.0.1:\(ports[2])/",
            ],
            in: scene.server.directory, name: "curl")
        #expect(secure.output.hasPrefix("127.0.0.1 ") && secure.output.hasSuffix(" HTTP/2.0 https"))
        let told = try FrameClient(port: scene.server.port)
        for (stream, address) in [(UInt32(1), "1.2.3.4"), (3, "5.6.7.8"), (5, "127.0.0.1")] {
            let fields = stream == 5 ? [] : [("x-forwarded-for", address)]
            told.send(FrameClient.request(stream, "/address", fields: fields))
            #expect(try told.content(stream) == Array(address.utf8))
        }
        scene.server.finish(expected: ["broken header"])
    }

    @Test("readiness, status, api and stub_status answer on one connection, beside each other")
    func places() throws {
        let scene = try Scene()
        let client = try FrameClient(port: scene.server.port)
        let places = [
            ("/ready", "ready"), ("/status?format=json", "{\"nginx\":"),
            ("/status?format=prometheus", "portico_"),
            ("/api/9/", "[\"nginx\""), ("/stub", "Active connections: 1"), ("/status", "green: "),
        ]
        let requests = places.enumerated().flatMap { FrameClient.request(UInt32(2 * $0 + 1), $1.0) }
        client.send(requests)
        var texts: [UInt32: [UInt8]] = [:]
        var left = places.count
        _ = try client.frames { frame in
            if frame.kind == 0 { texts[frame.stream, default: []] += frame.payload }
            if frame.isLast { left -= 1 }
            // The page is longer than the first window.
            if frame.kind == 0, !frame.payload.isEmpty {
                let count = FrameClient.number(UInt32(frame.payload.count))
                client.send(FrameClient.frame(8, 0, 0, count) + FrameClient.frame(8, 0, frame.stream, count))
            }
            return left == 0
        }
        for (index, (path, beginning)) in places.enumerated() {
            let text = String(latin1: texts[UInt32(2 * index + 1)] ?? [])
            #expect(text.contains(beginning), "\(path): \(text.prefix(200))")
        }
        scene.server.finish()
    }

    @Test("every variable may be logged; those of the request say what it was")
    func variables() throws {
        let gateway = try RecordingGateway()
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http { http2 on; log_format all '\(try VariableNames.format()) agent=[$http_user_agent] '
                    'cookie=[$cookie_c] sent=[$sent_http_x_g] gateway=[$upstream_http_x_g]';
                access_log %PREFIX%/access.log all;
                server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl;
                    ssl_certificate self-signed; location / { proxy_pass http://%GATEWAY1%; } } }
            """, gateways: [gateway])
        gateway.answerAll(with: .fixed("answer", fields: ["X-G: v"]))
        for (index, scheme) in ["http", "https"].enumerated() {
            _ = try Program.run(
                "curl",
                ["-s", "-k", index == 0 ? "--http2-prior-knowledge" : "--http2", "-A", "agent"]
                    + ["-b", "c=d", "-d", "12345", "--max-time", "8"]
                    + ["\(scheme)://127.0.0.1:\(server.ports[index])/a%20b?c=d"],
                in: server.directory, name: "curl")
        }
        func lines() -> [Substring] { server.directory.read("access.log").split(separator: "\n") }
        #expect(waitUntil(Deadline(in: 5)) { lines().count == 2 })
        for (line, word) in zip(lines(), ["h2c", "h2"]) {
            for part in [
                "request=[POST /a%20b?c=d HTTP/2.0]", "request_uri=[/a%20b?c=d]", "uri=[/a b]", "args=[c=d]",
                "request_method=[POST]", "server_protocol=[HTTP/2.0]", "http2=[\(word)]", "status=[200]",
                "body_bytes_sent=[6]", "host=[127.0.0.1]", "content_length=[5]", "upstream_status=[200]",
                "scheme=[\(word == "h2" ? "https" : "http")]", "request_completion=[OK]", "agent=[agent]",
                "cookie=[d]", "sent=[v]", "gateway=[v]", "connection_requests=[1]",
            ] { #expect(line.contains(part), "\(part) in \(line)") }
        }
        server.finish()
    }

    @Test("a client that leaves has had what was sent to it, no more, and its request is not complete")
    func leaves() throws {
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http { http2 on; log_format m "$body_bytes_sent [$request_completion] $proxy_reason";
                access_log %PREFIX%/access.log m; server { listen 127.0.0.1:%PORT1%;
                location / { return 200 "\(String(repeating: "x", count: 1000))"; } } }
            """)
        // A window of 100 bytes.
        let client = try FrameClient(port: server.port, settings: [0, 4, 0, 0, 0, 100])
        for (stream, isReset) in [(UInt32(1), true), (3, false)] {
            client.send(FrameClient.request(stream, "/"))
            let part = try client.frames { $0.kind == 0 && $0.stream == stream }
            #expect(part.last?.payload.count == 100)
            if isReset { client.send(FrameClient.frame(3, 0, stream, FrameClient.number(8))) }
        }
        client.close()
        let line = "100 [] client_closed"
        let areLogged = waitUntil(Deadline(in: 5)) {
            server.directory.read("access.log").split(separator: "\n") == [Substring(line), Substring(line)]
        }
        #expect(areLogged, "\(server.directory.read("access.log"))")
        server.finish()
    }
}
