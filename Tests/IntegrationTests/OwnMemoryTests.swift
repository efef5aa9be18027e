import Foundation
import Testing

/// OpenSSL's memory comes from the range that is reserved for it, in the processes that really run.
@Suite("OpenSSL's own memory", .serialized) struct OwnMemoryTests {
    /// KiB that the process itself has written to in mappings of more than 8 GiB; `nil`: there is none.
    private static func writtenKiB(_ pid: pid_t) -> Int? {
        var sum: Int?
        var isLong = false
        let map = (try? String(contentsOfFile: "/proc/\(pid)/smaps", encoding: .utf8)) ?? ""
        for line in map.split(separator: "\n") {
            let words = line.split(separator: " ")
            let bounds = words[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            if bounds.count == 2 {
                isLong = bounds[1] - bounds[0] > 8 << 30
            } else if isLong, words[0] == "Anonymous:" {
                sum = (sum ?? 0) + (Int(words[1]) ?? 0)
            }
        }
        return sum
    }

    @Test("a worker's TLS lives in it, after a reload and in the worker that follows one that died as well")
    func workers() throws {
        let text = """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed;
                return 200 "ok"; } }
            """
        let server = try Server(text)
        func serves() throws -> Bool {
            let answer = try TLSClient.curl(port: server.port, host: "a.test", in: server.directory)
            return answer.text.hasSuffix("ok")
        }
        func written() -> Int { server.program.children.compactMap(Self.writtenKiB).max() ?? 0 }
        #expect(try serves())
        // Contexts, certificates and keys that the master read take some 500 KiB.
        #expect(written() > 200)
        #expect(try server.reload().ending == .exited(0))
        #expect(try serves())
        let before = Set(server.program.children)
        for pid in before { kill(pid, SIGKILL) }
        #expect(
            waitUntil(Deadline(in: 5)) {
                !server.program.children.isEmpty && before.isDisjoint(with: server.program.children)
            })
        #expect(try serves())
        #expect(written() > 200)
        server.finish(expected: ["exited on signal 9"])
    }
}
