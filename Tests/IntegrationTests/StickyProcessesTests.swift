import Foundation
import TestSupport
import Testing

/// Sessions of `sticky learn` are the whole service's: over workers, reloads, deaths and a new binary.
@Suite("sticky, of several processes", .serialized) struct StickyProcessesTests {
    private static let text = """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http {
            access_log off;
            upstream app { zone app 64k; server 127.0.0.1:%PORT2%; server 127.0.0.2:%PORT2%;
                health_check interval=500ms match=draining uri=/health;
                sticky learn create=$upstream_cookie_id lookup=$cookie_id zone=ids:64k timeout=1h; }
            match draining { status 200; drain status 503; }
            server { listen 127.0.0.1:%PORT2%;
                location /health { if (-f %PREFIX%/leaving) { return 503; } return 200 ok; }
                location / { add_header Set-Cookie "id=$arg_n"; return 200 "one\\n"; } }
            server { listen 127.0.0.2:%PORT2%;
                location /health { return 200 ok; }
                location / { add_header Set-Cookie "id=$arg_n"; return 200 "two\\n"; } }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://app; }
                location /status { status; } }
        }

        """

    private func get(_ service: Service, _ session: String?, begins name: String = "") throws -> String {
        let field = session.map { "Cookie: id=\($0)\r\n" } ?? ""
        return try RawClient.ask(
            service.port, "GET /?n=\(name) HTTP/1.1\r\nHost: a\r\n\(field)Connection: close\r\n\r\n"
        ).text
    }

    private func expectBound(_ service: Service, _ sessions: [String: String]) throws {
        for (session, server) in sessions {
            for _ in 0..<3 { #expect(try get(service, session) == server) }
        }
    }

    private func begin(_ service: Service) throws -> [String: String] {
        var sessions: [String: String] = [:]
        for number in 0..<8 {
            sessions["s\(number)"] = try get(service, nil, begins: "s\(number)")
        }
        #expect(Set(sessions.values) == ["one\n", "two\n"])
        return sessions
    }

    @Test("sessions outlive all of their processes")
    func lasting() throws {
        let service = try Service(Self.text, .daemon)
        let sessions = try begin(service)
        try expectBound(service, sessions)
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 20)) { service.log.contains(" reconfigured\n") })
        try expectBound(service, sessions)
        for worker in service.workers { kill(worker, SIGKILL) }
        #expect(waitUntil(Deadline(in: 20)) { service.isWhole() })
        try expectBound(service, sessions)
        let old = service.master
        service.master = try service.upgrade()
        kill(old, SIGQUIT)
        #expect(waitForEnd(of: old))
        #expect(waitUntil(Deadline(in: 20)) { service.isWhole() })
        try expectBound(service, sessions)
    }

    @Test("a server that says to its health check that it is leaving keeps its sessions, and gets no others")
    func drainedByCheck() throws {
        let service = try Service(Self.text)
        let sessions = try begin(service)
        try service.directory.write("", to: "leaving", mode: 0o644)
        chmod(service.directory.path, 0o755)
        let isDrained = try waitUntil(Deadline(in: 20)) {
            try (0..<8).allSatisfy { _ in try get(service, nil) == "two\n" }
        }
        #expect(isDrained)
        try expectBound(service, sessions)
        #expect(try (0..<8).allSatisfy { _ in try get(service, nil) == "two\n" })
    }
}
