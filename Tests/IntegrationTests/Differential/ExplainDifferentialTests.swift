import Core
import Foundation
import TestSupport
import Testing

/// What is said of a request before it comes, beside what becomes of it: random requests over random
/// configurations.
@Suite("Explanations beside requests", .serialized) struct ExplainDifferentialTests {
    private static let hosts = [
        "a.test", "A.test", "x.a.test", "b.test", "b.org", "one.c.test", "d.test", "q.d.test", "none.test",
        "127.0.0.1",
    ]
    private static let names = [
        "a.test", "*.a.test", "b.*", "~^(?<sub>[a-z]+)\\.c\\.test$", ".d.test", "_", "a.test b.test",
    ]
    private static let paths = [
        "/", "/p", "/p/", "/p/q", "/p/q/r.php", "/s/t", "/s/x.php", "/e", "/I12", "/i3/x", "/old/a%20b",
        "/f/x",
        "/f/there.txt", "/%41", "/p/../s/t", "//p//q", "/auth/x", "/err", "/m/x", "/lim/x", "/if", "/n/9",
        "/un",
    ]
    private static let queries = ["", "?x=1", "?x=2&y=a%20b", "?to=hashed"]

    /// Lines for a location; `%N%` is its number, which the gateway and the client are told.
    private static let contents = [
        "return 200 \"l%N% $uri $args\";", "proxy_pass http://one;", "proxy_pass http://one/base/;",
        "proxy_pass http://hashed; proxy_set_header X-Sub $sub$1;", "return 301 /moved$request_uri;",
        "return 404;",
        "deny 127.0.0.1; proxy_pass http://one;", "allow 127.0.0.1; deny all; proxy_pass http://byip;",
        "if ($arg_x = 1) { return 402; } proxy_pass http://backed;",
        "rewrite ^/(.*)$ /rw/$1?z=1 break; proxy_pass http://one;",
        "rewrite ^/(p|s)/(.*)$ /n/$2 last; return 418;", "try_files $uri $uri/ @named;",
        "auth_request /check; proxy_pass http://one;",
        "auth_basic x; auth_basic_user_file %PREFIX%/users; proxy_pass http://hashed;",
        "error_page 403 = @named; deny all;",
        "limit_except GET { deny all; } proxy_pass http://one;",
        "set $v \"$arg_x-$kind\"; proxy_set_header X-V $v; proxy_pass http://backed;",
        "limit_req zone=wide burst=5; proxy_pass http://one$uri?k=$kind;", "error_page 404 /e; return 404;",
        "return 444;",
        "proxy_pass http://$arg_to$request_uri;",
        "proxy_method POST; proxy_set_header Host $proxy_host; proxy_pass http://one;",
        "empty_gif;",
        "satisfy any; deny all; auth_basic x; auth_basic_user_file %PREFIX%/users; proxy_pass http://one;",
    ]
    private static let places = [
        "/", "/p/", "/p/q", "^~ /s/", "= /e", "~ \\.php$", "~* ^/i(\\d+)", "/f/", "/auth/", "= /err", "/m/",
        "/lim/",
        "= /if", "~ ^/n/(?<digit>\\d+)$", "/old/", "/un",
    ]

    private static func configuration(_ random: inout SplitMix) -> String {
        var number = 0
        func server(_ index: Int, _ random: inout SplitMix) -> String {
            var text =
                "server { listen 127.0.0.1:%PORT1%\(random.next(below: 4) == 0 && index > 0 ? " default_server" : "");"
            if index == 0 || random.next(below: 6) > 0 { text += " server_name \(random.pick(names));" }
            if random.next(below: 3) == 0 { text += " rewrite ^/old/(.*)$ /p/$1?was=old last;" }
            if random.next(below: 4) == 0 { text += " proxy_set_header X-Server s\(index);" }
            var places = self.places
            for _ in 0..<(4 + random.next(below: 8)) where !places.isEmpty {
                let place = places.remove(at: random.next(below: places.count))
                number += 1
                // Where an expression decides, there is no part of the path to take the place of.
                let choices = place.hasPrefix("~") ? contents.filter { !$0.contains("/base/") } : contents
                let content = random.pick(choices).replacingOccurrences(of: "%N%", with: "\(number)")
                text += "\n  location \(place) { add_header X-Location l\(number) always; \(content) }"
            }
            text += "\n  location = /check { internal; proxy_pass http://one/ok; }"
            return text + "\n  location @named { proxy_set_header X-Named 1; proxy_pass http://one; } }\n"
        }
        var servers = ""
        var hasDefault = false
        for index in 0..<(1 + random.next(below: 4)) {
            var text = server(index, &random)
            if text.contains("default_server") {
                if hasDefault { text = text.replacingOccurrences(of: " default_server", with: "") }
                hasDefault = true
            }
            servers += text
        }
        return """
            worker_processes 1; error_log %PREFIX%/error.log notice; events { }
            http { access_log off; root %PREFIX%/root; server_names_hash_bucket_size 128;
            limit_req_zone $binary_remote_addr zone=wide:1m rate=1000r/s;
            map $http_x_kind $kind { default plain; ~^v(\\d+)$ k$1; }
            map $host $sub { default none; ~^(?<s>[a-z]+)\\.c $s; }
            upstream one { server %GATEWAY1%; }
            upstream hashed { hash $request_uri consistent; server %GATEWAY1%; server %GATEWAY2%; }
            upstream byip { ip_hash; server %GATEWAY1%; server %GATEWAY2%; }
            upstream backed { server %GATEWAY2%; server %GATEWAY1% backup; }
            \(servers.replacingOccurrences(of: "(?<sub>", with: "(?<part>"))
            server { listen 127.0.0.1:%PORT2%; location /status { status; } } }
            """
    }

