import Foundation
import TestSupport
import Testing

/// `-t`, `-T` and `--strict`.
@Suite("Testing a configuration") struct StrictTests {
    private func run(_ text: String, _ options: [String], files: [String: String] = [:]) throws -> (
        ending: Program.Ending, output: String, errors: String
    ) {
        let directory = try TemporaryDirectory()
        for (name, content) in files { try directory.write(content, to: name) }
        try directory.write(text.replacingOccurrences(of: "%PREFIX%", with: directory.path), to: "a.conf")
        return try Program.run(
            Binary.portico,
            ["-p", directory.path, "-c", "a.conf", "-e", "stderr", "-g", "pid \(directory.path)/a.pid;"]
                + options, in: directory)
    }

    private func server(_ text: String) throws -> String {
        "events { }\nhttp { access_log off; server { listen 127.0.0.1:\(try FreePort.next());\n\(text)\n} }\n"
    }

    @Test("--strict fails on a warning, which passes without it")
    func warnings() throws {
        let text = try server("sendfile on;\nlocation / { proxy_pass http://no.such.name.invalid; }")
        #expect(try run(text, ["-t"]).ending == .exited(0))
        for options in [["-t", "--strict"], ["--strict", "-t"], ["-tq", "--strict"]] {
            let strict = try run(text, options)
            #expect(strict.ending == .exited(1))
            #expect(strict.errors.contains("[warn] \"sendfile\" is accepted"))
            #expect(strict.errors.contains("[emerg] 2 warnings, where \"--strict\" allows none"))
            #expect(strict.errors.contains("test failed\n"))
            #expect(!strict.errors.contains("test is successful"))
        }
    }

    @Test("an error log that cannot be opened is told with the line that names it")
    func unopenedLog() throws {
        let tested = try run("events { }\nhttp {\n    error_log /proc/none/x.log;\n}\n", ["-t"])
        #expect(tested.ending == .exited(1))
        #expect(tested.errors.contains("\"/proc/none/x.log\" failed (2: No such file or directory) in "))
        #expect(tested.errors.contains("/a.conf:3\n"))
    }

    @Test("--strict fails on a password file that is not there, with its place")
    func passwordFiles() throws {
        let text = try server("location / { auth_basic a;\nauth_basic_user_file users; }")
        #expect(try run(text, ["-t"]).ending == .exited(0))
        let missing = try run(text, ["-t", "--strict"])
        #expect(missing.ending == .exited(1))
        #expect(missing.errors.contains("/users\" failed (2: No such file or directory) in "))
        #expect(missing.errors.contains("/a.conf:4\n"))
        let there = try run(text, ["-t", "--strict"], files: ["users": "u:{PLAIN}p\n"])
        #expect(there.ending == .exited(0), "\(there.errors)")
        #expect(there.errors.contains("test is successful"))
    }

    @Test("--strict goes with a test only, and the help names it")
    func placeOfTheOption() throws {
        let alone = try run("", ["--strict"])
        #expect(alone.ending == .exited(1))
        #expect(alone.errors.contains("option \"--strict\" goes with \"-t\" or \"-T\""))
        #expect(try run("", ["-h"]).errors.contains("--strict"))
    }

    @Test("-T prints a file once, however often it is included", arguments: ["portico", "nginx"])
    func dump(_ program: String) throws {
        let text = """
            events { }
            http { access_log off; server { listen 127.0.0.1:\(try FreePort.next());
            location /a { include %PREFIX%/more.conf; } location /b { include %PREFIX%/m*.conf; } } }
            """
        let directory = try TemporaryDirectory()
        try directory.write("add_header X y;\n", to: "more.conf")
        try directory.write(text.replacingOccurrences(of: "%PREFIX%", with: directory.path), to: "a.conf")
        guard let path = program == "portico" ? Binary.portico : Binary.nginx else {
            print("nginx is not installed: skipped")
            return
        }
        let run = try Program.run(
            path,
            [
                "-T", "-q", "-p", directory.path, "-c", directory.path + "/a.conf", "-e", "stderr", "-g",
                "pid \(directory.path)/a.pid;",
            ], in: directory)
        #expect(run.ending == .exited(0), "\(run.errors)")
        #expect(run.output.ranges(of: "# configuration file \(directory.path)/more.conf:\n").count == 1)
        #expect(run.output.ranges(of: "# configuration file ").count == 2)
        #expect(run.output.hasSuffix("/more.conf:\nadd_header X y;\n\n"))
        #expect(run.output.ranges(of: "\n\n").count == 1)
    }

    @Test("what is not supported is told line by line")
    func unsupported() throws {
        let text = try server(
            "location / { content_by_lua_block { ngx.say(\"a;b}\") } }\nlocation /b { auth_jwt a; }")
        let failed = try run(text, ["-t"])
        #expect(failed.ending == .exited(1))
        let lines = failed.errors.split(separator: "\n").filter { $0.hasPrefix("portico: [emerg] ") }
        #expect(lines.count == 2)
        #expect(lines.first?.contains("\"content_by_lua_block\" directive is not supported yet") == true)
        #expect(lines.first?.hasSuffix("/a.conf:3") == true)
        #expect(lines.last?.hasSuffix("/a.conf:4") == true)
    }
}
