import Foundation
import TestSupport
import Testing

/// `state`: what the API did to an upstream's servers is kept in a file.
@Suite("State files", .serialized) struct StateFileTests {
    private static var configuration: String { configuration("state state/gw.conf;") }

    private static func configuration(_ lines: String) -> String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream gw { zone gw 64k; \(lines) }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://gw; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    /// The same, with names.
    private static func configuration(_ names: NameServer, _ lines: String = "state state/gw.conf;") -> String
    {
        configuration("resolver 127.0.0.1:\(names.port) ipv6=off valid=1s; \(lines)")
    }

    private func ask(_ server: Server, _ method: String, _ path: String = "", _ body: String? = nil) throws
        -> (status: Int, text: String)
    { try server.askUpstreams(method, "gw/servers\(path)", body) }

    private func add(_ server: Server, _ address: String, _ more: String = "") throws -> Int {
        try ask(server, "POST", "", "{\"server\":\"\(address)\"\(more)}").status
    }

    /// The servers by number, as every worker that is asked has them.
    private func servers(_ server: Server) throws -> [Int: String] {
        let list = try JSONSerialization.jsonObject(with: Data(try ask(server, "GET").text.utf8))
        var found: [Int: String] = [:]
        for entry in list as? [[String: Any]] ?? [] {
            if let id = entry["id"] as? Int { found[id] = entry["server"] as? String }
        }
        return found
    }

    private func status(_ server: Server) throws -> Int { try RawClient.get(server.port, "/x").status }

    /// The `server` lines of the file, without what is said to people.
    private func lines(_ server: Server) -> [String] {
        server.directory.read("state/gw.conf").split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") }
    }

    private func kill(_ server: Server) {
        let children = server.program.children
        server.program.send(SIGKILL)
        for child in children { Foundation.kill(child, SIGKILL) }
        _ = server.program.waitForEnd()
    }

    @Test("what a killed writer leaves beside the file goes: at the start, and when a worker is killed")
    func leftovers() throws {
        let directory = try TemporaryDirectory()
        let dead = try Program("true", [], in: directory)
        _ = dead.waitForEnd()
        mkdir(directory.path + "/state", 0o777)
        func draft(of process: pid_t) -> String { "state/gw.conf.\(process).tmp" }
        func isThere(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: directory.path + "/" + name)
        }
        try directory.write("server 127.0.0.1:1;", to: draft(of: dead.pid))
        let server = try Server(Self.configuration, directory: directory)
        #expect(waitUntil(Deadline()) { server.program.children.count >= 2 && !isThere(draft(of: dead.pid)) })
        let worker = try #require(server.program.children.first)
        try directory.write("server 127.0.0.1:1;", to: draft(of: worker))
        try directory.write("mine", to: "state/gw.conf.tmp")
        Foundation.kill(worker, SIGKILL)
        #expect(waitUntil(Deadline()) { !isThere(draft(of: worker)) })
        #expect(isThere("state/gw.conf.tmp"))
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("an upstream begins without servers; what the API adds is there after kill -9 and a start")
    func restart() throws {
        let gateway = try RecordingGateway("g1")
        let first = try Server(StateFileTests.configuration)
        #expect(try status(first) == 502)
        #expect(first.waitForLog("no live upstreams"))
        let address = "127.0.0.1:\(gateway.port)"
        let more =
            ",\"weight\":3,\"max_conns\":9,\"max_fails\":2,\"fail_timeout\":\"7s\",\"slow_start\":\"1500ms\""
        #expect(try add(first, address, more) == 201)
        #expect(try add(first, "127.0.0.1:1", ",\"backup\":true,\"down\":true") == 201)
        #expect(try add(first, "127.0.0.1:2") == 201)
        #expect(try ask(first, "PATCH", "/2", "{\"drain\":true}").status == 200)
        let wanted = [
            "server \(address) weight=3 max_conns=9 max_fails=2 fail_timeout=7s slow_start=1500ms;",
            "server 127.0.0.1:1 backup down;", "server 127.0.0.1:2 drain;",
        ]
        #expect(lines(first) == wanted)
        #expect(try status(first) == 200)
        kill(first)
        let second = try Server(StateFileTests.configuration, directory: first.directory)
        #expect(try status(second) == 200)
        #expect(Set(try servers(second).values) == [address, "127.0.0.1:1", "127.0.0.1:2"])
        #expect(try ask(second, "GET").text.contains("\"fail_timeout\":\"7s\",\"slow_start\":\"1500ms\""))
        // Written again it says the same, whatever the order.
        #expect(try add(second, "127.0.0.1:3") == 201)
        #expect(Set(lines(second)) == Set(wanted + ["server 127.0.0.1:3;"]))
        second.finish()
    }

