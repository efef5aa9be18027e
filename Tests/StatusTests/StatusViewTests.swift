import Core
import Net
import Proxy
import Testing
import Upstream

@testable import Sharing
@testable import Status

@Suite("Status views") struct StatusViewTests {
    @Test("strings of JSON are escaped (RFC 8259 §7)")
    func escapes() {
        #expect(JSON.string("a\"b\\c\n\u{7F}é").text == "\"a\\\"b\\\\c\\u000a\\u007fé\"")
        let object = JSON.object([("b", .int(-1)), ("a", .array([.null, .bool(true)]))])
        #expect(object.text == #"{"b":-1,"a":[null,true]}"#)
        #expect(object.keeping(["a", "x"]).text == #"{"a":[null,true]}"#)
    }

    @Test("numbers are written as people read them")
    func wording() {
        #expect(Wording.duration(ms: 42_999) == "42 s" && Wording.duration(ms: 185_000) == "3 min 5 s")
        #expect(Wording.duration(ms: 7_800_000) == "2 h 10 min" && Wording.duration(ms: -5) == "0 s")
        #expect(Wording.latency(us: 850) == "850 µs" && Wording.latency(us: 1234) == "1.2 ms")
        #expect(Wording.latency(us: 3_050_000) == "3.05 s" && Wording.latency(us: nil) == "–")
        #expect(Wording.count(1_234_567) == "1,234,567" && Wording.count(12) == "12")
        #expect(Wording.bytes(999) == "999 B" && Wording.bytes(1_550_000) == "1.5 MB")
        #expect(Wording.share(1, of: 3) == "33.3 %" && Wording.share(0, of: 0) == "–")
        #expect(Wording.time(ms: 1_000_000_000_007) == "2001-09-09T01:46:40.007Z")
    }

