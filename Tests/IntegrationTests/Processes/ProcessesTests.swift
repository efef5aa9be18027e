import Foundation
import Synchronization
import TestSupport
import Testing

/// Masters and workers: signals, reload, death, and what clients notice of them.
@Suite("Processes", .serialized) struct ProcessesTests {
    private static let text = """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http {
            access_log %PREFIX%/made/access.log;
            server { listen 127.0.0.1:%PORT1%;
                location / { return 200 "first\\n"; }
                location /status { stub_status; } }
        }
        """

    /// Requests, one connection each, from a thread until it is stopped.
    final class Load: Sendable {
        private let isStopped = Atomic(false)
        let answered = Atomic(0)
        let failed = Atomic(0)

        init(_ port: UInt16) {
            Thread.detachNewThread { [self] in
                while !isStopped.load(ordering: .relaxed) {
                    let response = try? RawClient.get(port, "/")
                    if response?.status == 200 {
                        answered.wrappingAdd(1, ordering: .relaxed)
                    } else {
                        failed.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            }
        }

        func stop() { isStopped.store(true, ordering: .relaxed) }
    }

    private func workers(of server: Server) -> Set<pid_t> { Set(server.program.children) }

    /// Starts with two workers that run.
    private func start() throws -> Server {
        let server = try Server(Self.text)
        #expect(waitUntil(Deadline(in: 5)) { workers(of: server).count == 2 })
        return server
    }

    @Test("a killed worker is back within a second, and connects are never refused")
    func killedWorkerComesBack() throws {
        let server = try start()
        let before = workers(of: server)
        let victim = try #require(before.first)
        kill(victim, SIGKILL)
        let isBack = waitUntil(Deadline(in: 1)) {
            let now = workers(of: server)
            return now.count == 2 && !now.contains(victim)
        }
        #expect(isBack)
        for _ in 0..<20 { #expect(try RawClient.get(server.port, "/").status == 200) }
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("ten reloads under load fail no request, and the workers stay")
    func reloadsFailNothing() throws {
        let server = try start()
        let load = Load(server.port)
        #expect(waitUntil(Deadline(in: 5)) { load.answered.load(ordering: .relaxed) > 10 })
        let before = workers(of: server)
        for _ in 0..<10 { #expect(try server.reload().ending == .exited(0)) }
        #expect(workers(of: server) == before)
        load.stop()
        #expect(load.failed.load(ordering: .relaxed) == 0)
        #expect(load.answered.load(ordering: .relaxed) > 0)
        server.finish()
    }

    @Test("a reload answers at once while the master is busy with other signals")
    func reloadAmongSignals() throws {
        let server = try start()
        let busy = try Program(
            "sh", ["-c", "while kill -USR1 \(server.program.pid); do :; done"], in: server.directory,
            name: "busy")
        for _ in 0..<10 { #expect(try server.reload().ending == .exited(0)) }
        busy.stop()
        server.finish()
    }

    @Test("a reload with a broken file keeps the old configuration and says where")
    func brokenReloadIsRefused() throws {
        let server = try start()
        let before = workers(of: server)
        try server.rewrite("events { }\nhttp {\n    bogus on;\n}\n")
        server.program.send(SIGHUP)
        #expect(server.waitForLog("unknown directive \"bogus\" in \(server.directory.path)/server.conf:3"))
        #expect(workers(of: server) == before)
        #expect(try RawClient.get(server.port, "/").status == 200)
        server.finish(expected: ["unknown directive"])
    }

    @Test(
        "a user or a group that does not exist is refused by -t and by a reload",
        .enabled(if: geteuid() == 0, "only root can become somebody else"),
        arguments: [("nosuch", #"getpwnam("nosuch")"#), ("nobody nosuch", #"getgrnam("nosuch")"#)])
    func unknownUser(_ user: String, _ call: String) throws {
        let server = try start()
        let before = workers(of: server)
        try server.rewrite("# a comment\nuser \(user);\n" + Self.text)
        let place = "\(call) failed in \(server.directory.path)/server.conf:2"
        let test = try Program.run(
            Binary.portico,
            ["-t", "-p", server.directory.path + "/", "-c", server.directory.path + "/server.conf"],
            in: server.directory, name: "test")
        #expect(test.ending == .exited(1))
        #expect(test.errors.contains("[emerg] \(place)\n"), "\(test.errors)")
        let reload = try server.reload()
        #expect(reload.ending == .exited(1))
        #expect(reload.errors.contains(place), "\(reload.errors)")
        #expect(workers(of: server) == before)
        #expect(try RawClient.get(server.port, "/").status == 200)
        server.finish(expected: [place])
    }

    @Test("a reload opens new addresses and closes old ones")
    func reloadMovesAddresses() throws {
        let moved = Self.text.replacingOccurrences(of: "%PORT1%", with: "%PORT2%")
        let server = try Server(Self.text + "# %PORT2%\n", awaitsPorts: false)
        #expect(waitUntil(Deadline(in: 5)) { (try? RawClient.get(server.port, "/"))?.status == 200 })
        try server.rewrite(moved)
        server.program.send(SIGHUP)
        let port = server.ports[1]
        #expect(waitUntil(Deadline(in: 5)) { (try? RawClient.get(port, "/"))?.status == 200 })
        #expect(waitUntil(Deadline(in: 5)) { (try? RawClient(port: server.port)) == nil })
        server.finish()
    }

    @Test("a graceful stop finishes the response under way")
    func quitFinishesResponses() throws {
        let gateway = try RecordingGateway("slow")
        gateway.enqueue(
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab").then(.waitForRelease).then(
                .send(Array("cd".utf8))))
        let server = try Server(
            """
            events { } http { access_log off; server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://%GATEWAY1%; } } }
            """, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(gateway.waitForRequests(1))
        server.program.send(SIGQUIT)
        #expect(waitUntil(Deadline(in: 5)) { (try? RawClient(port: server.port)) == nil })
        gateway.release()
        #expect(String(latin1: try client.response().body) == "abcd")
        server.finish()
    }

    @Test("logs that were moved away are opened anew, also for workers without privileges")
    func logsAreReopened() throws {
        let server = try start()
        let log = server.directory.path + "/made/access.log"
        _ = try RawClient.get(server.port, "/before")
        #expect(waitUntil(Deadline(in: 5)) { server.directory.read("made/access.log").contains("/before") })
        try FileManager.default.moveItem(atPath: log, toPath: log + ".1")
        server.program.send(SIGUSR1)
        #expect(
            waitUntil(Deadline(in: 5)) {
                _ = try? RawClient.get(server.port, "/after")
                return server.directory.read("made/access.log").contains("/after")
            })
        #expect(!server.directory.read("made/access.log.1").contains("/after /after"))
        server.finish()
    }

    @Test("counters survive a reload")
    func countersSurvive() throws {
        let server = try start()
        for _ in 0..<10 { _ = try RawClient.get(server.port, "/") }
        #expect(try server.reload().ending == .exited(0))
        let text = String(latin1: try RawClient.get(server.port, "/status").body)
        let numbers = text.split(separator: "\n")[2].split(separator: " ").compactMap { Int($0) }
        #expect(numbers.count == 3 && numbers[2] >= 11, "\(text)")
        server.finish()
    }

    @Test("under shutdown_delay readiness fails first, while requests go on; then the service ends")
    func readinessFailsFirst() throws {
        let server = try Server(
            """
            worker_processes 2; shutdown_delay 700ms;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%;
                location / { return 200 "first\\n"; }
                location /ready { readiness; } } }
            """)
        #expect(try RawClient.get(server.port, "/ready").status == 200)
        let load = Load(server.port)
        server.program.send(SIGTERM)
        #expect(
            waitUntil(Deadline(in: 0.6)) { (try? RawClient.get(server.port, "/ready"))?.status == 503 })
        #expect(try RawClient.get(server.port, "/").status == 200)
        #expect(load.failed.load(ordering: .relaxed) == 0)
        load.stop()
        #expect(server.program.waitForEnd(within: 5) == .exited(0))
    }

    @Test("a new binary takes the sockets over; the old one leaves, and no connect is refused")
    func binaryIsUpgraded() throws {
        let server = try start()
        for _ in 0..<10 { _ = try RawClient.get(server.port, "/") }
        let load = Load(server.port)
        let pidFile = server.directory.path + "/server.pid"
        server.program.send(SIGUSR2)
        #expect(waitUntil(Deadline(in: 5)) { FileManager.default.fileExists(atPath: pidFile + ".oldbin") })
        var successor: pid_t = 0
        #expect(
            waitUntil(Deadline(in: 5)) {
                successor =
                    pid_t(server.directory.read("server.pid").trimmingCharacters(in: .whitespacesAndNewlines))
                    ?? 0
                return successor != 0 && successor != server.program.pid
            })
        defer { if successor > 0 { kill(successor, SIGKILL) } }
        server.program.send(SIGQUIT)
        #expect(server.program.waitForEnd(within: 10) == .exited(0))
        #expect(try RawClient.get(server.port, "/").status == 200)
        #expect(!FileManager.default.fileExists(atPath: pidFile + ".oldbin"))
        load.stop()
        // What the old binary's workers counted is not lost, and no connection of theirs is left over.
        let counted = load.answered.load(ordering: .relaxed) + 10
        let text = String(latin1: try RawClient.get(server.port, "/status").body)
        let numbers = text.split(separator: "\n")[2].split(separator: " ").compactMap { Int($0) }
        #expect(numbers.count == 3 && numbers[2] >= counted, "\(text)")
        #expect(
            waitUntil(Deadline(in: 5)) {
                let text = String(latin1: (try? RawClient.get(server.port, "/status").body) ?? [])
                return text.hasPrefix("Active connections: 1 ")
            })
        #expect(load.failed.load(ordering: .relaxed) == 0)
        kill(successor, SIGTERM)
        #expect(waitUntil(Deadline(in: 5)) { !FileManager.default.fileExists(atPath: pidFile) })
        successor = 0
    }
}

@Suite("Logs that nobody writes to") struct UnusedLogTests {
    @Test("the default access log is made only where it is used")
    func defaultLog() throws {
        for (line, isMade) in [("access_log off;", false), ("", true)] {
            let server = try Server(
                "events { } http { \(line) server { listen 127.0.0.1:%PORT1%; return 204; } }")
            #expect(try RawClient.get(server.port, "/").status == 204)
            #expect(
                FileManager.default.fileExists(atPath: server.directory.path + "/logs/access.log") == isMade)
            server.finish()
        }
    }
}