    /// What one request came to, as either side tells it.
    private struct Result: Equatable {
        var gateway: String?
        var head: [String] = []
        var status: Int?
        var location: String?
    }

    private func explained(_ server: Server, _ url: String, _ method: String, _ field: String) throws
        -> Result
    {
        func encoded(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
        let target =
            "/status/explain?format=json&method=\(method)&url=\(encoded(url))&header=\(encoded(field))"
        let answer = try RawClient.ask(
            server.ports[1], "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", within: 15)
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any],
            "\(url): \(String(latin1: answer.body))")
        let lines = json["answer"] as? [String] ?? []
        let location = lines.first { $0.hasPrefix("X-Location: ") }.map { String($0.dropFirst(12)) }
        return Result(
            gateway: json["peer"] as? String, head: json["head"] as? [String] ?? [],
            status: json["status"] as? Int, location: location)
    }

    private func asked(
        _ server: Server, _ host: String, _ target: String, _ method: String, _ field: String,
        _ gateways: [RecordingGateway]
    ) -> Result {
        for gateway in gateways { gateway.forget() }
        let lines = ["\(method) \(target) HTTP/1.1", "Host: \(host)", field]
        let answer = try? RawClient.ask(server.port, lines.joined(separator: "\r\n") + "\r\n\r\n")
        for gateway in gateways {
            guard let request = gateway.requests.last(where: { $0.target != "/ok" }) else { continue }
            return Result(
                gateway: "127.0.0.1:\(gateway.port)",
                head: [request.head.startLine] + request.head.fields.map { "\($0.name): \($0.value)" })
        }
        return Result(status: answer?.status, location: answer?.head["x-location"])
    }

    @Test("two hundred random requests over twenty random configurations: no difference")
    func agree() throws {
        let seed = ProcessInfo.processInfo.environment["PORTICO_SEED"].flatMap { UInt64($0) } ?? 23
        var random = SplitMix(seed: seed)
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        defer { for gateway in gateways { gateway.stop() } }
        for _ in 0..<20 {
            let directory = try TemporaryDirectory()
            try directory.write("u:{PLAIN}p\n", to: "users", mode: 0o644)
            try directory.write("here\n", to: "root/f/there.txt", mode: 0o644)
            let text = Self.configuration(&random)
            let server = try Server(text, gateways: gateways, directory: directory)
            for _ in 0..<10 {
                let (host, target) = (
                    random.pick(Self.hosts), random.pick(Self.paths) + random.pick(Self.queries)
                )
                let method = random.pick(["GET", "GET", "GET", "HEAD", "DELETE"])
                let field = random.pick([
                    "X-Kind: v7", "X-Kind: w", "Authorization: Basic dTpw", "Cookie: a=b",
                ])
                let url = "http://\(host):\(server.port)\(target)"
                let said = try explained(server, url, method, field)
                #expect(gateways.allSatisfy { $0.requests.isEmpty }, "nothing is sent")
                let happened = asked(server, "\(host):\(server.port)", target, method, field, gateways)
                #expect(said == happened, "seed \(seed): \(method) \(url) \(field)\n\(server.configuration)")
                for gateway in gateways { gateway.forget() }
            }
            server.finish(expected: ["[error]"])
        }
    }
}