    @Test("an empty report has all its views; nothing in it can break out of the page")
    func emptyReport() {
        var report = StatusReport()
        report.lastReload = (1, "<script>alert(1)</script>")
        let page = StatusPage.text(report, nonce: "n0")
        #expect(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"))
        #expect(page.utf8.count < 60_000 && !page.contains("{{") && page.contains("nonce=\"n0\""))
        #expect(!page.contains(" style="))
        let out = ByteBuffer(capacity: 64)
        StatusText.write(report, to: out)
        #expect(
            String(decoding: out.bytes, as: UTF8.self).hasPrefix(
                "amber: no gateways are configured, but the last reload was refused"))
    }

    private func server(_ number: Int, _ state: StatusReport.Server.State) throws -> StatusReport.Server {
        let address = try #require(SocketAddress.parse("10.0.0.1:\(1000 + number)", defaultPort: 80))
        return StatusReport.Server(
            id: number, settings: PeerSettings(server: "10.0.0.1:\(1000 + number)", address: address),
            state: state, reason: state == .up ? "" : "503 from GET /ready", sinceMs: 1, active: 0,
            failures: 0, sum: TallySum(), checks: (0, 0, 0, 0), isChecked: true)
    }

    private func upstream(
        _ name: String, _ count: Int, _ state: (Int) -> StatusReport.Server.State
    ) throws -> StatusReport.Upstream {
        StatusReport.Upstream(
            name: name, usesTLS: false, zone: name,
            servers: try (0..<count).map { try server($0, state($0)) },
            idleConnections: 0, queue: nil, zombies: 0, isInPanic: false)
    }

    @Test("the page stays below its size however many there are", arguments: [3, 50, 300, 5000])
    func size(_ count: Int) throws {
        var report = StatusReport()
        report.nowMs = 100_000_000
        report.upstreams = [try upstream("big", count) { $0 == count - 1 ? .unhealthy : .up }]
        report.upstreams += try (0..<count).map { try upstream("u\($0)", 2) { _ in .unhealthy } }
        let zone = StatusReport.Zone(name: "a rather long name of a zone", sum: TallySum())
        report.serverZones = Array(repeating: zone, count: count)
        report.locationZones = report.serverZones
        let text = String(repeating: "/long", count: 95)
        report.events = (0..<20).map {
            EventRing.Event(atMs: 1, status: 502, texts: ["upstream_error", text, text, "\($0)\(text)"])
        }
        let sample = ServiceRecord.Sample(
            atMs: 1, lengthMs: 2000, requests: 99999, errors: 9,
            latency: Percentiles(p50: 123_456, p95: 234_567, p99: 345_678))
        report.samples = Array(repeating: sample, count: 150)
        report.explainPath = "/status/explain"
        let page = StatusPage.text(report, nonce: "n0")
        #expect(page.utf8.count < 60_000, "\(page.utf8.count)")
        #expect(page.contains("<h2>Last errors") && page.contains("upstream_error"))
        #expect(page.contains("<a href=\"?list=location-zones\">all ") == (count >= 300))
    }

    @Test("what a table has no room for is on pages of its own", arguments: [10, 200])
    func lists(_ length: Int) throws {
        var report = StatusReport()
        report.nowMs = 100_000_000
        let name = String(repeating: "n", count: length)
        report.serverZones = (0..<300).map { StatusReport.Zone(name: "s\($0)\(name)", sum: TallySum()) }
        report.locationZones = report.serverZones
        let buckets = try RequestBuckets(label: "z", byteCount: 65_536, adopting: nil)
        report.limitRequests = (0..<300).map { StatusReport.LimitZone("s\($0)\(name)", buckets) }
        let text = String(repeating: "&", count: 112)
        report.events = (0..<EventRing.capacity).map {
            EventRing.Event(atMs: 1, status: 502, texts: [text, text, "c", "s\($0)n"])
        }
        for list in [StatusView.List.serverZones, .locationZones, .limits, .errors] {
            let front = StatusPage.text(report, nonce: "n0")
            #expect(front.utf8.count < 60_000)
            #expect(
                front.contains("<a href=\"?list=\(list.rawValue)\">all \(list == .errors ? 32 : 300)</a>"))
            var seen: Set<Substring> = []
            var view = StatusView { $0 == "list" ? list.rawValue : nil }
            while true {
                let page = StatusPage.text(report, view, nonce: "n0")
                #expect(page.utf8.count < 60_000, "\(list) \(view.page): \(page.utf8.count)")
                #expect(page.contains("<h2>") && page.ranges(of: "<table").count == 1)
                for match in page.matches(of: />(s\d+)n+</) {
                    #expect(seen.insert(match.output.1).inserted)
                }
                view.page += 1
                guard page.contains("<a href=\"\(view.url.replacing("&", with: "&amp;"))\">Next</a>") else {
                    break
                }
            }
            #expect(seen.count == (list == .errors ? 32 : 300), "\(list): \(seen.count)")
        }
    }

    @Test("no control character of anybody's words reaches a terminal, or begins a line")
    func controls() {
        var report = StatusReport()
        report.nowMs = 5000
        let words = "GET /\u{1B}]0;x\u{7}\r\nAll well\u{9B}2J\u{202E}\u{7F}\t|\u{2028}é"
        report.events = [EventRing.Event(atMs: 1, status: 502, texts: ["r", words, "c", words])]
        report.lastReload = (1, words)
        for write in [StatusText.write, { StatusMetrics.write($0, to: $1) }] {
            let out = ByteBuffer(capacity: 64)
            write(report, out)
            let text = String(decoding: out.bytes, as: UTF8.self)
            #expect(text.contains("GET /?]0;x") && text.contains("é"))
            for line in text.unicodeScalars.split(separator: "\n") {
                #expect(!String(String.UnicodeScalarView(line)).hasPrefix("All well"))
                #expect(
                    line.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F ~= $0.value) && $0 != "\u{202E}" })
            }
        }
        let json = StatusJSON(report: report).portico.text
        #expect(json.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F ~= $0.value) })
    }

    @Test("OpenMetrics end with their mark; a counter's family is named without _total, its lines are not")
    func openMetrics() throws {
        var report = StatusReport()
        report.upstreams = [try upstream("a", 1) { _ in .unhealthy }]
        report.exemplars = Array(repeating: nil, count: Exemplars.bounds.count + 1)
        report.exemplars[7] = Exemplars.Exemplar(atMs: 1_700_000_000_050, us: 73_400, requestID: "0a1b")
        report.exemplars[15] = Exemplars.Exemplar(atMs: 1000, us: 61_000_000, requestID: "ff")
        func text(_ form: StatusMetrics.Form) -> String {
            let out = ByteBuffer(capacity: 64)
            StatusMetrics.write(report, form, to: out)
            return String(decoding: out.bytes, as: UTF8.self)
        }
        let (young, old) = (text(.openMetrics), text(.prometheus))
        #expect(young.hasSuffix("\n# EOF\n") && !old.contains("EOF"))
        #expect(young.contains("# TYPE portico_requests counter\nportico_requests_total 0\n"))
        #expect(old.contains("# TYPE portico_requests_total counter\nportico_requests_total 0\n"))
        #expect(young.contains("le=\"1.0\"}") && old.contains("le=\"1\"}"))
        let exemplar = "le=\"0.1\"} 0 # {request_id=\"0a1b\"} 0.073400 1700000000.050\n"
        #expect(young.contains("portico_request_duration_seconds_bucket{\(exemplar)"))
        #expect(young.contains("le=\"+Inf\"} 0 # {request_id=\"ff\"} 61.000000 1.000\n"))
        #expect(young.ranges(of: " # {").count == 2 && !old.contains(" # {"))
        let labels = "upstream=\"a\",server=\"10.0.0.1:1000\",id=\"0\""
        for (state, value) in [("up", 0), ("unhealthy", 1), ("draining", 0)] {
            #expect(
                old.contains("portico_upstream_server_in_state{\(labels),state=\"\(state)\"} \(value)\n"))
        }
        // No line of a family stands apart from the others of it.
        var families: [String] = []
        for line in young.split(separator: "\n") where line.hasPrefix("# TYPE ") {
            families.append(String(line.split(separator: " ")[2]))
        }
        #expect(Set(families).count == families.count)
    }

    @Test(
        "a thousand servers are all there, on pages that are small, in any order",
        arguments: StatusView.Order.allCases)
    func pages(_ order: StatusView.Order) throws {
        var report = StatusReport()
        report.nowMs = 100_000_000
        report.upstreams = [try upstream("big <1>", 1000) { $0 == 500 ? .unhealthy : .up }]
        report.upstreams += try (0..<40).map { try upstream("u\($0)", 2) { _ in .up } }
        var view = StatusView()
        let front = StatusPage.text(report, view, nonce: "n0")
        #expect(front.contains("?upstream=big%20%3C1%3E\">999 more servers of big &lt;1&gt;</a>"))
        view.upstream = "big <1>"
        view.order = order
        var seen: Set<Substring> = []
        for page in 1...34 {
            view.page = page
            let text = StatusPage.text(report, view, nonce: "n0")
            #expect(text.utf8.count < 60_000)
            for match in text.matches(of: /<th scope="row">(10\.0\.0\.1:\d+)</) {
                seen.insert(match.output.1)
            }
            #expect(text.contains(">Next</a>") == (page < 34) && text.contains(">Previous</a>") == (page > 1))
        }
        #expect(seen.count == 1000)
        view.page = 1_000_000
        #expect(StatusPage.text(report, view, nonce: "n0").contains("Page 34 of 34"))
    }

    @Test("an upstream that is well is one row; what is looked for is shown whole")
    func filter() throws {
        var report = StatusReport()
        report.upstreams = [
            try upstream("x", 3) { _ in .up }, try upstream("b", 3) { $0 == 1 ? .unhealthy : .up },
        ]
        #expect(
            StatusListing(report, StatusView()).rows == [
                .upstream(1), .server(1, 1), .server(1, 0), .server(1, 2), .upstream(0),
            ])
        func rows(_ query: String) -> [StatusListing.Row] {
            StatusListing(report, StatusView { $0 == "q" ? query : nil }).rows
        }
        #expect(rows("X") == [.upstream(0), .server(0, 0), .server(0, 1), .server(0, 2)])
        #expect(rows("unhealthy") == [.upstream(1), .server(1, 1)])
        #expect(rows(":1002") == [.upstream(1), .server(1, 2), .upstream(0), .server(0, 2)])
        let page = StatusPage.text(report, StatusView { $0 == "q" ? "<x>\"" : nil }, nonce: "n0")
        #expect(page.contains("Nothing is found.") && page.contains("value=\"&lt;x&gt;&quot;\""))
        let view = StatusView { ["q": "a&b", "sort": "rate", "page": "x", "upstream": "ü"][$0] }
        #expect(view.url == "?upstream=%C3%BC&q=a%26b&sort=rate")
        #expect(StatusView { ["page": "-7"][$0] } == StatusView())
    }

    @Test("what is in trouble comes first, upstreams and servers")
    func troubleFirst() throws {
        var report = StatusReport()
        report.upstreams = [
            try upstream("fine", 2) { _ in .up }, try upstream("bad", 3) { $0 == 2 ? .unhealthy : .up },
        ]
        var page = StatusPage.text(report, nonce: "n0")
        func place(_ text: String) throws -> String.Index {
            try #require(page.firstRange(of: text)).lowerBound
        }
        #expect(try place("Upstream bad") < place("Upstream fine"))
        #expect(try place("<th scope=\"row\">10.0.0.1:1002") < place("<th scope=\"row\">10.0.0.1:1000"))
        // What serves nothing comes before what lacks a server.
        report.upstreams.append(try upstream("gone", 1) { _ in .unhealthy })
        page = StatusPage.text(report, nonce: "n0")
        #expect(try place("Upstream gone") < place("Upstream bad"))
    }

    @Test(
        "the API answers paths that there are, and others with the documented error",
        arguments: [
            ("", 200, "[1,2,3"), ("9", 200, "[\"nginx\""), ("10/nginx", 404, "UnknownVersion"),
            ("x", 404, "UnknownVersion"), ("9/nothing", 404, "PathNotFound"),
            ("9/processes", 200, "respawned"),
            ("9/http/upstreams/none/servers/1", 404, "UpstreamNotFound"), ("8/http/requests", 200, "total"),
            ("9/http/requests/total", 404, "PathNotFound"), ("9/portico/verdict", 200, "All well"),
        ])
    func paths(_ path: String, _ status: Int, _ part: String) {
        let answer = StatusAPI.answer(path, fields: nil) { StatusReport() }
        #expect(Int(answer.status) == status)
        #expect(answer.content.text.contains(part))
    }
}
