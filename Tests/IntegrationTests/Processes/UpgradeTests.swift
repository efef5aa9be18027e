import Foundation
import Synchronization
import TestSupport
import Testing

/// A new binary takes over, or does not.
@Suite("Upgrades", .serialized) struct UpgradeTests {
    @Test(
        "USR2 and QUIT replace the master, again and again, as nginx's pid files tell",
        arguments: Service.Manner.allCases)
    func takesOver(_ manner: Service.Manner) throws {
        let service = try Service(Service.usual, manner)
        let load = ProcessesTests.Load(service.port)
        for _ in 0..<3 {
            let old = service.master
            let next = try service.upgrade()
            #expect(service.pidInFile("server.pid.oldbin") == old)
            #expect(Service.isAlive(old) && Service.isAlive(next))
            // One at a time.
            kill(next, SIGUSR2)
            #expect(waitUntil { service.log.contains("the changing binary signal is ignored") })
            kill(old, SIGQUIT)
            #expect(waitForEnd(of: old))
            #expect(!service.has("server.pid.oldbin") && service.pidInFile() == next)
            service.master = next
            #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
        }
        load.stop()
        #expect(load.failed.load(ordering: .relaxed) == 0)
        kill(service.master, SIGQUIT)
        #expect(waitForEnd(of: service.master))
        #expect(!service.has("server.pid"))
    }

    @Test("a new binary that is told to quit gives everything back", arguments: Service.Manner.allCases)
    func goesBack(_ manner: Service.Manner) throws {
        let service = try Service(Self.with("listen unix:%PREFIX%/u.sock;"), manner)
        let old = service.master
        let next = try service.upgrade()
        kill(next, SIGQUIT)
        #expect(waitForEnd(of: next))
        #expect(waitUntil(Deadline(in: 5)) { service.pidInFile() == old && service.isWhole() })
        #expect(!service.has("server.pid.oldbin") && service.has("u.sock"))
        kill(old, SIGQUIT)
        #expect(waitForEnd(of: old))
        #expect(!service.has("u.sock") && !service.has("server.pid"))
    }

    @Test("a new binary that dies after WINCH leaves a master that serves")
    func diesAfterWinch() throws {
        let service = try Service(Service.usual, .daemon)
        let next = try service.upgrade()
        kill(service.master, SIGWINCH)
        #expect(waitUntil(Deadline(in: 15)) { service.workers.isEmpty })
        kill(next, SIGKILL)
        #expect(waitUntil(Deadline(in: 15)) { service.isWhole() })
        #expect(service.pidInFile() == service.master)
    }

    @Test("WINCH ends the workers of a daemon, and HUP brings all back, the checker too")
    func winchThenHangup() throws {
        let service = try Service(Service.usual, .daemon)
        kill(service.master, SIGWINCH)
        #expect(waitUntil(Deadline(in: 15)) { service.workers.isEmpty && service.checker == nil })
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
    }

