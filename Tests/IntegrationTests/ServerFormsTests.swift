import Foundation
import TestSupport
import Testing

/// Servers that people drain, take down and weigh by forms.
@Suite("Server forms", .serialized) struct ServerFormsTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream gw { zone gw 64k; server %GATEWAY1%; server %GATEWAY2%; }
            upstream fixed { server %GATEWAY1%; }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://gw; }
                location /fixed { proxy_pass http://fixed; }
                location /status { status; }
                location /closed/ { api write=on; deny all; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    private static var path: String { "/api/9/http/upstreams/gw/servers/0?form=html" }

    private func start() throws -> Server {
        try Server(Self.configuration, gateways: [try RecordingGateway("g1"), try RecordingGateway("g2")])
    }

    private func page(_ server: Server, _ path: String = path) throws -> String {
        String(latin1: try RawClient.get(server.port, path).body)
    }

    private func token(_ server: Server) throws -> String {
        let page = try page(server)
        return String(try #require(page.firstMatch(of: /name="token" value="([0-9a-f]{64})"/)).output.1)
    }

    private func send(
        _ server: Server, _ form: String, fields: String = "", path: String = path
    ) throws -> (status: Int, text: String) {
        let answer = try RawClient.ask(
            server.port,
            "POST \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)"
                + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \(form.utf8.count)\r\n\r\n"
                + form)
        return (answer.status, String(latin1: answer.body))
    }

    private func settings(_ server: Server) throws -> String {
        try server.askUpstreams("GET", "gw/servers/0").text
    }

    @Test("a server is drained, taken down, weighed and brought back, and each is told of")
    func works() throws {
        let server = try start()
        let token = try token(server)
        for (form, part) in [
            ("action=drain&sure=yes", "\"drain\":true"), ("action=undrain", "\"drain\":false"),
            ("sure=yes&action=down", "\"down\":true"), ("action=up", "\"down\":false"),
            ("action=weight&weight=7", "\"weight\":7"),
        ] {
            let answer = try send(server, "token=\(token)&\(form)", fields: "Sec-Fetch-Site: same-origin\r\n")
            #expect(answer.status == 200 && answer.text.contains("class=\"good\">Done"), "\(form)")
            #expect(try settings(server).contains(part), "\(form)")
            #expect(server.waitForLog("API write PATCH 9/http/upstreams/gw/servers/0 {\(part)}: done, 200"))
        }
        #expect(!server.log.contains(token))
        let events = try page(server, "/api/9/portico/events")
        #expect(events.contains("PATCH done") && events.contains("\"by\":\"127.0.0.1\""))
        server.finish()
    }

    @Test(
        "what was not confirmed, understood or read here is refused, and changes nothing",
        arguments: [
            ("token=%TOKEN%&action=drain", "", 400, "not confirmed"),
            ("token=%TOKEN%&action=explode&sure=yes", "", 400, "not understood"),
            ("token=%TOKEN%&action=weight&weight=x", "", 400, "not understood"),
            ("token=%TOKEN%&action=weight&weight=0", "", 400, "Nothing was done"),
            ("action=drain&sure=yes", "", 403, "too old"),
            ("token=0&action=drain&sure=yes", "", 403, "too old"),
            ("token=%TOKEN%&action=drain&sure=yes", "Origin: http://evil.test\r\n", 403, "another site"),
            ("token=%TOKEN%&action=drain&sure=yes", "Sec-Fetch-Site: cross-site\r\n", 403, "another site"),
            ("token=%TOKEN%&action=drain&sure=yes", "Origin: null\r\n", 403, "another site"),
        ])
    func refuses(_ form: String, _ fields: String, _ status: Int, _ part: String) throws {
        let server = try start()
        let before = try settings(server)
        let filled = form.replacingOccurrences(of: "%TOKEN%", with: try token(server))
        let answer = try send(server, filled, fields: fields)
        #expect(answer.status == status && answer.text.contains(part), "\(answer)")
        #expect(try settings(server) == before)
        // A token is good for its own server alone, and a GET never does anything.
        let other = Self.path.replacingOccurrences(of: "servers/0", with: "servers/1")
        #expect(try send(server, "token=\(try token(server))&action=up", path: other).status == 403)
        #expect(
            try page(server, Self.path + "&action=drain&sure=yes&token=\(try token(server))").contains(
                "Drain"))
        #expect(try settings(server) == before)
        server.finish()
    }

    @Test("forms are found from the page, protected as the API is, and there for dynamic upstreams alone")
    func places() throws {
        let server = try start()
        let status = try page(server, "/status/html?q=gw")
        #expect(status.contains("<a href=\"/api/9/http/upstreams/gw/servers/0?form=html\""))
        #expect(!status.contains("upstreams/fixed/servers"))
        let form = try RawClient.get(server.port, Self.path)
        #expect(
            form.head["content-type"] == "text/html; charset=utf-8" && form.head["x-frame-options"] == "DENY")
        #expect(
            form.head["content-security-policy"]?.contains("form-action 'self'; frame-ancestors 'none'")
                == true)
        #expect(try page(server).contains("<a href=\"/status\">"))
        // Who is kept out of the API by its address finds no way there.
        let other = Self.configuration.replacingOccurrences(
            of: "allow 127.0.0.1; deny all;", with: "deny all;")
        let shut = try Server(
            other, gateways: [try RecordingGateway("g1"), try RecordingGateway("g2")])
        #expect(try !page(shut, "/status/html?q=gw").contains("form=html"))
        shut.finish()
        let closed = Self.path.replacingOccurrences(of: "/api/", with: "/closed/")
        #expect(try RawClient.get(server.port, closed).status == 403)
        #expect(
            try send(server, "token=\(try token(server))&action=drain&sure=yes", path: closed).status == 403)
        for path in ["gw/servers/9", "none/servers/0", "fixed/servers/1"] {
            #expect(try RawClient.get(server.port, "/api/9/http/upstreams/\(path)?form=html").status == 404)
        }
        server.finish()
    }

    @Test(
        "in a browser a server is drained by two clicks; another site's page can do nothing",
        .enabled(if: Binary.chromium != nil, "chromium is not installed"))
    func browser() throws {
        let server = try start()
        let browser = try Browser(in: server.directory)
        let base = "http://127.0.0.1:\(server.port)"
        try browser.open(base + "/status?q=gw", width: 1280)
        _ = try browser.value("document.querySelector('.servers th a[href*=form]').click(); 1")
        #expect(try browser.waitFor("document.querySelectorAll('form').length === 3"))
        // The hostile page is of another site, whatever the address.
        let hostile = """
            <form method=post action='\(base)\(Self.path)'><input name=token value=0><input name=action \
            value=drain><input name=sure value=yes></form>
            """
        let before = try settings(server)
        try browser.ask("Page.navigate", ["url": "data:text/html,\(hostile)"])
        #expect(try browser.waitFor("document.querySelectorAll('form').length === 1"))
        _ = try browser.value("document.querySelector('form').submit(); 1")
        #expect(server.waitForLog("refused, 403 CrossSiteRequest", within: 10))
        #expect(try settings(server) == before)
        try browser.open(base + Self.path, width: 390)
        _ = try browser.value(
            "document.querySelector('[name=sure]').click(); document.querySelector('form button').click(); 1")
        #expect(
            try browser.waitFor("document.querySelector('[role=status]')?.textContent.startsWith('Done')"))
        #expect(try settings(server).contains("\"drain\":true"))
        server.finish()
    }
}
