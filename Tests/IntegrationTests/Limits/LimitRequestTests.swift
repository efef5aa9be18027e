import Foundation
import TestSupport
import Testing

/// `limit_req`: verdicts, waits, log lines and fields. A rate of one request a minute keeps verdicts from
/// depending on how fast the machine is.
@Suite("limit_req") struct LimitRequestTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format l "$status $limit_req_status $uri";
            access_log %PREFIX%/access.log l;
            limit_req_zone $arg_k zone=one:1m rate=1r/m;
            limit_req_zone $arg_j zone=two:1m rate=1r/m;
            limit_req_zone $arg_k zone=quick:1m rate=2r/s;
            limit_req_zone $http_long$http_long$http_long zone=long:1m rate=1r/m;
            limit_req_zone $remote_addr zone=address:1m rate=1r/m;
            large_client_header_buffers 4 64k;
            server { listen 127.0.0.1:%PORT1%; root %PREFIX%; error_page 404 = @found;
                location @found { return 200 "found\\n"; }
                location /one { limit_req zone=one; }
                location /return { limit_req zone=one; return 200 "ok\\n"; }
                location /burst { limit_req zone=one burst=3 nodelay; }
                location /part { limit_req zone=one burst=3 delay=2; limit_req_status 429; }
                location /two { limit_req zone=one burst=1 nodelay; limit_req zone=two burst=2 nodelay;
                    limit_req_log_level warn; }
                location /dry { limit_req zone=one; limit_req_dry_run on; }
                location /drydelay { limit_req zone=one burst=1; limit_req_dry_run on;
                    limit_req_log_level info; }
                location /page { limit_req zone=one; error_page 503 /one; }
                location /long { limit_req zone=long; }
                location /longtwo { limit_req zone=long; limit_req zone=one burst=9; }
                location /wait { limit_req zone=quick burst=5; }
                location /leave { limit_req zone=one burst=5; }
                location /real { limit_req zone=address; set_real_ip_from 127.0.0.1; }
                location /named { limit_req zone=one; try_files /none @next; }
                location @next { limit_req zone=one; return 200 "next\\n"; }
            }
        }
        """

    /// What both programs say to the same requests, one after the other.
    private static let script: [(target: String, count: Int)] = [
        ("/one?k=1", 3), ("/return?k=2", 3), ("/burst?k=3", 6), ("/two?k=4&j=4", 4), ("/two?k=5", 4),
        ("/two?j=6", 5), ("/two", 4), ("/dry?k=7", 3), ("/drydelay?k=8", 3), ("/page?k=9", 3), ("/one", 3),
        ("/one?k=1", 1), ("/named?k=10", 3), ("/part?k=11", 3),
    ]

    @Test("gives nginx's verdicts, statuses and log lines, to the word")
    func asNginx() throws {
        guard Binary.nginx != nil else { return }
        func run(_ kind: Server.Kind) throws -> (statuses: [[Int]], access: String, lines: [String]) {
            let server = try Server(Self.text, kind: kind)
            var statuses = try Self.script.map { try Arrivals.inTurn(server.port, $0.target, $0.count) }
            for count in [20_000, 22_000] {
                let field = "Long: \(String(repeating: "x", count: count))\r\n"
                statuses.append(Arrivals.statuses(server.port, ["/long"], fields: field))
                statuses.append(Arrivals.statuses(server.port, ["/long"], fields: field))
                statuses.append(Arrivals.statuses(server.port, ["/longtwo?k=\(count)"], fields: field))
            }
            let real = ["10.0.0.1", "10.0.0.2", "10.0.0.1"].map { "X-Real-IP: \($0)\r\n" }
            for field in real { statuses.append(Arrivals.statuses(server.port, ["/real"], fields: field)) }
            let access = server.directory.path + "/access.log"
            let count = statuses.reduce(0) { $0 + $1.count }
            func log() -> String { (try? String(contentsOfFile: access, encoding: .utf8)) ?? "" }
            #expect(waitUntil(Deadline(in: 20)) { log().split(separator: "\n").count >= count })
            server.program.stop()
            return (statuses, log(), Self.lines(server.log))
        }
        let (model, ours) = (try run(.nginx), try run(.portico))
        #expect(ours.statuses == model.statuses)
        #expect(ours.access == model.access)
        #expect(ours.lines == model.lines)
        #expect(
            ours.lines.contains { $0.contains("[info] delaying request, dry run, excess: 1.000, by zone") })
        #expect(ours.lines.contains { $0.contains("[error] the value of the \"$http_long") })
    }

    /// Lines about limits, without what differs from run to run: an excess is a request and what ran out since.
    private static func lines(_ log: String) -> [String] {
        let marks = ["limiting requests", "delaying request", "the value of the"]
        return log.split(separator: "\n").map(String.init).filter { line in
            marks.contains { line.contains($0) }
        }.map { line in
            var text = line.replacing(#/^.*?(?=\[)/#, with: "")
            text = text.replacing(#/\] \S+ \*\d+ /#, with: "] ")
            text = text.replacing(#/\] \S+ (?=(limiting|delaying|the value))/#, with: "] ")
            text = text.replacing(#/excess: (\d+)\.\d+/#) { match in
                let number = Double(match.output.0.dropFirst(8)) ?? 0
                return "excess: \(Int(number.rounded(.up))).000"
            }
            return text.replacing(#/bytes: .*/#, with: "bytes: …")
        }
    }

    @Test("a request in excess waits as long as its bucket says, and the next one longer")
    func delays() throws {
        let server = try Server(Self.text)
        let start = Date()
        #expect(Arrivals.statuses(server.port, (0..<4).map { _ in "/wait?k=a" }) == [200, 200, 200, 200])
        // Half a second for each that was ahead, less what passed until it came.
        #expect(Date().timeIntervalSince(start) >= 1.4)
        #expect(server.waitForLog("delaying request, excess: "))
        server.finish()
        let access = server.directory.read("access.log")
        #expect(access.components(separatedBy: "DELAYED").count == 4, "\(access)")
    }

    @Test("a client that leaves while its request waits ends it", arguments: [false, true])
    func leaves(atOnce: Bool) throws {
        let server = try Server(Self.text)
        #expect(try RawClient.get(server.port, "/leave?k=a").status == 200)
        let client = try RawClient(port: server.port)
        client.send("GET /leave?k=a HTTP/1.1\r\nHost: a\r\n\r\n")
        if !atOnce { #expect(server.waitForLog("delaying request", within: 20)) }
        client.close()
        #expect(
            waitUntil(Deadline(in: 20)) { server.directory.read("access.log").contains("499 DELAYED /leave") }
        )
        server.finish()
    }

    @Test("what runs out in a time is let in again, and no more")
    func rate() throws {
        let text = Self.text.replacingOccurrences(of: "burst=5; }", with: "burst=5 nodelay; }")
        let server = try Server(text)
        let began = Date()
        var passed = 0
        var (first, last) = (began, began)
        while last.timeIntervalSince(began) < 3 {
            if try RawClient.get(server.port, "/wait?k=a").status == 200 { passed += 1 }
            last = Date()
            if passed == 1, first == began { first = last }
            usleep(20_000)
        }
        // Six at once, then two a second between the first that passed and the last that was asked.
        #expect(passed <= 6 + Int(last.timeIntervalSince(began) * 2) + 1)
        #expect(passed >= 6 + Int(3 * 2) - 1)
        server.finish()
    }

    // MARK: Fields

    @Test("Retry-After says when the next one is let in, where the answer is 429 or 503")
    func retryAfter() throws {
        let server = try Server(
            Self.text.replacingOccurrences(
                of: "location /one {",
                with: """
                    location /teapot { limit_req zone=one; limit_req_status 418; }
                    location /many { limit_req zone=two burst=2 nodelay; limit_req_status 429; }
                    location /paged { limit_req zone=one; error_page 503 /own; }
                    location /own { add_header Retry-After 7 always; return 503 "own"; }
                    location /one {
                    """))
        func field(_ target: String) throws -> [String] {
            _ = try RawClient.get(server.port, target)
            let refused = try RawClient.get(server.port, target)
            #expect(refused.status > 400)
            return refused.head.values("retry-after")
        }
        let seconds = try #require(Int(try field("/one?k=a").first ?? ""))
        #expect((50...63).contains(seconds))
        #expect(try field("/teapot?k=b") == [])
        for _ in 0..<2 { _ = try RawClient.get(server.port, "/many?j=c") }
        #expect((50...63).contains(try #require(Int(try field("/many?j=c").first ?? ""))))
        server.finish()
    }

    @Test("limit_req_fields tells what is left in the fullest bucket")
    func fields() throws {
        let server = try Server(
            Self.text.replacingOccurrences(
                of: "location /one {",
                with: """
                    location /told { limit_req_fields on; limit_req zone=one burst=3 nodelay; }
                    location /quick { limit_req_fields on; limit_req zone=quick; }
                    location /one {
                    """))
        func ask(_ target: String) throws -> (policy: String, state: String) {
            let head = try RawClient.get(server.port, target).head
            return (
                head.values("ratelimit-policy").joined(separator: "|"),
                head.values("ratelimit").joined(separator: "|")
            )
        }
        // A request a minute is 0.016 a second.
        let first = try ask("/told?k=a")
        #expect(first.policy == "\"one\";q=4;w=250" && first.state == "\"one\";r=3;t=0")
        #expect(try ask("/told?k=a").state.hasPrefix("\"one\";r=2;t="))
        for left in [1, 0, 0] { #expect(try ask("/told?k=a").state.hasPrefix("\"one\";r=\(left);t=")) }
        #expect(try ask("/quick?k=b").policy == "\"quick\";q=2;w=1")
        #expect(try ask("/one?k=c") == ("", ""))
        server.finish()
    }
}
