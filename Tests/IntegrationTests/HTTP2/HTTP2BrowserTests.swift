import Foundation
import TestSupport
import Testing

/// A browser, which speaks HTTP/2 by TLS only.
@Suite(
    "HTTP/2 by a browser", .serialized, .enabled(if: Binary.chromium != nil, "chromium is not installed"))
struct HTTP2BrowserTests {
    private static let configuration = """
        worker_processes 1;
        events { }
        http { http2 on; log_format m "$connection $request_method $uri $http2 $status";
            access_log %PREFIX%/access.log m; client_max_body_size 8m;
            server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed; default_type text/html;
                location / { return 200 "<!DOCTYPE html><title>page</title>"; }
                location /files/ { alias %PREFIX%/files/; }
                location /up { proxy_pass http://%GATEWAY1%; }
                location /events { proxy_pass http://%GATEWAY1%; proxy_buffering off; }
                location /chat { proxy_pass http://%GATEWAY1%; proxy_http_version 1.1;
                    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }
        """

    private struct Scene {
        let gateway: RecordingGateway
        let server: Server
        let browser: Browser

        init() throws {
            gateway = try RecordingGateway()
            server = try Server(HTTP2BrowserTests.configuration, gateways: [gateway])
            mkdir(server.directory.path + "/files", 0o755)
            for number in 0..<200 { try server.directory.write("file \(number)\n", to: "files/\(number)") }
            browser = try Browser(in: server.directory, options: ["--ignore-certificate-errors"])
            try browser.open("https://127.0.0.1:\(server.port)/", width: 1280)
        }

        /// Runs a script that sets `window.outcome` at its end, and waits for that.
        func outcome(_ script: String) throws -> String {
            _ = try browser.value("window.outcome = ''; \(script); 0")
            let isThere = try browser.waitFor("window.outcome !== ''", within: 20)
            return isThere ? try browser.text("window.outcome") : "nothing; \(browser.complaints)"
        }

        /// The log's lines of a path, in words: connection, method, path, protocol, status.
        func lines(_ path: String) -> [[Substring]] {
            server.directory.read("access.log").split(separator: "\n").map { $0.split(separator: " ") }.filter
            {
                $0.count == 5 && $0[2].hasPrefix(path)
            }
        }
    }

    @Test("a page of 200 small files comes over one connection")
    func files() throws {
        let scene = try Scene()
        let text = try scene.outcome(
            """
            Promise.all([...Array(200).keys()].map(i => fetch('/files/' + i).then(r => r.text()).then(
                t => t === `file ${i}\\n`))).then(
                all => { outcome = all.every(x => x) + ' ' + [...new Set(performance.getEntriesByType(
                    'resource').map(e => e.nextHopProtocol))].join() }, e => { outcome = '' + e })
            """)
        #expect(text == "true h2")
        #expect(waitUntil(Deadline(in: 5)) { scene.lines("/files/").count == 200 })
        let lines = scene.lines("/files/")
        #expect(Set(lines.map { $0[0] }).count == 1 && lines.allSatisfy { $0[3] == "h2" && $0[4] == "200" })
        scene.server.finish()
    }

    @Test("an upload arrives whole")
    func upload() throws {
        let scene = try Scene()
        let text = try scene.outcome(
            """
            fetch('/up', {method: 'POST', body: 'x'.repeat(3000000)}).then(r => r.text()).then(
                t => { outcome = t }, e => { outcome = '' + e })
            """)
        #expect(text == "g1 /up\n")
        #expect(scene.gateway.requests.first?.body == Array(repeating: UInt8(ascii: "x"), count: 3_000_000))
        #expect(waitUntil(Deadline(in: 5)) { scene.lines("/up").first?[3] == "h2" })
        scene.server.finish()
    }

    @Test("an EventSource has each event when it happens")
    func events() throws {
        let scene = try Scene()
        scene.gateway.answer(
            "/events",
            with: .raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n")
                .then(.waitForRelease).then(.send(Array("data: two\n\n".utf8))).then(.hang))
        let first = try scene.outcome(
            "window.source = new EventSource('/events'); source.onmessage = e => { outcome += e.data }")
        #expect(first == "one")
        scene.gateway.release()
        #expect(try scene.browser.waitFor("outcome === 'onetwo'"))
        #expect(
            try scene.outcome("source.close(); fetch('/').then(r => { outcome = '' + r.status })") == "200")
        // Its stream is reset, and the gateway let go.
        #expect(waitUntil(Deadline(in: 5)) { scene.gateway.openConnections == 0 })
        #expect(waitUntil(Deadline(in: 5)) { scene.lines("/events").first?[3] == "h2" })
        scene.server.finish()
    }

    @Test("a WebSocket is a stream of the page's connection (RFC 8441)")
    func webSocket() throws {
        let scene = try Scene()
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: x\r\n\r\n"
        scene.gateway.answer("/chat", with: .raw(head).then(.echoMessages))
        let text = try scene.outcome(
            """
            window.chat = new WebSocket(`wss://${location.host}/chat`); window.said = [];
            chat.onopen = () => { chat.send('one'); chat.send('two') };
            chat.onmessage = e => { said.push(e.data); if (said.length === 2) outcome = said.join() };
            chat.onerror = () => { outcome = 'error' }
            """)
        #expect(text == "one,two")
        _ = try scene.browser.value("chat.close()")
        #expect(waitUntil(Deadline(in: 5)) { scene.lines("/chat").count == 1 && !scene.lines("/").isEmpty })
        let line = try #require(scene.lines("/chat").first)
        #expect(line[3] == "h2" && line[0] == scene.lines("/").first?[0], "\(line)")
        scene.server.finish()
    }
}
