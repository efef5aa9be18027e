import Foundation
import TestSupport
import Testing

/// What many clients needed is the system's again when they have left.
@Suite("Memory of a crowd", .serialized) struct CrowdMemoryTests {
    /// KiB that a process itself has written to, by /proc/PID/status (proc(5)).
    private func writtenKiB(_ server: Server) -> Int {
        let file = FileHandle(forReadingAtPath: "/proc/\(server.program.pid)/status")
        let text = String(decoding: (try? file?.readToEnd()) ?? Data(), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    @Test("it goes back within a minute, the pools' too")
    func goesBack() throws {
        let server = try Server(
            """
            master_process off;
            error_log %PREFIX%/error.log notice;
            events { worker_connections 1000; }
            http { access_log off; large_client_header_buffers 4 32k;
                server { listen 127.0.0.1:%PORT1%; return 200 "ok"; } }
            """)
        let first = try RawClient.get(server.port, "/")
        #expect(first.status == 200)
        let before = writtenKiB(server)
        #expect(before > 0)
        // Heads that go on hold a buffer each.
        var clients = try (0..<400).map { _ in try RawClient(port: server.port) }
        for client in clients {
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 30_000))")
        }
        #expect(waitUntil(Deadline(in: 10)) { writtenKiB(server) > before + 12_000 })
        clients = []
        #expect(waitUntil(Deadline(in: 60)) { writtenKiB(server) < before + 3000 })
        #expect(try RawClient.get(server.port, "/").status == 200)
        server.finish()
    }
}
