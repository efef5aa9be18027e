import Foundation
import TestSupport
import Testing

/// The same request by HTTP/1.1 and by HTTP/2: the same answer, and the same at the gateway.
@Suite("HTTP/2 beside HTTP/1.1") struct HTTP2SamenessTests {
    private static let configuration = """
        worker_processes 1;
        events { }
        http { http2 on; upstream g { server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed; root %PREFIX%;
                client_max_body_size 1m; add_header X-Always yes always; error_page 404 /error.html;
                location / { proxy_pass http://g; proxy_set_header Host $http_host;
                    proxy_cookie_path / /x; proxy_redirect default; }
                location /stream/ { proxy_pass http://g; proxy_request_buffering off; proxy_buffering off; }
                location /files/ { alias %PREFIX%/; expires 1h; }
                location /return { return 301 /elsewhere; }
                location /text { default_type text/html; return 200 "text $request_method $args\\n"; }
                location /nothing { return 204; }
                location /deny { deny all; }
                location /auth { auth_basic realm; auth_basic_user_file %PREFIX%/users; }
                location /internal { internal; }
                location /limited { client_max_body_size 10; proxy_pass http://g; } } }
        """

    private static let answers: [String: GatewayAnswer] = [
        "/plain": .fixed("answer", fields: ["X-A: 1", "Set-Cookie: a=b; Path=/", "X-A: 2", "Vary: *"]),
        "/chunked": .chunked(["one", "two"], fields: ["Cache-Control: no-cache"]),
        "/stream/chunked": .chunked(["one", "two", String(repeating: "x", count: 100_000)]),
        "/closed": GatewayAnswer(steps: [
            .send(Array("HTTP/1.1 200 OK\r\nX: y\r\n\r\nuntil the end".utf8)), .close,
        ]),
        "/none": .fixed("", status: "204 No Content", fields: []),
        "/missing": .fixed("gone", status: "404 Not Found"),
        "/moved": .fixed("", status: "302 Found", fields: ["Location: http://g/there"]),
        "/hints": .raw(
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        "/broken": .raw("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
        "/large": .fixed(String(repeating: "abcdefghij", count: 40_000)),
    ]

    static let requests: [[String]] = [
        ["/plain"], ["/plain?a=b&c", "-H", "X-Up: y", "-H", "Cookie: a=b; c=d"], ["/chunked"],
        ["/stream/chunked"], ["/closed"], ["/none"], ["/missing"], ["/moved"], ["/hints"], ["/broken"],
        ["/large"], ["/plain", "-I"], ["/plain", "-X", "OPTIONS"], ["/plain", "-X", "DELETE"],
        ["/plain", "-X", "PROPFIND"], ["/plain", "-d", "content"],
        ["/plain", "-d", String(repeating: "y", count: 50_000)],
        ["/stream/chunked", "-d", String(repeating: "y", count: 50_000)],
        ["/plain", "-H", "Content-Length: 0", "-X", "PUT"], ["/limited/plain", "-d", "much too much"],
        ["/files/file"], ["/files/file", "-r", "2-4"], ["/files/file", "-r", "100-"], ["/files/absent"],
        ["/files/file", "-H", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"], ["/files/file", "-I"],
        ["/return"], ["/text?x"], ["/text", "-d", "content"], ["/nothing"], ["/deny"], ["/auth"],
        ["/auth", "-u", "a:b"], ["/internal"], ["/%2e%2e/text"], ["/a//b/../plain"],
        ["/text", "-X", "TRACE"], ["/plain", "-H", "X_Under: z"], ["/plain", "-H", "TE: trailers"],
        ["/plain", "-H", "Expect: 100-continue", "-d", "content"],
    ]

    /// What curl prints, without what only one protocol says.
    private func answer(_ server: Server, _ protocolWord: String, _ request: [String]) throws -> [String] {
        let url = "https://127.0.0.1:\(server.port)\(request[0])"
        let run = try Program.run(
            "curl",
            ["-s", "-k", "-i", "--path-as-is", "--max-time", "8", protocolWord] + request.dropFirst() + [url],
            in: server.directory, name: "curl")
        let ownFields = ["date:", "connection:", "transfer-encoding:", "keep-alive:"]
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: ["\r"])
        }
        var isHead = true
        return lines.compactMap { line in
            if line.isEmpty { isHead = false }
            guard isHead else { return line }
            if line.hasPrefix("HTTP/") {
                return line.split(separator: " ").dropFirst().prefix(1).joined()
            }
            let field = line.split(separator: ":", maxSplits: 1).map(String.init)
            let text = (field.first ?? "").lowercased() + ":" + (field.last ?? "")
            return ownFields.contains { text.hasPrefix($0) } ? nil : text
        }
    }

    /// What the gateway saw.
    private func seen(_ gateway: RecordingGateway) -> [String] {
        gateway.requests.map { request in
            let fields = request.head.fields.map { "\($0.name.lowercased()): \($0.value)" }
            return ([request.line] + fields.sorted() + [request.text]).joined(separator: "\n")
        }
    }

    @Test("answers and requests at the gateway are the same", arguments: requests)
    func same(_ request: [String]) throws {
        let gateway = try RecordingGateway()
        for (path, answer) in Self.answers {
            gateway.answer(path, with: answer)
            gateway.answer("/limited" + path, with: answer)
        }
        let server = try Server(
            Self.configuration, gateways: [gateway],
            files: ["file": "0123456789", "users": "a:{PLAIN}b\n", "error.html": "own page\n"])
        let old = try answer(server, "--http1.1", request)
        let oldSeen = seen(gateway)
        gateway.forget()
        for (path, answer) in Self.answers { gateway.answer(path, with: answer) }
        let new = try answer(server, "--http2", request)
        #expect(!old.isEmpty)
        #expect(new == old)
        #expect(seen(gateway) == oldSeen)
        server.finish()
    }
}
