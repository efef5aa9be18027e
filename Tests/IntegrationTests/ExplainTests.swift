import Foundation
import TestSupport
import Testing

/// `portico explain`: it says what a real request then shows.
@Suite("Explaining a request") struct ExplainTests {
    private static let text = #"""
        worker_processes 1; error_log %PREFIX%/error.log notice; events { }
        http { access_log off;
            limit_req_zone $binary_remote_addr zone=rate:1m rate=1000r/s;
            map $http_x_kind $kind { default plain; ~^v(\d+)$ k$1; }
            upstream app { server %GATEWAY1%; server %GATEWAY2% backup; }
            upstream hashed { hash $uri consistent; server %GATEWAY1%; server %GATEWAY2%; }
            server { listen 127.0.0.1:%PORT1% default_server; server_name first; return 410; }
            server { listen 127.0.0.1:%PORT1%;
                server_name app.example *.app.example "~^(?<who>[a-z]+)\.re\.example$";
                error_page 418 = @teapot;
                rewrite ^/old/(.*)$ /new/$1?was=old last;
                location = / { return 301 https://$host/home; }
                location /new/ { proxy_pass http://app/v2/; proxy_set_header X-Who $who; }
                location /kind { proxy_set_header X-Kind $kind; proxy_set_header Host $host;
                    proxy_pass http://hashed; }
                location ~ \.php$ { deny 10.0.0.0/8; allow all; limit_req zone=rate burst=9;
                    proxy_pass http://hashed; }
                location ^~ /raw/ { return 200 raw; }
                location /if { if ($arg_x = 1) { return 403; } proxy_pass http://app; }
                location /auth { auth_request /leave; proxy_pass http://app; }
                location = /leave { internal; proxy_pass http://hashed/leave; }
                location /tea { return 418; }
                location @teapot { proxy_set_header X-Tea 1; proxy_pass http://app; }
                location /n/ { proxy_pass http://app; location ~ ^/n/(\d+)$ { return 200 "n$1"; } }
                location /secret { auth_basic a; auth_basic_user_file %PREFIX%/users; proxy_pass http://app; }
                location /named { proxy_pass http://$arg_to$request_uri; }
                location /close { return 444; } } }
        """#

    /// What one request came to, as either side tells it.
    struct Result: Equatable {
        var gateway: String?
        var head: [String] = []
        var status: Int?
    }

    struct Question: CustomTestStringConvertible {
        let url: String
        var method = "GET"
        var fields: [String] = []

        var testDescription: String { "\(method) \(url) \(fields)" }
    }

    private func explain(_ question: Question, _ server: Server, _ more: [String] = []) throws -> (
        ending: Program.Ending, output: String, errors: String
    ) {
        let url = question.url.replacingOccurrences(of: ":PORT", with: ":\(server.port)")
        return try Program.run(
            Binary.portico,
            ["explain", "-p", server.directory.path, "-c", "server.conf", url, "--method", question.method]
                + question.fields.flatMap { ["-H", $0] } + more, in: server.directory)
    }

    func explained(_ question: Question, _ server: Server) throws -> Result {
        let run = try explain(question, server, ["--json"])
        #expect(run.ending == .exited(0), "\(run.errors)")
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        return Result(
            gateway: json["peer"] as? String, head: json["head"] as? [String] ?? [],
            status: json["status"] as? Int)
    }

    func asked(
        _ question: Question, _ server: Server, _ gateways: [RecordingGateway]
    ) throws -> Result {
        for gateway in gateways { gateway.forget() }
        let parts = question.url.dropFirst("http://".count).split(separator: "/", maxSplits: 1)
        let host = parts[0].replacingOccurrences(of: ":PORT", with: ":\(server.port)")
        let target = "/" + (parts.count > 1 ? parts[1] : "")
        let lines = ["\(question.method) \(target) HTTP/1.1", "Host: \(host)"] + question.fields
        let answer = try? RawClient.ask(server.port, lines.joined(separator: "\r\n") + "\r\n\r\n")
        // The check of `auth_request` comes first, if there is one.
        for gateway in gateways {
            guard let request = gateway.requests.last(where: { $0.target != "/leave" }) else { continue }
            return Result(
                gateway: "127.0.0.1:\(gateway.port)",
                head: [request.head.startLine] + request.head.fields.map { "\($0.name): \($0.value)" })
        }
        return Result(status: answer?.status)
    }

    private static let questions = [
        Question(url: "http://app.example:PORT/"),
        Question(url: "http://nobody.example:PORT/"),
        Question(url: "http://x.app.example:PORT/old/a%20b?c=d"),
        Question(url: "http://me.re.example:PORT/new/x"),
        Question(url: "http://APP.example:PORT/kind?q", fields: ["X-Kind: v17", "Cookie: a=b"]),
        Question(url: "http://app.example:PORT/kind/%41/../b"),
        Question(url: "http://app.example:PORT/a/b.php"),
        Question(url: "http://app.example:PORT/raw/b.php"),
        Question(url: "http://app.example:PORT/if?x=1"),
        Question(url: "http://app.example:PORT/if?x=2", method: "HEAD"),
        Question(url: "http://app.example:PORT/auth/1"),
        Question(url: "http://app.example:PORT/leave"),
        Question(url: "http://app.example:PORT/tea"),
        Question(url: "http://app.example:PORT/n/12"),
        Question(url: "http://app.example:PORT/n/twelve", method: "DELETE"),
        Question(url: "http://app.example:PORT/new"),
        Question(url: "http://app.example:PORT/secret"),
        Question(url: "http://app.example:PORT/secret", fields: ["Authorization: Basic dTpw"]),
        Question(url: "http://app.example:PORT/named?to=app"),
        Question(url: "http://app.example:PORT/named?to=no:such:thing"),
        Question(url: "http://app.example:PORT/%zz"),
        Question(url: "http://app.example:PORT/close"),
    ]

    @Test("what it says is what happens")
    func agrees() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        defer { for gateway in gateways { gateway.stop() } }
        let server = try Server(ExplainTests.text, gateways: gateways)
        try server.directory.write("u:{PLAIN}p\n", to: "users")
        for question in ExplainTests.questions {
            let said = try explained(question, server)
            #expect(gateways.allSatisfy { $0.requests.isEmpty }, "nothing is sent: \(question)")
            let happened = try asked(question, server, gateways)
            #expect(said == happened, "\(question.testDescription)")
            for gateway in gateways { gateway.forget() }
        }
        server.finish(expected: ["[error]"])
    }

    @Test("the text names server, candidates, steps, limits, servers and head")
    func text() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        defer { for gateway in gateways { gateway.stop() } }
        let server = try Server(ExplainTests.text, gateways: gateways)
        let old = try explain(Question(url: "http://me.re.example:PORT/old/x"), server).output
        for line in [
            "of \"server_name\" in", "\"^/old/(.*)$\" matches \"/old/x\"", "$1 = \"x\"",
            "the path is \"/new/x?was=old\"", "> /new/: the longest one that the path begins with",
            "  ~ \\.php$: does not match", "  = /: the path is another one",
            "app: 127.0.0.1:\(gateways[0].port), chosen by round robin",
            "  127.0.0.1:\(gateways[1].port): a backup", "GET /v2/x?was=old HTTP/1.1", "X-Who: me",
        ] { #expect(old.contains(line), "\(line)\n\(old)") }
        let limited = try explain(Question(url: "http://app.example:PORT/x.php"), server).output
        for line in [
            "limit_req zone \"rate\": 1000 a second, burst 9", "\"allow all\" is about 127.0.0.1: lets",
            "chosen by hash",
        ] { #expect(limited.contains(line), "\(line)\n\(limited)") }
        let far = try explain(
            Question(url: "http://app.example:PORT/x.php"), server, ["--client", "10.1.2.3"]
        ).output
        #expect(far.contains("\"deny 10.0.0.0/8\" is about 10.1.2.3: refuses it with 403"), "\(far)")
        #expect(far.contains("HTTP/1.1 403 Forbidden"))
        let branch = try explain(Question(url: "http://app.example:PORT/if?x=1"), server).output
        #expect(branch.contains("if ($arg_x = 1) holds"), "\(branch)")
        let post = try explain(
            Question(url: "http://app.example:PORT/kind", method: "POST", fields: ["Content-Length: 5"]),
            server
        ).output
        #expect(post.contains("POST /kind HTTP/1.1") && post.contains("Content-Length: 5"), "\(post)")
        // The log of the service has nothing of it.
        #expect(!server.directory.read("error.log").contains("client:"))
        server.finish()
    }

    @Test(
        "what cannot be explained is refused in words",
        arguments: [
            ([], "\"explain\" wants a URL"),
            (["ftp://x/"], "neither a URL of http or https nor a path"),
            (["http://x:1/"], "nobody listens on port 1; addresses that are listened on"),
            (["https://x:PORT/"], "speaks no TLS: write http://"),
            (["http://[::1"], "the address in \"http://[::1\" does not end: \"]\" is missing"),
            (["http://:PORT/"], "there is no host in"),
            (["/", "--client", "me"], "\"me\" is no address of a client"),
            (["/", "-H", "X"], "a field is written as \"Name: value\""),
            (["/", "-H", "X: a\r\nY: b"], "has no control characters"),
            (["/", "/b"], "takes one URL"),
            (["/", "--method"], "option \"--method\" requires a value"),
        ])
    func refusals(_ words: [String], _ complaint: String) throws {
        let directory = try TemporaryDirectory()
        let port = try FreePort.next()
        try directory.write(
            "events { } http { access_log off; server { listen 127.0.0.1:\(port); return 200 a; } }",
            to: "a.conf")
        let run = try Program.run(
            Binary.portico,
            ["explain", "-p", directory.path, "-c", "a.conf", "-e", "stderr"]
                + words.map { $0.replacingOccurrences(of: "PORT", with: "\(port)") }, in: directory)
        #expect(run.ending == .exited(1))
        #expect(run.errors.contains(complaint), "\(run.errors)")
    }

    @Test("a path alone goes to the first address, and TLS is not needed for https")
    func paths() throws {
        let directory = try TemporaryDirectory()
        let (port, secure) = (try FreePort.next(), try FreePort.next())
        try directory.write(
            """
            events { } http { access_log off; server { listen 127.0.0.1:\(port); server_name me; return 200 a; }
            server { listen 127.0.0.1:\(secure) ssl; ssl_certificate self-signed; server_name me;
            return 301 $scheme://$host:$server_port/$https; } }
            """, to: "a.conf")
        func run(_ url: String) throws -> String {
            try Program.run(
                Binary.portico, ["explain", "-p", directory.path, "-c", "a.conf", "-e", "stderr", url],
                in: directory
            ).output
        }
        #expect(try run("/x").contains("GET http://me/x from 127.0.0.1, to 127.0.0.1:\(port)\n"))
        let other = try run("https://me:\(secure)/")
        #expect(other.contains("Location: https://me:\(secure)/on"), "\(other)")
        let (port2, secure2) = (try FreePort.next(), try FreePort.next())
        try directory.write(
            """
            events { } http { access_log off; server { listen 127.0.0.1:\(port2); return 200 a; }
            server { listen 127.0.0.1:\(secure2) ssl default_server; ssl_reject_handshake on; }
            server { listen 127.0.0.1:\(secure2) ssl; ssl_certificate self-signed; server_name me;
            return 200 me; } }
            """, to: "a.conf")
        let refused = try run("https://you:\(secure2)/")
        #expect(refused.contains("ssl_reject_handshake: the handshake for \"you\" is refused"), "\(refused)")
        #expect(refused.contains("closed without an answer"), "\(refused)")
        #expect(try run("https://127.0.0.1:\(secure2)/").contains("without a server's name is refused"))
        #expect(try run("https://ME:\(secure2)/").contains("HTTP/1.1 200 OK"))
    }

    @Test(
        "a path alone asks for a name that clients can ask for, or the address",
        arguments: [
            ("", "127.0.0.1:PORT"), ("server_name me _;", "me"), ("server_name *.me;", "127.0.0.1:PORT"),
            ("server_name .me;", "me"), ("server_name ~^me$;", "127.0.0.1:PORT"),
        ])
    func pathsAlone(_ names: String, _ authority: String) throws {
        let directory = try TemporaryDirectory()
        let port = try FreePort.next()
        try directory.write(
            """
            events { } http { access_log off; limit_req_zone $uri zone=z:1m rate=90r/m;
            server { listen 127.0.0.1:\(port); \(names) limit_req zone=z;
            location / { proxy_pass http://127.0.0.1:1; } } }
            """, to: "a.conf")
        let text = try Program.run(
            Binary.portico, ["explain", "-p", directory.path, "-c", "a.conf", "-e", "stderr", "/x"],
            in: directory
        ).output
        let host = authority.replacingOccurrences(of: "PORT", with: "\(port)")
        #expect(text.contains("GET http://\(host)/x from"), "\(text)")
        #expect(text.contains("proxied to http://127.0.0.1:1/x"), "\(text)")
        #expect(text.contains("limit_req zone \"z\": 90 a minute, burst 0"), "\(text)")
    }
}
