import Core
import Net
import Testing
import Upstream

@testable import Proxy

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
        #expect(String(decoding: out.bytes, as: UTF8.self).hasPrefix("All well: no gateways"))
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

    @Test(
        "a server's times are written so that they can be sent back",
        arguments: [(0, "0s"), (30_000, "30s"), (1500, "1500ms")])
    func configuredTimes(_ ms: Int, _ written: String) throws {
        let address = try #require(SocketAddress.parse("10.0.0.1:80", defaultPort: 80))
        var settings = PeerSettings(server: "10.0.0.1", address: address)
        settings.slowStartMs = ms
        let server = StatusReport.Server(
            id: 0, settings: settings, state: .up, reason: "", sinceMs: 0, active: 0, failures: 0,
            sum: TallySum(), checks: (0, 0, 0, 0), isChecked: false)
        guard case .string(let text)? = server.configurationJSON["slow_start"] else {
            Issue.record("no slow_start")
            return
        }
        #expect(text == written)
        #expect(try ServerChange(Array("{\"slow_start\":\"\(text)\"}".utf8), for: .change).slowStartMs == ms)
    }
}
