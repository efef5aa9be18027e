import Foundation
import TestSupport
import Testing

/// What a worker is made with, as the kernel tells of it (proc(5)).
@Suite("How workers run") struct WorkerSettingsTests {
    private func server(_ lines: String, in directory: TemporaryDirectory? = nil) throws -> Server {
        try Server(
            """
            worker_processes 1; \(lines)
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%; return 200 x; } }
            """, directory: directory)
    }

    private func worker(of server: Server) throws -> pid_t {
        // Who answers is one, and is what it is to be.
        #expect(try RawClient.get(server.port, "/").status == 200)
        return try #require(server.program.children.first)
    }

    private func text(_ pid: pid_t, _ name: String) throws -> String {
        try String(contentsOfFile: "/proc/\(pid)/\(name)", encoding: .utf8)
    }

    @Test("worker_priority", arguments: [("", "0"), ("worker_priority 7;", "7")])
    func priority(line: String, nice: String) throws {
        let server = try server(line)
        let stat = try text(worker(of: server), "stat")
        // The 19th word; the second is the name, which may hold anything.
        let words = stat[try #require(stat.lastIndex(of: ")"))...].split(separator: " ")
        #expect(words[19 - 2] == nice)
        server.finish()
    }

    @Test("worker_cpu_affinity")
    func affinity() throws {
        func allowed(_ pid: pid_t) throws -> String? {
            try text(pid, "status").split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }?
                .split(separator: "\t").last.map(String.init)
        }
        let own = try #require(try allowed(getpid()))
        let last = try #require(own.split { $0 == "," || $0 == "-" }.last.flatMap { Int($0) })
        let server = try server("worker_cpu_affinity 1\(String(repeating: "0", count: last));")
        #expect(try allowed(worker(of: server)) == "\(last)")
        server.finish()
        let free = try self.server("")
        #expect(try allowed(worker(of: free)) == own)
        free.finish()
    }

    @Test("working_directory")
    func workingDirectory() throws {
        let directory = try TemporaryDirectory()
        mkdir(directory.path + "/work", 0o755)
        let server = try server("working_directory %PREFIX%/work;", in: directory)
        let link = "/proc/\(try worker(of: server))/cwd"
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: link).hasSuffix(
                directory.path + "/work"))
        server.finish()
    }
}
