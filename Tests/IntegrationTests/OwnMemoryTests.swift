import Foundation
import TestSupport
import Testing

/// OpenSSL's memory comes from the range that is reserved for it, in the processes that really run.
@Suite("OpenSSL's own memory", .serialized) struct OwnMemoryTests {
    /// KiB that the process itself has written to in what lies before a mapping of more than 8 GiB; `nil`: there
    /// is none.
    private static func writtenKiB(_ pid: pid_t) -> Int? {
        var last = 0
        var found: Int?
        // The kernel hands it out in pieces; what reads a file whole stops after the first.
        let file = FileHandle(forReadingAtPath: "/proc/\(pid)/smaps")
        let map = (try? file?.readToEnd()) ?? Data()
        for line in String(decoding: map, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            let bounds = words[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            // What is used of the range is a mapping of its own, and the rest follows it.
            if bounds.count == 2, bounds[1] - bounds[0] > 8 << 30 { found = last }
            if words[0] == "Anonymous:" { last = Int(words[1]) ?? 0 }
        }
        return found
    }

    private static func server(_ first: String) throws -> Server {
        try Server(
            """
            \(first) error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed;
                return 200 "ok"; } }
            """)
    }

    private static func serves(_ server: Server) throws -> Bool {
        try TLSClient.curl(port: server.port, host: "a.test", in: server.directory).text.hasSuffix("ok")
    }

    @Test("what OpenSSL holds is there")
    func use() throws {
        // A worker lets nobody look at its memory.
        let server = try Self.server("master_process off;")
        #expect(try Self.serves(server))
        // The tables of algorithms, a context, a certificate and a key take some 500 KiB.
        #expect((Self.writtenKiB(server.program.pid) ?? 0) > 200)
        server.finish()
    }

    @Test("workers go on with it after a reload, and in the place of one that died")
    func workers() throws {
        let server = try Self.server("worker_processes 1;")
        #expect(try Self.serves(server))
        #expect(try server.reload().ending == .exited(0))
        #expect(try Self.serves(server))
        let before = Set(server.program.children)
        for pid in before { kill(pid, SIGKILL) }
        #expect(
            waitUntil(Deadline(in: 5)) {
                !server.program.children.isEmpty && before.isDisjoint(with: server.program.children)
            })
        #expect(try Self.serves(server))
        server.finish(expected: ["exited on signal 9"])
    }
}