    @Test("a renewed certificate brings no workers back that WINCH has told to go")
    func winchThenRenewal() throws {
        let directory = try TemporaryDirectory()
        for file in ["server", "next"] {
            _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory, name: file)
        }
        let path = directory.path
        let service = try Service(
            Service.usual.replacingOccurrences(
                of: "location /ready",
                with:
                    "location = /slow { limit_rate 1; return 200 \"\(String(repeating: "x", count: 600))\"; } "
                    + "location /ready"
            ).replacingOccurrences(
                of: "upstream app",
                with: "server { listen 127.0.0.1:%PORT2% ssl; ssl_certificate \(path)/server.crt;"
                    + " ssl_certificate_key \(path)/server.key; return 200 ok; }\nupstream app"), .daemon)
        // A client that takes long holds its worker.
        let slow = try Socket.connect(port: service.port)
        defer { close(slow) }
        #expect(Socket.write(Array("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n".utf8), to: slow))
        var byte = UInt8(0)
        #expect(recv(slow, &byte, 1, 0) == 1)
        kill(service.master, SIGWINCH)
        #expect(waitUntil(Deadline(in: 15)) { service.workers.count == 1 })
        for kind in ["key", "crt"] { rename(path + "/next.\(kind)", path + "/server.\(kind)") }
        let left = service.workers
        #expect(!waitUntil(Deadline(in: 3)) { service.workers != left })
        #expect(!service.log.contains("renewed: "))
    }

    @Test("HUP for the old master has it serve as before, whatever its files say by now")
    func hangupForTheOld() throws {
        let service = try Service(Service.usual, .daemon)
        let next = try service.upgrade()
        kill(service.master, SIGWINCH)
        #expect(waitUntil(Deadline(in: 15)) { service.workers.isEmpty })
        try service.rewrite("nonsense;")
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 5)) { service.workers.count == 2 })
        kill(next, SIGQUIT)
        #expect(waitForEnd(of: next))
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
    }

    // MARK: Sockets

    private static func with(_ listen: String) -> String {
        Service.usual.replacingOccurrences(
            of: "listen 127.0.0.1:%PORT1%;", with: "listen 127.0.0.1:%PORT1%; \(listen)")
    }

    @Test("sockets that the configuration does not name any more end with the upgrade, others go on")
    func droppedSockets() throws {
        let kept = "listen \"unix:%PREFIX%/a=b;c%3D.sock\";"
        let service = try Service(
            Self.with("listen 127.0.0.1:%PORT2%; listen unix:%PREFIX%/gone.sock; \(kept)"), .daemon)
        try service.rewrite(Self.with(kept))
        let old = service.master
        service.master = try service.upgrade()
        // The old master still serves it.
        #expect(service.has("gone.sock"))
        kill(old, SIGQUIT)
        #expect(waitForEnd(of: old))
        #expect((try? RawClient(port: service.ports[1])) == nil)
        #expect(waitUntil(Deadline(in: 5)) { !service.has("gone.sock") })
        #expect(service.has("a=b;c%3D.sock"))
        let path = service.directory.path + "/a=b;c%3D.sock"
        let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(service.master)/fd")
        #expect(links.count < 40, "\(path): \(links.count) descriptors")
        let curl = try Program.run(
            "curl", ["-s", "--unix-socket", path, "http://a/"], in: service.directory, name: "curl")
        #expect(curl.output == "fine\n", "\(curl)")
    }

    @Test("names of UNIX sockets go with a reload that drops them, or fails, and only then")
    func names() throws {
        let service = try Service(Self.with("listen unix:%PREFIX%/u.sock;"))
        try service.rewrite(Service.usual)
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 5)) { !service.has("u.sock") })
        let taken = try Socket.listen(port: service.ports[1])
        try service.rewrite(Self.with("listen unix:%PREFIX%/u.sock; listen 127.0.0.1:%PORT2%;"))
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 10)) { service.log.contains("the new configuration was refused") })
        #expect(!service.has("u.sock"))
        close(taken)
    }

    @Test("a master that finishes does not take the name of its successor's socket, nor its pid file")
    func successorsNames() throws {
        let service = try Service(Self.with("listen unix:%PREFIX%/u.sock;"))
        let client = try RawClient(port: service.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        #expect(waitUntil { (try? service.body("/status?format=json"))?.contains("\"active\":2") == true })
        kill(service.master, SIGQUIT)
        #expect(waitUntil(Deadline(in: 5)) { !service.has("u.sock") })
        try service.directory.write("", to: "u.sock")
        try service.directory.write("1\n", to: "server.pid")
        client.send("Connection: close\r\n\r\n")
        #expect(service.command.waitForEnd(within: 15) == .exited(0))
        #expect(service.has("u.sock") && service.has("server.pid"))
        try FileManager.default.removeItem(atPath: service.directory.path + "/server.pid")
    }
}
