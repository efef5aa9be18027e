import Foundation
import TestSupport
import Testing

/// `control_socket`, `-s status` and `top`.
@Suite("Control socket", .serialized) struct ControlSocketTests {
    private static func text(_ setting: String, _ end: String = "") -> String {
        """
        control_socket \(setting);
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream gw { zone gw 64k; server %GATEWAY1%; server %GATEWAY2%; }
            server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://gw; } } \(end) }
        """
    }

    private func start(_ setting: String = "on") throws -> Server {
        try Server(
            Self.text(setting), gateways: [try RecordingGateway("g1"), try RecordingGateway("g2")])
    }

    private func words(_ server: Server, _ words: [String]) -> [String] {
        words + [
            "-p", server.directory.path + "/", "-c", server.directory.path + "/server.conf",
            "-e", "stderr", "-g", "pid \(server.directory.path)/server.pid;",
        ]
    }

    private func status(_ server: Server) throws -> (ending: Program.Ending, output: String, errors: String) {
        try Program.run(
            Binary.portico, words(server, ["-s", "status"]), in: server.directory, name: "status")
    }

    @Test(
        "its owner alone may use it, and -s status prints what the service does",
        arguments: ["on", "own.sock"])
    func prints(_ setting: String) throws {
        let server = try start(setting)
        let name = setting == "on" ? "server.sock" : setting
        let path = server.directory.path + "/" + name
        // The port is open before it is.
        #expect(waitUntil { FileManager.default.fileExists(atPath: path) })
        let file = try FileManager.default.attributesOfItem(atPath: server.directory.path + "/" + name)
        #expect((file[.posixPermissions] as? Int) == 0o600)
        var status = try status(server)
        #expect(
            status.ending == .exited(0) && status.output.hasPrefix("green: All well: 2 of 2"), "\(status)")
        // Also when the configuration is broken by then, and after a reload.
        #expect(try server.reload().ending == .exited(0))
        try server.rewrite(Self.text(setting, "nonsense;"))
        status = try self.status(server)
        #expect(status.ending == .exited(0) && status.output.contains("upstream gw"), "\(status)")
        server.finish()
        #expect(!FileManager.default.fileExists(atPath: server.directory.path + "/" + name))
    }

    @Test("a path that no socket can have is refused", arguments: [(102, true), (103, false)])
    func tooLong(length: Int, isTaken: Bool) throws {
        let server = try start()
        let path = "/tmp/" + String(repeating: "x", count: length)
        try server.rewrite("control_socket \(path); events { } http { }")
        let check = try Program.run(
            Binary.portico, words(server, ["-t"]), in: server.directory, name: "check")
        #expect((check.ending == .exited(0)) == isTaken, "\(check)")
        #expect(check.errors.contains("too long a path") != isTaken, "\(check)")
        server.finish()
    }

    @Test("a name that a killed service left is no hindrance; a file that is none stays")
    func abandoned() throws {
        let server = try start()
        let path = server.directory.path + "/server.sock"
        let workers = server.program.children
        kill(server.program.pid, SIGKILL)
        #expect(waitUntil { workers.allSatisfy { !Service.isAlive($0) } })
        #expect(FileManager.default.fileExists(atPath: path))
        let next = try Server(
            Self.text("on"), gateways: [try RecordingGateway("g1"), try RecordingGateway("g2")],
            directory: server.directory)
        #expect(try status(next).ending == .exited(0))
        next.finish(expected: ["the master is gone"])
        try server.directory.write("mine", to: "server.sock")
        let run = try Program.run(
            Binary.portico, words(server, []), in: server.directory, name: "third", within: 20)
        #expect(run.ending == .exited(1) && server.directory.read("server.sock") == "mine")
    }

    @Test("without one, the commands say what to do")
    func missing() throws {
        let server = try start("off")
        let status = try status(server)
        #expect(status.ending == .exited(1) && status.errors.contains("add \"control_socket on;\""))
        #expect(!FileManager.default.fileExists(atPath: server.directory.path + "/server.sock"))
        server.finish()
        let top = try Program.run(Binary.portico, words(server, ["top"]), in: server.directory, name: "top")
        #expect(top.ending == .exited(1))
    }

    @Test(
        "top shows it on a terminal, drains a server, and leaves the terminal as it was",
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/python3"), "python3 is not installed"))
    func top() throws {
        let server = try start()
        let one = try #require(server.configuration.firstMatch(of: /server (127\.0\.0\.1:\d+);/)).output.1
        let script = """
            import os, pty, sys, termios, select, time
            def run(keys, end):
                pid, fd = pty.fork()
                if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
                before = termios.tcgetattr(fd)
                seen, deadline = b"", time.time() + 30
                while end not in seen and time.time() < deadline:
                    if select.select([fd], [], [], 0.2)[0]:
                        try: seen += os.read(fd, 65536)
                        except OSError: break
                    if keys and keys[0][0] in seen:
                        os.write(fd, keys.pop(0)[1])
                rest = time.time() + 10
                status = None
                while time.time() < rest and not status:
                    if select.select([fd], [], [], 0.1)[0]:
                        try: seen += os.read(fd, 65536)
                        except OSError: pass
                    found, code = os.waitpid(pid, os.WNOHANG)
                    if found: status = (code,)
                after = termios.tcgetattr(fd) if status else None
                print("ended", status, b"?1049l" in seen, after is not None and before[3] == after[3])
            run([(b"q quit", b"dgw \(one)\\r"), (b"of gw drains", b"q")], b"?1049l")
            run([(b"q quit", b"\\x03")], b"?1049l")
            """
        try server.directory.write(script, to: "top.py")
        let run = try Program.run(
            "python3", [server.directory.path + "/top.py", Binary.portico] + words(server, ["top"]),
            in: server.directory, name: "python", within: 100)
        #expect(run.output == "ended (0,) True True\nended (0,) True True\n", "\(run)")
        #expect(try status(server).output.contains("draining"))
        #expect(server.log.contains("API write PATCH 9/http/upstreams/gw/servers/0 {\"drain\":true}: done"))
        server.finish()
    }
}
