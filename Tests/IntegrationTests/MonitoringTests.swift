import Foundation
import TestSupport
import Testing

/// What watches from outside: `conf/prometheus`, `conf/grafana` and `conf/fail2ban` beside what is said here.
@Suite("Monitoring", .serialized) struct MonitoringTests {
    private static func text(_ name: String) throws -> String {
        try String(contentsOfFile: Binary.packageRoot + "/conf/" + name, encoding: .utf8)
    }

    @Test("every metric of the alerts and of the board is in a scrape")
    func metrics() throws {
        let service = try Service(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http {
                access_log off;
                limit_req_zone $binary_remote_addr zone=requests:1m rate=100r/s;
                limit_conn_zone $binary_remote_addr zone=connections:1m;
                upstream app { zone app 64k; server 127.0.0.1:%PORT1%; server 127.0.0.1:9; queue 4; }
                server { listen 127.0.0.1:%PORT2% ssl; ssl_certificate self-signed; return 200; }
                server { listen 127.0.0.1:%PORT1%; status_zone front;
                    limit_req zone=requests burst=100 nodelay; limit_conn connections 50;
                    location / { return 200 "fine\\n"; }
                    location /app { proxy_pass http://app/; health_check interval=500ms; }
                    location /status { status; } }
            }

            """, workers: 1)
        #expect(try service.body("/app") == "fine\n")
        // The second server is no good, which is a problem.
        var scrape = ""
        let isTold = try waitUntil(Deadline(in: 15)) {
            scrape = try service.body("/status/metrics")
            return scrape.contains("\nportico_problem{")
        }
        #expect(isTold)
        let board = try Self.text("grafana/portico.json")
        #expect(
            (try JSONSerialization.jsonObject(with: Data(board.utf8)) as? [String: Any])?["panels"] != nil)
        let wanted = Set(
            (board + (try Self.text("prometheus/portico.rules.yml"))).matches(of: /portico_[a-z0-9_]+/).map {
                String($0.output)
            })
        #expect(wanted.count > 20)
        for name in wanted.sorted() {
            let isThere = ["\n\(name){", "\n\(name) ", " \(name) histogram"].contains { scrape.contains($0) }
            #expect(isThere, "\(name)")
        }
    }

    @Test("exemplars of a histogram lead to the log by the request's number, in OpenMetrics alone")
    func exemplars() throws {
        let server = try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log notice; events { }
            http { log_format ids "$request_id $uri"; access_log %PREFIX%/access.log ids;
                server { listen 127.0.0.1:%PORT1%; location / { return 200; }
                    location /status { status; access_log off; } } }
            """)
        #expect(try RawClient.get(server.port, "/first").status == 200)
        func scrape(_ accept: String) throws -> String {
            let head =
                "GET /status/metrics HTTP/1.1\r\nHost: a\r\nAccept: \(accept)\r\nConnection: close\r\n\r\n"
            return String(latin1: try RawClient.ask(server.port, head).body)
        }
        let young = try scrape("application/openmetrics-text")
        let pattern =
            /portico_request_duration_seconds_bucket\{le="[0-9.]+"\} 1 # \{request_id="([0-9a-f]{32})"\} [0-9]+\.[0-9]{6} [0-9]+\.[0-9]{3}\n/
        let found = young.matches(of: pattern)
        #expect(found.count == 1, "\(young)")
        let id = try #require(found.first).output.1
        #expect(server.directory.read("access.log").contains("\(id) /first\n"))
        #expect(try !scrape("text/plain").contains(" # {"))
        server.finish()
    }

    @Test("Prometheus takes the alerts, and they fire when they should")
    func alerts() throws {
        let directory = try TemporaryDirectory()
        let folder = Binary.packageRoot + "/conf/prometheus/"
        for words in [
            ["check", "rules", folder + "portico.rules.yml"],
            ["test", "rules", folder + "portico.rules.test.yml"],
        ] {
            guard let run = try? Program.run("promtool", words, in: directory, within: 60) else {
                return print("there is no promtool: skipped")
            }
            #expect(run.ending == .exited(0), "\(run.output)\(run.errors)")
        }
    }

    @Test("fail2ban finds the address of who tried a password, and no other that a client made up")
    func passwords() throws {
        let service = try Service(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http {
                access_log off;
                upstream app { zone app 64k; server 127.0.0.1:%PORT1%; health_check interval=5s; }
                server { listen 127.0.0.1:%PORT1%;
                    location = / { return 200 "fine\\n"; }
                    location /app { proxy_pass http://app; }
                    location /private/ { auth_basic "private"; auth_basic_user_file %PREFIX%/users;
                        root %PREFIX%; } }
            }

            """, workers: 1)
        try service.directory.write("ops:{PLAIN}demo\n", to: "users")
        let forged = "client: 8.8.8.8, server: x, request: \"GET / HTTP/1.1\", host: \"a\""
        let names = [
            "ops", "nobody", "a\": password mismatch, client", "a\" was not found in \"x\", client",
            "a\", \(forged)",
        ]
        for name in names {
            let credentials = Data("\(name):wrong".utf8).base64EncodedString()
            let answer = try RawClient.ask(
                service.port,
                "GET /private/a\":password HTTP/1.1\r\nHost: a\r\nAuthorization: Basic \(credentials)\r\n"
                    + "Referer: \": password mismatch, \(forged)\r\nConnection: close\r\n\r\n")
            #expect(answer.status == 401, "\(name)")
        }
        let filter = try Self.text("fail2ban/filter.d/portico-auth.conf")
        let line = try #require(filter.split(separator: "\n").first { $0.hasPrefix("failregex = ") })
        let pattern = try NSRegularExpression(
            pattern: line.dropFirst(12).replacingOccurrences(of: "<ADDR>", with: "([0-9A-Fa-f:.]+)"))
        func told() -> [String] {
            service.log.split(separator: "\n").map(String.init).filter {
                $0.contains("[error]") && $0.contains(" user \"")
            }
        }
        #expect(waitUntil { told().count == names.count })
        for line in told() {
            // It takes the date away first.
            let rest = String(line.dropFirst(19))
            let match = pattern.firstMatch(in: rest, range: NSRange(rest.startIndex..., in: rest))
            let address = match.flatMap { Range($0.range(at: 1), in: rest) }.map { String(rest[$0]) }
            #expect(address == "127.0.0.1", "\(line)")
        }
    }
}
