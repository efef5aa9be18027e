import Foundation
import TestSupport
import Testing

/// Answers of services with thousands of servers: others are served while they are made.
@Suite("Status in slices", .serialized) struct StatusSlicesTests {
    private static var configuration: String {
        let servers = (0..<2000).map { "server 127.0.0.1:\(20_000 + $0);" }.joined()
        return """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream big { zone big 1m; \(servers) }
                server { listen 127.0.0.1:%PORT1%; status_zone main;
                    location / { proxy_pass http://big; }
                    location = /tea { return 200 tea; }
                    location /status { status; }
                    location /api { api; } } }
            """
    }

    @Test("while a long answer is made, other requests are served again and again", .timeLimit(.minutes(2)))
    func others() throws {
        let server = try Server(StatusSlicesTests.configuration)
        for path in ["/status/metrics", "/status?format=json", "/api/9/http/upstreams"] {
            let served = try server.served("/tea", whileMaking: path)
            #expect(served >= 5, "\(path): \(served)")
        }
        server.finish()
    }

    @Test("a long answer is whole: over HTTP/1.1, HTTP/1.0, to a slow reader, and not there for HEAD")
    func whole() throws {
        let server = try Server(StatusSlicesTests.configuration)
        let metrics = String(decoding: try RawClient.get(server.port, "/status/metrics").body, as: UTF8.self)
        #expect(metrics.split(separator: "\n").count { $0.contains("upstream_server_state{") } == 2000)
        #expect(metrics.hasSuffix("portico_upstream_zombies{upstream=\"big\"} 0\n"))
        for version in ["1.0", "1.1"] {
            let answer = try RawClient.ask(
                server.port,
                "GET /status?format=json HTTP/\(version)\r\nHost: a\r\nConnection: close\r\n\r\n",
                within: 60)
            let json = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
            let upstream = ((json?["http"] as? [String: Any])?["upstreams"] as? [String: Any])?["big"]
            #expect(((upstream as? [String: Any])?["peers"] as? [Any])?.count == 2000)
            #expect(json?["portico"] != nil)
        }
        for format in ["json", "prometheus"] {
            let part = try RawClient.get(server.port, "/status?format=\(format)&page=7")
            #expect(part.head["link"] == "<?format=\(format)&page=8>; rel=\"next\"")
            #expect(part.body.count < 60_000 && String(latin1: part.body).contains("127.0.0.1:20"))
        }
        let text = String(decoding: try RawClient.get(server.port, "/status?format=text").body, as: UTF8.self)
        #expect(text.hasPrefix("green: All well: 2000 of 2000 gateways up\n"))
        #expect(text.contains("127.0.0.1:21999") && text.contains("\nworker "))
        let head = try RawClient.ask(
            server.port, "HEAD /status/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(head.status == 200 && head.body.isEmpty)
        // Clients that leave in the middle take nothing with them.
        for _ in 0..<5 {
            let socket = try Socket.connect(port: server.port)
            #expect(Socket.write(Array("GET /status/metrics HTTP/1.1\r\nHost: a\r\n\r\n".utf8), to: socket))
            var byte = UInt8(0)
            #expect(recv(socket, &byte, 1, 0) == 1)
            close(socket)
        }
        #expect(
            try waitUntil(Deadline(in: 10)) {
                number(try server.json("/api/9/connections"), "active") == 1
            })
        server.finish()
    }

    @Test("clients that do not take long answers hold some of them, and no more")
    func slowReaders() throws {
        let server = try Server(
            StatusSlicesTests.configuration.replacingOccurrences(of: "%PORT1%;", with: "%PORT1% sndbuf=16k;"))
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        let request = Array("GET /status/metrics HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for _ in 0..<20 {
            let socket = try Socket.connect(port: server.port)
            sockets.append(socket)
            var size: Int32 = 4096
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, 4)
            #expect(Socket.write(request, to: socket))
        }
        #expect(server.waitForLog("8 long answers are being made: this one is refused"))
        #expect(try RawClient.get(server.port, "/status/metrics").status == 503)
        #expect(try RawClient.get(server.port, "/tea").status == 200)
        for socket in sockets { close(socket) }
        sockets = []
        #expect(
            try waitUntil(Deadline(in: 20)) {
                try RawClient.get(server.port, "/status/metrics").status == 200
            })
        server.finish(expected: ["long answers are being made"])
    }

    @Test("leaves of the API are what the whole says there")
    func leaves() throws {
        let server = try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream gw { zone gw 64k; server %GATEWAY1%; }
                upstream dead { zone dead 64k; server %DEAD%; }
                server { listen 127.0.0.1:%PORT1%; status_zone main;
                    location / { proxy_pass http://gw; status_zone root; }
                    location /dead { proxy_pass http://dead; }
                    location /status { status; }
                    location /api { api; } } }
            """, gateways: [try RecordingGateway()])
        for path in ["/x", "/x", "/dead"] { _ = try RawClient.get(server.port, path) }
        // There are windows from the first second on; a part asked for before and a part after would differ.
        var whole: [String: Any] = [:]
        let hasWindows = try waitUntil(Deadline(in: 10)) {
            whole = try server.json("/status?format=json")
            let group = ((whole["portico"] as? [String: Any])?["upstreams"] as? [String: Any])?["gw"]
            return ((group as? [String: Any])?["windows"] as? [Any])?.isEmpty == false
        }
        #expect(hasWindows)
        for path in [
            "processes", "resolvers", "ssl", "slabs", "http/server_zones", "http/server_zones/main",
            "http/location_zones", "http/location_zones/root", "http/upstreams/gw", "http/upstreams/dead",
            "portico/certificates", "portico/errors", "portico/upstreams/gw", "portico/level",
            "portico/problems", "portico/usable_servers", "portico/latency", "portico/failed_logins",
            "portico/started", "portico/workers", "portico/checker_pid",
        ] {
            let value = path.split(separator: "/").reduce(whole as Any?) { object, name in
                (object as? [String: Any])?[String(name)]
            }
            let answer = try RawClient.get(server.port, "/api/9/\(path)")
            let leaf = try JSONSerialization.jsonObject(with: Data(answer.body), options: .fragmentsAllowed)
            #expect(answer.status == 200)
            #expect(
                agree(leaf, value as Any), "\(path): \(leaf) \(String(describing: value))")
        }
        server.finish()
    }

    /// Whether two answers say the same. A moment that is reckoned from an age may differ by the milliseconds
    /// between two readings of the clock.
    private func agree(_ one: Any, _ other: Any) -> Bool {
        switch (one, other) {
        case (let one as [String: Any], let other as [String: Any]):
            one.count == other.count
                && one.allSatisfy { name, value in
                    // How long a window is goes by the clock.
                    name == "length_ms" || other[name].map { agree(value, $0) } ?? false
                }
        case (let one as [Any], let other as [Any]):
            one.count == other.count && zip(one, other).allSatisfy { agree($0, $1) }
        case (let one as String, let other as String):
            one == other || moment(one).flatMap { a in moment(other).map { abs(a - $0) < 0.05 } } ?? false
        default:
            (one as? NSObject) == (other as? NSObject)
        }
    }

    private func moment(_ text: String) -> Double? {
        let format = ISO8601DateFormatter()
        format.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return format.date(from: text)?.timeIntervalSince1970
    }
}