    @Test("numbers stay over a reload and a worker's death, and the last server may be removed")
    func reload() throws {
        let gateway = try RecordingGateway("g1")
        let server = try Server(StateFileTests.configuration)
        for port in 1...3 { #expect(try add(server, "127.0.0.1:\(port)", ",\"down\":true") == 201) }
        #expect(try ask(server, "DELETE", "/1").status == 200)
        #expect(try server.reload().ending == .exited(0))
        #expect(try servers(server) == [0: "127.0.0.1:1", 2: "127.0.0.1:3"])
        #expect(try ask(server, "POST", "", "{\"server\":\"127.0.0.1:4\"}").text.contains("\"id\":3"))
        for child in server.program.children { Foundation.kill(child, SIGKILL) }
        #expect(waitUntil { (try? servers(server).count) == 3 })
        for id in [0, 2, 3] { #expect(try ask(server, "DELETE", "/\(id)").status == 200) }
        #expect(lines(server).isEmpty && server.directory.read("state/gw.conf").hasPrefix("#"))
        #expect(try status(server) == 502)
        #expect(try server.reload().ending == .exited(0))
        #expect(try servers(server).isEmpty)
        #expect(try add(server, "127.0.0.1:\(gateway.port)") == 201)
        #expect(try status(server) == 200)
        #expect(Array(try servers(server).keys) == [4])
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("a file that somebody edited is obeyed at a reload; servers that stay keep their numbers")
    func edited() throws {
        let server = try Server(
            StateFileTests.configuration, files: ["state/gw.conf": "server 127.0.0.1:1;\n"])
        chmod(server.directory.path + "/state", 0o777)
        #expect(try add(server, "127.0.0.1:2") == 201)
        try server.directory.write(
            "# ours\nserver 127.0.0.1:5 weight=2;\nserver 127.0.0.1:2;", to: "state/gw.conf")
        #expect(try servers(server) == [0: "127.0.0.1:1", 1: "127.0.0.1:2"])
        #expect(try server.reload().ending == .exited(0))
        #expect(try servers(server) == [1: "127.0.0.1:2", 2: "127.0.0.1:5"])
        #expect(server.directory.read("state/gw.conf").hasPrefix("# ours\n"))
        server.finish()
    }

    @Test("a file that is removed is an empty list at the start, costs no server later, and is made anew")
    func removed() throws {
        let server = try Server(StateFileTests.configuration)
        #expect(try add(server, "127.0.0.1:1") == 201)
        try FileManager.default.removeItem(atPath: server.directory.path + "/state/gw.conf")
        #expect(try server.reload().ending == .exited(0))
        #expect(server.waitForLog("state/gw.conf\" of upstream \"gw\" is gone; its servers go on"))
        #expect(try servers(server) == [0: "127.0.0.1:1"])
        #expect(try ask(server, "PATCH", "/0", "{\"weight\":1}").status == 200)
        #expect(lines(server) == ["server 127.0.0.1:1;"])
        server.finish()
    }

    @Test(
        "a malformed file is refused with its line at -t and at the start, and a reload keeps what there was")
    func malformed() throws {
        let server = try Server(StateFileTests.configuration)
        #expect(try add(server, "127.0.0.1:1") == 201)
        let complaint = "invalid parameter \"weigth=2\" in \(server.directory.path)/state/gw.conf:2"
        try server.directory.write("server 127.0.0.1:1;\nserver 127.0.0.1:2 weigth=2;\n", to: "state/gw.conf")
        let reload = try server.reload()
        #expect(reload.ending == .exited(1) && reload.errors.contains(complaint), "\(reload)")
        #expect(try servers(server) == [0: "127.0.0.1:1"])
        for more in [["-t"], ["-g", "daemon off;"]] {
            let path = server.directory.path
            let run = try Program.run(
                Binary.portico,
                ["-p", path, "-c", path + "/server.conf", "-e", "stderr"] + more, in: server.directory)
            #expect(run.ending == .exited(1) && run.errors.contains(complaint), "\(run)")
        }
        try server.directory.write("server 127.0.0.1:1;\n", to: "state/gw.conf")
        #expect(try server.reload().ending == .exited(0))
        server.finish(expected: ["weigth"])
    }

    @Test("-t reads the file, needs none and makes none; -T shows it")
    func test() throws {
        let directory = try TemporaryDirectory()
        let text = StateFileTests.configuration.replacingOccurrences(of: "%PREFIX%", with: directory.path)
            .replacingOccurrences(of: "%PORT1%", with: "\(try FreePort.next())")
        try directory.write(text, to: "a.conf")
        func run(_ option: String) throws -> (ending: Program.Ending, output: String, errors: String) {
            try Program.run(
                Binary.portico, ["-p", directory.path, "-c", directory.path + "/a.conf", option],
                in: directory)
        }
        let fresh = try run("-t")
        #expect(fresh.ending == .exited(0), "\(fresh)")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/state/gw.conf"))
        try directory.write("server 127.0.0.1:77;\n", to: "state/gw.conf")
        #expect(try run("-T").output.contains("state/gw.conf:\nserver 127.0.0.1:77;"))
    }

    @Test("where the file cannot be written the API says 500, the log names it, and nothing is changed")
    func unwritable() throws {
        let server = try Server(
            StateFileTests.configuration, files: ["state/gw.conf": "server 127.0.0.1:1;\n"])
        let folder = server.directory.path + "/state"
        chmod(folder, 0o555)
        for (method, path, body) in [
            ("POST", "", "{\"server\":\"127.0.0.1:2\"}"), ("PATCH", "/0", "{\"weight\":5}"),
            ("DELETE", "/0", nil),
        ] {
            let answer = try ask(server, method, path, body)
            #expect(answer.status == 500 && answer.text.contains("\"error\":{\"status\":500"), "\(answer)")
        }
        #expect(server.waitForLog("[error]") && server.log.contains("state file \"\(folder)/gw.conf\""))
        #expect(try servers(server) == [0: "127.0.0.1:1"])
        #expect(try ask(server, "GET").text.contains("\"weight\":1"))
        #expect(lines(server) == ["server 127.0.0.1:1;"])
        chmod(folder, 0o777)
        #expect(try add(server, "127.0.0.1:2") == 201)
        #expect(lines(server) == ["server 127.0.0.1:1;", "server 127.0.0.1:2;"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["gw.conf"])
        server.finish()
    }

    @Test(
        "changes at the same time through all workers, and a reload between them: the file is what is served")
    func concurrent() throws {
        let server = try Server(StateFileTests.configuration)
        let base = "http://127.0.0.1:\(server.port)/api/9/http/upstreams/gw/servers"
        let run = try Program(
            "sh",
            [
                "-c",
                "for i in $(seq 1 60); do curl -s -o /dev/null -d '{\"server\":\"127.0.0.2:'$((9000+i))'\"}' \(base) &"
                    + " done; wait; for i in 3 7 11 20 31; do curl -s -o /dev/null -X DELETE \(base)/$i & done; wait",
            ], in: server.directory)
        #expect(try server.reload().ending == .exited(0))
        #expect(run.waitForEnd(within: 20) == .exited(0))
        let list = try servers(server)
        #expect(list.count == 55 && Set(list.values).count == 55)
        #expect(lines(server) == list.sorted { $0.key < $1.key }.map { "server \($0.value);" })
        server.finish()
    }

    @Test("a link in the file's place is neither read nor written through")
    func link() throws {
        let server = try Server(StateFileTests.configuration, files: ["elsewhere": "untouched"])
        let path = server.directory.path
        #expect(try add(server, "127.0.0.1:1") == 201)
        try FileManager.default.removeItem(atPath: path + "/state/gw.conf")
        #expect(symlink(path + "/elsewhere", path + "/state/gw.conf") == 0)
        #expect(try server.reload().ending == .exited(1))
        #expect(try add(server, "127.0.0.1:2") == 201)
        #expect(lines(server).count == 2 && server.directory.read("elsewhere") == "untouched")
        server.finish(expected: ["state/gw.conf\" failed (40"])
    }

    @Test(
        "what cannot go together is refused",
        arguments: [
            ("state a.conf; server 127.0.0.1:1;", "\"state\" and \"server\" cannot stand in one upstream"),
            ("server 127.0.0.1:1; state a.conf;", "\"state\" and \"server\" cannot stand in one upstream"),
            ("state a.conf; state b.conf;", "\"state\" directive is duplicate"),
            ("state;", "invalid number of arguments in \"state\" directive"),
            (
                "state a.conf; } upstream b { zone b 64k; state a.conf;",
                "is the state file of upstream \"gw\""
            ),
            ("state a.conf; } upstream b { state b.conf;", "\"state\" requires \"zone\" in upstream \"b\""),
            ("state include.conf;", "\"include\" directive is not allowed here in %PREFIX%/include.conf:1"),
            ("state block.conf;", "unexpected \"{\" in %PREFIX%/block.conf:2"),
            ("state word.conf;", "unknown directive \"sever\""),
            ("state cut.conf;", "unexpected end of file, expecting \";\" or \"}\" in %PREFIX%/cut.conf:1"),
            ("ip_hash; state backup.conf;", "does not support parameter \"backup\""),
        ])
    func refusals(_ lines: String, _ complaint: String) throws {
        let directory = try TemporaryDirectory()
        for (name, text) in [
            ("include", "include ../a;"), ("block", "\nserver 127.0.0.1:1 {"), ("word", "sever 127.0.0.1:1;"),
            ("cut", "server 127.0.0.1:1"), ("backup", "server 127.0.0.1:1 backup;"),
        ] { try directory.write(text, to: name + ".conf") }
        let text = StateFileTests.configuration(lines)
            .replacingOccurrences(of: "%PREFIX%", with: directory.path)
            .replacingOccurrences(of: "%PORT1%", with: "\(try FreePort.next())")
        try directory.write(text, to: "bad")
        let run = try Program.run(
            Binary.portico, ["-p", directory.path, "-c", directory.path + "/bad", "-t"], in: directory)
        let wanted = complaint.replacingOccurrences(of: "%PREFIX%", with: directory.path)
        #expect(run.ending == .exited(1) && run.errors.contains(wanted), "\(run)")
    }

    @Test("a renewed certificate is no reload: what somebody wrote into the file meanwhile waits for one")
    func renewal() throws {
        let directory = try TemporaryDirectory()
        for name in ["server", "next"] {
            _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory, name: name)
        }
        let secure =
            " } server { listen 127.0.0.1:%PORT2% ssl; ssl_certificate %PREFIX%/server.crt;"
            + " ssl_certificate_key %PREFIX%/server.key; return 200; } }"
        let text = StateFileTests.configuration.trimmingCharacters(in: .whitespacesAndNewlines)
        let server = try Server(
            String(text.dropLast(3)) + secure, files: ["state/gw.conf": "server 127.0.0.1:9;"],
            directory: directory)
        chmod(directory.path + "/state", 0o777)
        #expect(try add(server, "127.0.0.1:1") == 201)
        try directory.write("server 127.0.0.1:7;", to: "state/gw.conf")
        for kind in ["key", "crt"] {
            rename(directory.path + "/next.\(kind)", directory.path + "/server.\(kind)")
        }
        #expect(server.waitForLog("renewed: "))
        #expect(try servers(server) == [0: "127.0.0.1:9", 1: "127.0.0.1:1"])
        #expect(try server.reload().ending == .exited(0))
        #expect(try servers(server) == [2: "127.0.0.1:7"])
        server.finish(expected: ["cannot be used"])
    }

    @Test("a new binary goes on with the list and its numbers")
    func upgrade() throws {
        let server = try Server(StateFileTests.configuration)
        for port in 1...2 { #expect(try add(server, "127.0.0.1:\(port)") == 201) }
        #expect(try ask(server, "DELETE", "/0").status == 200)
        let pidFile = server.directory.path + "/server.pid"
        server.program.send(SIGUSR2)
        var successor: pid_t = 0
        #expect(
            waitUntil(Deadline(in: 5)) {
                let text = server.directory.read("server.pid").trimmingCharacters(in: .whitespacesAndNewlines)
                successor = pid_t(text) ?? 0
                return successor > 0 && successor != server.program.pid
            })
        defer { if successor > 0 { Foundation.kill(successor, SIGKILL) } }
        server.program.send(SIGQUIT)
        #expect(server.program.waitForEnd(within: 10) == .exited(0))
        #expect(try servers(server) == [1: "127.0.0.1:2"])
        #expect(try ask(server, "POST", "", "{\"server\":\"127.0.0.1:3\"}").text.contains("\"id\":2"))
        #expect(lines(server) == ["server 127.0.0.1:2;", "server 127.0.0.1:3;"])
        Foundation.kill(successor, SIGTERM)
        #expect(waitUntil(Deadline(in: 5)) { !FileManager.default.fileExists(atPath: pidFile) })
        successor = 0
    }

    // MARK: Names

    @Test(
        "a server that is added by its name is looked up, followed, kept in the file, and found after a start"
    )
    func names() throws {
        let names = try NameServer(["app.portico.test": ["127.0.0.1"]])
        defer { names.stop() }
        let gateway = try RecordingGateway("g1")
        let text = StateFileTests.configuration(names)
        let first = try Server(text)
        let server = "app.portico.test:\(gateway.port)"
        let added = try ask(first, "POST", "", "{\"server\":\"\(server)\",\"weight\":2}")
        #expect(added.status == 201 && added.text.contains("\"id\":0,\"server\":\"\(server)\""), "\(added)")
        #expect(try waitUntil(Deadline(in: 5)) { try status(first) == 200 })
        #expect(try servers(first) == [0: server, 1: "127.0.0.1:\(gateway.port)"])
        let child = try ask(first, "GET", "/1").text
        #expect(
            child.contains("\"weight\":2") && child.contains("\"parent\":0,\"host\":\"app.portico.test\""))
        #expect(try ask(first, "GET", "/0").text.contains("\"server\":\"\(server)\""))
        #expect(try !ask(first, "GET", "/0").text.contains("parent"))
        #expect(lines(first) == ["server \(server) weight=2 resolve;"])
        #expect(try add(first, server) == 409)
        let refused = try ask(first, "PATCH", "/1", "{\"weight\":3}")
        #expect(refused.status == 400 && refused.text.contains("UpstreamServerImmutable"))
        names.set("app.portico.test", ["127.0.0.1", "127.0.0.3"])
        #expect(try waitUntil(Deadline(in: 8)) { try servers(first).count == 3 })
        #expect(try servers(first)[1] == "127.0.0.1:\(gateway.port)")
        #expect(try servers(first)[2] == "127.0.0.3:\(gateway.port)")
        #expect(try first.reload().ending == .exited(0))
        #expect(try servers(first).keys.sorted() == [0, 1, 2])
        #expect(try ask(first, "PATCH", "/0", "{\"down\":true}").status == 200)
        #expect(try ask(first, "GET", "/2").text.contains("\"down\":true"))
        #expect(try ask(first, "PATCH", "/0", "{\"down\":false}").status == 200)
        names.set("app.portico.test", ["127.0.0.1"])
        kill(first)
        let second = try Server(text, directory: first.directory)
        #expect(try waitUntil(Deadline(in: 5)) { try status(second) == 200 })
        #expect(try ask(second, "DELETE", "/0").text == "[]")
        #expect(try status(second) == 502 && lines(second).isEmpty)
        // Nobody asks for it any more, while another name is asked for again and again.
        names.set("other.portico.test", ["127.0.0.1"])
        #expect(try add(second, "other.portico.test") == 201)
        #expect(try waitUntil(Deadline(in: 5)) { try servers(second).count == 2 })
        let asked = names.questionCount(of: "app.portico.test")
        let others = names.questionCount(of: "other.portico.test")
        #expect(waitUntil(Deadline(in: 8)) { names.questionCount(of: "other.portico.test") >= others + 2 })
        #expect(names.questionCount(of: "app.portico.test") == asked)
        second.finish(expected: ["could not be resolved"])
    }

    @Test(
        "a group with a name in its configuration is changed by the API too, and asks the new servers how they are"
    )
    func namesInBlock() throws {
        let names = try NameServer(["app.portico.test": ["127.0.0.1"], "b.portico.test": ["127.0.0.1"]])
        defer { names.stop() }
        let (one, two) = (try RecordingGateway("g1"), try RecordingGateway("g2"))
        let text = StateFileTests.configuration(
            names, "server app.portico.test:%GATEWAYPORT1% resolve; health_check interval=200ms uri=/ready;"
        ).replacingOccurrences(of: "%GATEWAYPORT1%", with: "\(one.port)")
        let server = try Server(text, gateways: [one, two])
        #expect(try waitUntil(Deadline(in: 5)) { try status(server) == 200 })
        #expect(try add(server, "b.portico.test:\(two.port)") == 201)
        #expect(waitUntil(Deadline(in: 5)) { two.requests.contains { $0.target == "/ready" } })
        #expect(try servers(server).count == 4)
        #expect(try ask(server, "DELETE", "/0").status == 200)
        #expect(try status(server) == 200 && two.requests.contains { $0.target == "/x" })
        #expect(try server.reload().ending == .exited(0))
        #expect(try servers(server).count == 2)
        #expect(try ask(server, "DELETE", "/2").text.contains("UpstreamLastServer"))
        server.finish(expected: ["could not be resolved", "host not found"])
    }
}
