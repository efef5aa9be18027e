import Foundation
import TestSupport
import Testing

/// What a service manager hears, and the sockets that it passes: sd_notify(3), sd_listen_fds(3).
@Suite("Under a service manager", .serialized) struct ServiceManagerTests {
    /// A service manager as far as its socket goes.
    private struct Ear {
        let name = "@portico-test-\(UUID().uuidString)"
        let listener: DatagramListener
        var words: String { "export NOTIFY_SOCKET=\(name) WATCHDOG_USEC=400000 WATCHDOG_PID=$$;" }

        init() throws { listener = try DatagramListener(name) }

        /// The next thing said that is no mere sign of life, within twenty seconds.
        func next() -> String {
            let deadline = Deadline(in: 20)
            while !deadline.hasPassed {
                let said = listener.next(withinMs: deadline.leftMs) ?? ""
                if said != "WATCHDOG=1" { return said }
            }
            return ""
        }

        /// A sign of life comes.
        func livesOn() -> Bool {
            let deadline = Deadline(in: 20)
            while !deadline.hasPassed {
                if listener.next(withinMs: deadline.leftMs) == "WATCHDOG=1" { return true }
            }
            return false
        }
    }

    @Test("it hears of the start, of reloads, of life and of the end")
    func life() throws {
        let ear = try Ear()
        let service = try Service(shell: ear.words)
        let ready = "READY=1\nMAINPID=\(service.master)\nSTATUS="
        #expect(ear.next() == ready)
        #expect(ear.livesOn() && ear.livesOn())
        kill(service.master, SIGHUP)
        let reloading = ear.next().split(separator: "=")
        #expect(reloading.dropLast() == ["RELOADING", "1\nMONOTONIC_USEC"])
        let us = reloading.last.flatMap { UInt64($0) } ?? 0
        #expect(us > 0 && us <= Deadline.nowNs() / 1000)
        #expect(ear.next() == ready)
        try service.rewrite("nonsense;")
        kill(service.master, SIGHUP)
        #expect(ear.next().hasPrefix("RELOADING=1\n"))
        let refused = ear.next()
        #expect(
            refused.hasPrefix(ready + "the new configuration was refused: unknown directive"), "\(refused)")
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
        kill(service.master, SIGQUIT)
        #expect(ear.next() == "STOPPING=1")
        #expect(waitForEnd(of: service.master))
    }

    @Test("one that does not start says nothing")
    func noStart() throws {
        let service = try Service()
        let ear = try Ear()
        let text =
            "daemon off; pid none.pid; events { } http { server { listen 127.0.0.1:\(service.port); } }"
        try service.directory.write(text, to: "other.conf")
        let command =
            "\(ear.words) exec \(Binary.portico) -p \(service.directory.path) -c other.conf -e e.log"
        let run = try Program.run("sh", ["-c", command], in: service.directory, name: "other", within: 30)
        #expect(run.ending == .exited(1), "\(run)")
        #expect(ear.listener.next(withinMs: 0) == nil)
    }

    @Test("over an upgrade it hears which master is the service")
    func upgrade() throws {
        let ear = try Ear()
        let service = try Service(shell: ear.words)
        let old = service.master
        #expect(ear.next().hasPrefix("READY=1\n"))
        // Given up: the old one is the service again.
        let given = try service.upgrade()
        #expect(ear.next().hasPrefix("READY=1\nMAINPID=\(given)\n"))
        kill(given, SIGQUIT)
        #expect(ear.next() == "MAINPID=\(old)")
        #expect(ear.next() == "READY=1\nMAINPID=\(old)\nSTATUS=a new binary gave up")
        // Taken over.
        let next = try service.upgrade()
        #expect(ear.next().hasPrefix("READY=1\nMAINPID=\(next)\n"))
        kill(old, SIGQUIT)
        #expect(ear.next() == "MAINPID=\(next)")
        #expect(waitForEnd(of: old))
        service.master = next
        #expect(ear.livesOn() && ear.livesOn() && ear.livesOn())
        kill(next, SIGTERM)
        #expect(ear.next() == "STOPPING=1")
        #expect(waitForEnd(of: next))
    }

    @Test("a manager that is deaf changes nothing")
    func deaf() throws {
        let service = try Service(shell: "export NOTIFY_SOCKET=@nobody-\(UUID().uuidString);")
        #expect(waitUntil { service.log.contains("the service manager was not told \"READY=1\"") })
        kill(service.master, SIGQUIT)
        #expect(waitForEnd(of: service.master))
    }

    // MARK: Sockets

    private static func listening(unixPath: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(unixPath.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, listen(descriptor, 16) == 0 else { throw HarnessError.call("bind") }
        return descriptor
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    @Test("sockets that are passed serve the addresses that they are bound to, over reloads and upgrades")
    func activation() throws {
        let place = try TemporaryDirectory()
        let path = place.path + "/passed.sock"
        let descriptors = [try Socket.listen(port: 0), try Self.listening(unixPath: path)]
        let stray = try Socket.listen(port: 0)
        // Clients of before it began are served as well.
        let early = try RawClient(port: Self.port(of: descriptors[0]))
        early.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let text = Service.usual.replacingOccurrences(
            of: "listen 127.0.0.1:%PORT1%;",
            with: "listen 127.0.0.1:%PORT1%; listen 127.0.0.1:\(Self.port(of: descriptors[0]));"
                + " listen unix:\(path);")
        let service = try Service(
            text, shell: "export LISTEN_PID=$$ LISTEN_FDS=3;", descriptors: descriptors + [stray])
        let port = Self.port(of: descriptors[0])
        #expect(try early.response().status == 200)
        #expect(
            service.log.contains("no \"listen\" names 127.0.0.1:\(Self.port(of: stray)), which the service"))
        for descriptor in descriptors + [stray] { close(descriptor) }
        func serves() -> Bool {
            let curl = try? Program.run(
                "curl", ["-s", "--unix-socket", path, "http://a/"], in: place, name: "curl")
            return curl?.output == "fine\n" && (try? RawClient.get(port, "/"))?.status == 200
        }
        #expect(serves())
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 10)) { service.log.contains("reconfigured") })
        #expect(serves())
        let old = service.master
        service.master = try service.upgrade()
        kill(old, SIGQUIT)
        #expect(waitForEnd(of: old))
        #expect(serves())
        kill(service.master, SIGQUIT)
        #expect(waitForEnd(of: service.master))
        // Its name is the manager's, who passes the socket again.
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test("sockets for another process are none of ours")
    func notForUs() throws {
        let passed = try Socket.listen(port: 0)
        defer { close(passed) }
        let service = try Service(
            shell: "export LISTEN_PID=1 LISTEN_FDS=1;", descriptors: [passed])
        #expect(!service.log.contains("which the service manager has bound"))
    }
}
