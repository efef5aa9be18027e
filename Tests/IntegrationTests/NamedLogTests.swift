import Foundation
import TestSupport
import Testing

/// `access_log` with variables in its name, `open_log_file_cache`, `gzip`.
@Suite("Files of access logs") struct NamedLogTests {
    private static func server(_ directives: String) throws -> Server {
        let directory = try TemporaryDirectory()
        for folder in ["lines", "www"] {
            try FileManager.default.createDirectory(
                atPath: directory.file(folder), withIntermediateDirectories: true)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o777], ofItemAtPath: directory.file(folder))
        }
        return try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log; events { }
            http { log_format f "$uri $status"; access_log off;
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; \(directives) } }
            """, directory: directory)
    }

    private func ask(_ server: Server, _ targets: String...) throws {
        for target in targets { _ = try RawClient.get(server.port, target) }
    }

    /// Whether the file comes to hold these lines.
    private func holds(_ server: Server, _ file: String, _ lines: String...) -> Bool {
        let text = lines.map { $0 + "\n" }.joined()
        return waitUntil(Deadline(in: 5)) { server.directory.read("lines/" + file) == text }
    }

    @Test("each request names its log; conditions hold there too")
    func names() throws {
        let server = try Self.server(
            """
            location / { access_log %PREFIX%/lines/$arg_n.log f; return 200 x; }
            location /if { access_log lines/if-$arg_n f if=$arg_y; return 200 x; }
            location /own { access_log $arg_n f; return 200 x; }
            """)
        try ask(server, "/1?n=a", "/2?n=b", "/3?n=a", "/if1?n=a&y=1", "/if2?n=a&y=0", "/4", "/own?n=lines/c")
        #expect(holds(server, "a.log", "/1 200", "/3 200"))
        #expect(holds(server, "b.log", "/2 200"))
        #expect(holds(server, ".log", "/4 200"))
        #expect(holds(server, "if-a", "/if1 200"))
        #expect(holds(server, "c", "/own 200"))
        server.finish()
    }

    @Test("a file that an alias names is served and logged, though it is no folder")
    func aliasOfFile() throws {
        let server = try Self.server(
            """
            location = /f { alias %PREFIX%/www/file; access_log %PREFIX%/lines/$arg_n f; }
            """)
        try server.directory.write("x", to: "www/file")
        try ask(server, "/f?n=a")
        #expect(holds(server, "a", "/f 200"))
        server.finish()
    }

    @Test(
        "what leads out of the folder, has no root or cannot be opened loses its line, and is told of",
        arguments: [
            ("/?n=../up", "leads out of its folder"), ("/?n=a/../b", "leads out of its folder"),
            ("/deep?n=x", "failed (2: No such file or directory) while logging request"),
            ("/rootless", "existence failed"),
        ])
    func losses(target: String, complaint: String) throws {
        let server = try Self.server(
            """
            location / { access_log %PREFIX%/lines/$arg_n f; return 200 x; }
            location /deep { access_log %PREFIX%/lines/none/$arg_n f; return 200 x; }
            location /rootless { root %PREFIX%/none; access_log %PREFIX%/lines/$arg_n f; return 200 x; }
            """)
        try ask(server, target)
        #expect(server.waitForLog(complaint))
        #expect(try FileManager.default.contentsOfDirectory(atPath: server.directory.file("lines")).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: server.directory.file("up")))
        server.finish(expected: [complaint])
    }

    @Test("open_log_file_cache keeps files open until logs are reopened, and no more of them than it says")
    func cache() throws {
        let server = try Self.server(
            """
            open_log_file_cache max=1 inactive=1h valid=1h;
            location / { access_log %PREFIX%/lines/$arg_n f; return 200 x; }
            location /off { open_log_file_cache off; access_log %PREFIX%/lines/$arg_n f; return 200 x; }
            """)
        func move(_ name: String, _ other: String) throws {
            try FileManager.default.moveItem(
                atPath: server.directory.file("lines/" + name),
                toPath: server.directory.file("lines/" + other))
        }
        try ask(server, "/1?n=a")
        #expect(holds(server, "a", "/1 200"))
        try move("a", "old")
        try ask(server, "/2?n=a")
        #expect(holds(server, "old", "/1 200", "/2 200"))
        try ask(server, "/off?n=a")
        #expect(holds(server, "a", "/off 200"))
        try ask(server, "/3?n=b", "/4?n=a")
        #expect(holds(server, "a", "/off 200", "/4 200"))
        try move("a", "older")
        server.program.send(SIGUSR1)
        #expect(
            waitUntil(Deadline(in: 5)) {
                _ = try? RawClient.get(server.port, "/5?n=a")
                return server.directory.read("lines/a").hasPrefix("/5 200")
            })
        server.finish()
    }

    @Test("gzip compresses what is written together")
    func compressed() throws {
        let server = try Self.server(
            """
            location / { access_log %PREFIX%/lines/z.gz f gzip=6 flush=100ms; return 200 x; }
            """)
        let file = server.directory.file("lines/z.gz")
        func lines() throws -> String {
            try Program.run("gzip", ["-dc", file], in: server.directory, name: "gzip").output
        }
        try ask(server, "/1", "/2")
        #expect(try waitUntil(Deadline(in: 10)) { try lines() == "/1 200\n/2 200\n" })
        try ask(server, "/3")
        server.finish()
        #expect(try lines() == "/1 200\n/2 200\n/3 200\n")
    }
}
