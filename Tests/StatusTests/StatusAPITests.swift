import Core
import Net
import Testing

@testable import Sharing
@testable import Status

/// Paths, `?fields=` and errors of the API, as the commercial edition documents them.
@Suite("Status API") struct StatusAPITests {
    private var report: StatusReport {
        var report = StatusReport()
        report.serverZones = ["a", "b"].map { StatusReport.Zone(name: $0, sum: TallySum()) }
        report.locationZones = [StatusReport.Zone(name: "l", sum: TallySum())]
        let process = ServiceRecord.WorkerProcess(slot: 3, pid: 77, startedMs: 0, respawns: 0)
        report.workers = [StatusReport.Worker(process: process, connections: .init())]
        report.upstreams = [
            StatusReport.Upstream(
                name: "gw", usesTLS: false, zone: "gw", servers: [], idleConnections: 2, queue: nil,
                zombies: 1, isInPanic: false)
        ]
        return report
    }

    private func answer(_ path: String, _ fields: [String]? = nil) -> (status: Int, text: String) {
        let answer = StatusAPI.answer(path, fields: fields) { report }
        return (Int(answer.status), answer.content.text)
    }

    @Test(
        "what is not there is told by the code for its kind",
        arguments: [
            ("0", "UnknownVersion"), ("10/http", "UnknownVersion"), ("09/http", "UnknownVersion"),
            ("+9", "UnknownVersion"), ("latest/nginx", "UnknownVersion"), ("9/nginx/version", "PathNotFound"),
            ("9/processes/1", "PathNotFound"), ("9/connections/active", "PathNotFound"),
            ("9/ssl/handshakes", "PathNotFound"), ("9/nothing", "PathNotFound"),
            ("9/http/nothing", "PathNotFound"), ("9/http/requests/total", "PathNotFound"),
            ("9/slabs/x", "SlabNotFound"), ("9/resolvers/x", "ResolverNotFound"),
            ("9/workers/4", "WorkerNotFound"), ("9/workers/x", "WorkerNotFound"),
            ("9/workers/3/pid", "PathNotFound"), ("9/http/server_zones/x", "ServerZoneNotFound"),
            ("9/http/server_zones/a/requests", "PathNotFound"),
            ("9/http/location_zones/a", "LocationZoneNotFound"), ("9/http/caches/x", "CacheNotFound"),
            ("9/http/limit_conns/x", "LimitConnNotFound"), ("9/http/limit_reqs/x", "LimitReqNotFound"),
            ("9/http/keyvals/x", "KeyvalNotFound"), ("9/http/upstreams/x", "UpstreamNotFound"),
            ("9/http/upstreams/x/servers", "UpstreamNotFound"),
            ("9/http/upstreams/x/servers/0", "UpstreamNotFound"),
            ("9/http/upstreams/gw/servers/0", "UpstreamServerNotFound"),
            ("9/http/upstreams/gw/servers/0/server", "PathNotFound"),
            ("9/http/upstreams/gw/peers", "PathNotFound"), ("9/portico/nothing", "PathNotFound"),
        ])
    func notFound(_ path: String, _ code: String) {
        let answer = answer(path)
        #expect(answer.status == 404 && answer.text.contains("\"code\":\"\(code)\""), "\(answer)")
        #expect(answer.text.hasPrefix("{\"error\":{\"status\":404,\"text\":\""))
    }

    @Test("a number of a server that is none is a bad request")
    func badServer() {
        #expect(answer("9/http/upstreams/gw/servers/x").status == 400)
        #expect(answer("9/http/upstreams/gw/servers/x").text.contains("\"code\":\"UpstreamBadServerId\""))
    }

    @Test(
        "?fields= keeps what it names of an object, and of each in a table; nothing named is nothing kept",
        arguments: [
            ("9/connections", ["idle", "active"], #"{"active":0,"idle":0}"#),
            ("9/connections", ["idle", "nonsense", "idle"], #"{"idle":0}"#),
            ("9/connections", ["nonsense"], "{}"), ("9/connections", [], "{}"),
            ("9/http/server_zones", ["requests"], #"{"a":{"requests":0},"b":{"requests":0}}"#),
            ("9/http/server_zones", [], #"{"a":{},"b":{}}"#),
            ("9/http/server_zones", ["a"], #"{"a":{},"b":{}}"#),
            ("9/http/server_zones/a", ["sent", "processing"], #"{"processing":0,"sent":0}"#),
            // What is nested comes whole, and has no names of its own.
            ("9/http/server_zones/a", ["total"], "{}"),
            ("9/http/server_zones/a", ["responses.total"], "{}"),
            ("9/http/location_zones", ["discarded"], #"{"l":{"discarded":0}}"#),
            ("9/http/upstreams", ["zone"], #"{"gw":{"zone":"gw"}}"#), ("9/http/upstreams", [], #"{"gw":{}}"#),
            ("9/http/upstreams/gw", ["keepalive", "zombies"], #"{"keepalive":2,"zombies":1}"#),
            ("9/workers", ["id", "pid"], #"[{"id":3,"pid":77}]"#), ("9/workers/3", ["pid"], #"{"pid":77}"#),
            ("9/http/caches", ["size"], "{}"), ("9/http/upstreams/gw/servers", ["id"], "[]"),
            ("9/http/requests", ["current"], #"{"current":0}"#),
        ])
    func fields(_ path: String, _ fields: [String], _ expected: String) {
        #expect(answer(path, fields).text == expected)
    }

    @Test("the lists of paths are given whole")
    func lists() {
        #expect(answer("", ["x"]).text == "[1,2,3,4,5,6,7,8,9]")
        #expect(answer("9", ["x"]).text.hasPrefix(#"["nginx","processes","connections","slabs","http""#))
        #expect(answer("9/http", []).text.hasPrefix(#"["requests","server_zones""#))
        #expect(
            answer("9/http/server_zones/a", ["responses"]).text
                == #"{"responses":{"1xx":0,"2xx":0,"3xx":0,"4xx":0,"5xx":0,"codes":{},"total":0}}"#)
    }

    @Test(
        "another method is refused with those that there are; with write=on only where there is something",
        arguments: [
            ("9/nothing", false, 405, "MethodDisabled", "GET, HEAD"),
            ("9/nothing", true, 404, "PathNotFound", nil), ("8x", true, 404, "UnknownVersion", nil),
            ("9/http/server_zones/x", true, 404, "ServerZoneNotFound", nil),
            ("9/http/server_zones/a", true, 405, "MethodDisabled", "GET, HEAD"),
            ("9/http/upstreams/gw", true, 405, "MethodDisabled", "GET, HEAD"),
            ("9/http/upstreams/gw/servers", true, 405, "MethodDisabled", "GET, HEAD, POST"),
            ("9/http/upstreams/gw/servers", false, 405, "MethodDisabled", "GET, HEAD"),
            ("9/http/upstreams/gw/servers/5", true, 404, "UpstreamServerNotFound", nil),
        ] as [(String, Bool, Int, String, String?)])
    func methods(_ path: String, _ writes: Bool, _ status: Int, _ code: String, _ allow: String?) {
        let refusal = StatusAPI.refusal(of: path, writes: writes) { report }
        #expect(Int(refusal.status) == status && refusal.allow == allow)
        #expect(refusal.content.text.contains("\"code\":\"\(code)\""))
    }
}
