import Foundation
import TestSupport
import Testing

/// The page as a browser shows it. With `PORTICO_SCREENSHOTS` it leaves pictures in that folder.
@Suite(
    "Status page", .serialized, .enabled(if: Binary.chromium != nil, "chromium is not installed"))
struct StatusPageTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off; ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
            upstream gw { zone gw 64k; server %GATEWAY1%; server %GATEWAY2%; server %GATEWAY3%;
                health_check interval=100ms uri=/ready; }
            server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl; status_zone main;
                location / { proxy_pass http://gw; status_zone root; }
                location = /down { proxy_pass http://%DEAD%; }
                location /status { status; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    /// One server up, one unhealthy, one draining; some requests, one of them failed.
    private func server() throws -> Server {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        let gateways = try ["g1", "g2", "g3"].map { try RecordingGateway($0) }
        gateways[1].answer("/ready", with: .fixed("no", status: "503 Busy"))
        let server = try Server(StatusPageTests.configuration, gateways: gateways, directory: directory)
        #expect(server.waitForLog("is unhealthy: 503 from GET /ready"))
        for _ in 0..<20 { #expect(try RawClient.get(server.port, "/x").status == 200) }
        #expect(try RawClient.get(server.port, "/down").status == 502)
        #expect(try server.askUpstreams("PATCH", "gw/servers/2", "{\"drain\":true}").status == 200)
        return server
    }

    private func url(_ server: Server) -> String { "http://127.0.0.1:\(server.port)/status" }

    private func keep(_ picture: Data, as name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["PORTICO_SCREENSHOTS"] else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try picture.write(to: URL(fileURLWithPath: "\(folder)/status-\(name).png"))
    }

    @Test("every part is found by role and text, on wide and narrow screens, light and dark")
    func parts() throws {
        let server = try server()
        let browser = try Browser(in: server.directory)
        for (width, isDark) in [(1280, false), (1280, true), (390, false), (390, true)] {
            try browser.open(url(server), width: width, isDark: isDark)
            #expect(
                try browser.waitFor("document.querySelectorAll('.line polyline').length === 2", within: 15))
            let nodes = try browser.accessibleNodes()
            func has(_ role: String, _ text: String) -> Bool {
                nodes.contains { $0.role == role && $0.name.contains(text) }
            }
            for (role, text) in [
                ("heading", "Traffic"), ("heading", "Upstreams 1 of 4 servers up"),
                ("rowheader", "Upstream gw"), ("heading", "TLS"),
                ("heading", "Server zones"), ("heading", "Location zones"), ("heading", "Last errors"),
                ("heading", "Configuration"), ("heading", "Workers 0 respawned"), ("button", "Pause"),
                ("region", "Upstreams and their servers"), ("searchbox", "Filter"),
                ("region", "Certificates"), ("region", "Worker processes"),
                ("link", "JSON"),
                ("image", "Requests per second, last"), ("image", "Latency p99, last"),
            ] { #expect(has(role, text), "\(width): no \(role) \(text)") }
            for text in [
                " can serve nothing: 1 of 1 gateways failing: 127.0.0.1:", "the last attempt failed",
                "upstream \"gw\": 1 of 3 gateways unhealthy: 127.0.0.1:", ", 503 from GET /ready", "draining",
                "unhealthy",
                "Requests per second", "p50", "p95", "Share", "a.test", "Handshakes", "Resumed",
                "GET /down", "upstream_error", "Generation", "Not reloaded since the start.",
            ] {
                #expect(
                    try browser.value(
                        "document.getElementById('report').textContent.includes(\(quoted(text)))") as? Bool
                        == true,
                    "\(width): no \(text)")
            }
            #expect(
                try browser.text("document.querySelector('.verdict [aria-live=off]').textContent").hasPrefix(
                    ", for "))
            // Nothing sticks out of the screen; on a narrow one rows are cards, and no table has to be scrolled.
            #expect(
                try browser.value("document.documentElement.scrollWidth <= \(width)") as? Bool == true)
            #expect(
                try browser.value(
                    "[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)")
                    as? Bool == true)
            let label =
                "getComputedStyle(document.querySelector('.servers td:nth-child(3)'), '::before').content"
            #expect(try browser.text(label) == (width == 390 ? "\"Weight\"" : "none"))
            try keep(browser.screenshot(), as: "\(width)-\(isDark ? "dark" : "light")")
        }
        #expect(browser.complaints.isEmpty, "\(browser.complaints)")
        server.finish()
    }

    private func quoted(_ text: String) -> String { "'\(text)'" }

    @Test("it refreshes itself, pauses by button and key, and keeps focus and scrolling")
    func refreshing() throws {
        let server = try server()
        let browser = try Browser(in: server.directory)
        try browser.open(url(server), width: 700)
        let row = "document.querySelector('.servers tbody').textContent"
        _ = try browser.value(
            "document.querySelector('.servers').parentElement.focus(); document.querySelector('.servers').parentElement.scrollLeft = 40"
        )
        let served =
            "[...document.querySelectorAll('.zones td:nth-child(3)')].some(c => c.textContent === '50')"
        #expect(try browser.value(served) as? Bool == false)
        for _ in 0..<30 { _ = try RawClient.get(server.port, "/x") }
        #expect(try browser.waitFor(served))
        #expect(try browser.text("document.activeElement.ariaLabel") == "Upstreams and their servers")
        #expect(
            try browser.value("document.querySelector('.servers').parentElement.scrollLeft") as? Int == 40)

        try browser.press("p")
        #expect(try browser.text("document.getElementById('pause').textContent") == "Resume")
        #expect(try browser.text("document.getElementById('stale').textContent").hasPrefix("Paused at"))
        let before = try browser.text(row)
        for _ in 0..<7 { _ = try RawClient.get(server.port, "/x") }
        // Three ticks go by that would have shown them.
        _ = try browser.value("window.ticks = 0; setInterval(() => window.ticks++, 1000); 1")
        #expect(try browser.waitFor("window.ticks >= 3"))
        #expect(try browser.text(row) == before)
        _ = try browser.value("document.getElementById('pause').focus()")
        try browser.press("Enter")
        #expect(try browser.waitFor("document.getElementById('pause').textContent === 'Pause'"))
        #expect(try browser.waitFor("\(row) !== \(try literal(before))"))
        #expect(try browser.waitFor("document.getElementById('stale').textContent === ''"))
        _ = try browser.value("getSelection().selectAllChildren(document.querySelector('h2')); 1")
        #expect(
            try browser.waitFor("document.getElementById('stale').textContent.includes('text is selected')"))
        _ = try browser.value("getSelection().removeAllRanges(); 1")
        #expect(try browser.waitFor("document.getElementById('stale').textContent === ''"))
        #expect(browser.complaints.isEmpty, "\(browser.complaints)")

        server.program.stop()
        // Said within three seconds, of which the last look may be a part.
        #expect(try browser.waitFor("document.title.startsWith('No answer from Portico since')", within: 3))
        #expect(
            try browser.value(
                "document.querySelector('.verdict.red').textContent.startsWith('No answer from Portico')")
                as? Bool == true)
    }

    private func literal(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }

    @Test("without JavaScript everything is there, and how to see it anew")
    func withoutScript() throws {
        let server = try server()
        let browser = try Browser(in: server.directory)
        try browser.ask("Emulation.setScriptExecutionDisabled", ["value": true])
        try browser.ask("Page.navigate", ["url": url(server)])
        #expect(
            try waitUntil(Deadline(in: 10)) {
                try browser.accessibleNodes().contains { $0.role == "link" && $0.name == "load it again" }
            })
        let nodes = try browser.accessibleNodes()
        #expect(nodes.contains { $0.role == "heading" && $0.name.hasPrefix("Upstreams") })
        // That of a form, which works without it.
        #expect(nodes.filter { $0.role == "button" }.map(\.name) == ["Explain"])
        server.finish()
    }
}
