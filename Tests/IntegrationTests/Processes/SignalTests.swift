import Foundation
import Synchronization
import TestSupport
import Testing

/// What signals do, and what they must not.
@Suite("Signals", .serialized) struct SignalTests {
    /// A terminal: our side, and the path of the other.
    private func terminal() throws -> (fd: Int32, path: String) {
        let fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number): (Int32, Int32) = (0, 0)
        // TIOCSPTLCK and TIOCGPTN, which Swift does not see.
        try #require(fd >= 0 && ioctl(fd, 0x4004_5431, &lock) == 0 && ioctl(fd, 0x8004_5430, &number) == 0)
        return (fd, "/dev/pts/\(number)")
    }

    @Test("a terminal that changes its size changes nothing else; WINCH is no order in the foreground")
    func resizedTerminal() throws {
        let (fd, path) = try terminal()
        defer { close(fd) }
        let service = try Service(standard: .terminal(path))
        let before = (service.workers, service.checker)
        var size = winsize(ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
        #expect(ioctl(fd, UInt(TIOCSWINSZ), &size) == 0)
        let line = "signal 28 (SIGWINCH) received"
        #expect(waitUntil(Deadline(in: 5)) { service.log.contains("\(line), ignoring") })
        kill(service.master, SIGWINCH)
        for pid in service.workers { kill(pid, SIGWINCH) }
        #expect(waitUntil(Deadline(in: 5)) { service.log.contains("\(line) from \(getpid()), ignoring") })
        // Both have obeyed, or not, before they do what comes later.
        kill(service.master, SIGUSR1)
        #expect(waitUntil(Deadline(in: 5)) { service.log.contains("reopening logs") })
        for _ in 0..<20 { #expect(service.answers()) }
        #expect((service.workers, service.checker) == before)
        #expect(!service.log.contains("gracefully shutting down"))
    }

    @Test("a parent that closes its end of standard error does not end the master")
    func closedPipe() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let text = Service.usual.replacingOccurrences(of: "%PREFIX%/error.log", with: "stderr")
        let service = try Service(text, standard: .errors(ends[1]))
        close(ends[1])
        close(ends[0])
        let victim = try #require(service.workers.first)
        for signal in [SIGUSR1, SIGHUP] { kill(service.master, signal) }
        kill(victim, SIGKILL)
        #expect(waitUntil(Deadline(in: 10)) { service.isWhole() && !service.workers.contains(victim) })
        #expect(service.command.endingNow == nil)
    }

    @Test("a parent that ignores the ends of its children does not keep dead workers from coming back")
    func ignoredChildren() throws {
        let service = try Service(shell: "trap '' CHLD;")
        let victim = try #require(service.workers.first)
        kill(victim, SIGKILL)
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() && !service.workers.contains(victim) })
    }

    @Test(
        "under shutdown_delay the service goes on though all its processes get TERM",
        arguments: Service.Manner.allCases)
    func termForAll(_ manner: Service.Manner) throws {
        let service = try Service("shutdown_delay 2s;\n" + Service.usual, manner)
        let (workers, checker) = (service.workers, service.checker)
        for pid in workers + [try #require(checker), service.master] { kill(pid, SIGTERM) }
        let begun = Deadline.nowNs()
        #expect(
            waitUntil(Deadline(in: 1)) { (try? RawClient.get(service.port, "/ready"))?.status == 503 })
        // Beyond the time after which an order to a single worker is obeyed.
        while Deadline.nowNs() - begun < 1_200_000_000 { #expect(service.answers()) }
        #expect(service.workers == workers && service.checker == checker)
        #expect(waitForEnd(of: service.master))
    }

    @Test("TERM for one worker ends that one, and another comes")
    func termForOne() throws {
        let service = try Service()
        let victim = try #require(service.workers.first)
        kill(victim, SIGTERM)
        #expect(waitForEnd(of: victim, within: 5))
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
        #expect(!service.log.contains("[alert]"))
    }

    @Test("a worker that is told to finish is replaced before it has", arguments: ["", "reuseport"])
    func quitForOne(_ option: String) throws {
        let text = Service.usual.replacingOccurrences(of: "worker_processes 2", with: "worker_processes 1")
            .replacingOccurrences(of: "listen 127.0.0.1:%PORT1%", with: "listen 127.0.0.1:%PORT1% \(option)")
        let service = try Service(text, workers: 1)
        let client = try RawClient(port: service.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        #expect(waitUntil { (try? service.body("/status?format=json"))?.contains("\"active\":2") == true })
        let first = try #require(service.workers.first)
        kill(first, SIGQUIT)
        // Clients that come meanwhile wait for a second at most.
        let load = ProcessesTests.Load(service.port)
        #expect(waitUntil(Deadline(in: 5)) { load.answered.load(ordering: .relaxed) > 20 })
        load.stop()
        #expect(load.failed.load(ordering: .relaxed) == 0 && Service.isAlive(first))
        client.send("Connection: close\r\n\r\n")
        #expect(try client.response().status == 200)
        #expect(waitForEnd(of: first) && waitUntil { service.isWhole() })
        #expect(try service.body("/status?format=json").contains("\"respawned\":0"))
    }

    @Test("QUIT, USR1 and QUIT again leave the log open")
    func quitTwice() throws {
        let service = try Service()
        let client = try RawClient(port: service.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        // Its head is being read.
        #expect(waitUntil { (try? service.body("/status?format=json"))?.contains("\"active\":2") == true })
        for (signal, text) in [
            (SIGQUIT, "shutting down"), (SIGUSR1, "reopening logs"), (SIGQUIT, ", shutting down"),
        ] {
            let before = service.log.components(separatedBy: text).count
            kill(service.master, signal)
            #expect(
                waitUntil(Deadline(in: 5)) { service.log.components(separatedBy: text).count > before })
        }
        client.send("Connection: close\r\n\r\n")
        #expect(try client.response().status == 200)
        #expect(service.command.waitForEnd(within: 15) == .exited(0))
        #expect(service.log.contains(": exit\n"))
    }

    @Test("ps shows what each process is, as of nginx")
    func titles() throws {
        let service = try Service()
        let words = "-p \(service.directory.path)/ -c"
        #expect(
            Service.title(of: service.master).hasPrefix("portico: master process \(Binary.portico) \(words)"))
        #expect(service.workers.map(Service.title) == Array(repeating: "portico: worker process", count: 2))
        let client = try RawClient(port: service.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        kill(service.master, SIGQUIT)
        #expect(
            waitUntil(Deadline(in: 5)) {
                service.workers.map(Service.title) == ["portico: worker process is shutting down"]
            })
    }

    @Test("descriptors 0 to 2 that are closed at the start become nothing that matters")
    func closedDescriptors() throws {
        let service = try Service(standard: .closed)
        for descriptor in 0...2 {
            let path = "/proc/\(service.master)/fd/\(descriptor)"
            #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == "/dev/null")
        }
    }

    @Test("a daemon lets go of the standard error of who started it, and has its own in the log")
    func daemonsErrors() throws {
        let service = try Service(Service.usual, .daemon)
        for pid in [service.master] + service.workers {
            let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/2")
            #expect(link == service.directory.path + "/error.log")
        }
    }

    @Test("a worker that cannot be started gives its place back")
    func placesOfFailedForks() throws {
        let service = try Service()
        func slots() throws -> [Substring] {
            try service.body("/status?format=json").matches(of: #/\{"id":(\d+),"pid":\d+,"started"/#)
                .map(\.output.1).sorted()
        }
        #expect(try slots() == ["0", "1"])
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(service.master)/fd").count
        try limitFiles(of: service.master, to: "\(open):4096")
        kill(try #require(service.workers.first), SIGKILL)
        #expect(
            waitUntil(Deadline(in: 10)) {
                service.log.components(separatedBy: "socketpair() failed").count > 3
            })
        try limitFiles(of: service.master, to: "1024:4096")
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
        #expect(try slots() == ["0", "1"])
    }

    private func limitFiles(of pid: pid_t, to limits: String) throws {
        let directory = try TemporaryDirectory()
        let run = try Program.run("prlimit", ["--pid", "\(pid)", "--nofile=\(limits)"], in: directory)
        #expect(run.ending == .exited(0))
    }
}
