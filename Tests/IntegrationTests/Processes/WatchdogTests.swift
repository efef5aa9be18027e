import Foundation
import TestSupport
import Testing

/// Processes whose loops do not turn any more.
@Suite("Watchdog", .serialized) struct WatchdogTests {
    @Test(
        "a worker and a checker that stand still are killed and replaced", arguments: Service.Manner.allCases)
    func stopped(_ manner: Service.Manner) throws {
        let service = try Service("worker_watchdog 1s;\n" + Service.usual, manner)
        let worker = try #require(service.workers.first)
        let checker = try #require(service.checker)
        kill(worker, SIGSTOP)
        kill(checker, SIGSTOP)
        #expect(waitForEnd(of: worker, within: 10) && waitForEnd(of: checker, within: 10))
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
        for name in ["worker process \(worker)", "checker process \(checker)"] {
            let line = service.log.split(separator: "\n").first { $0.contains("\(name) has stood still") }
            let text = try #require(line)
            #expect(
                text.contains("[alert] \(service.master)#") && text.contains("still for 1000 ms while it "))
            #expect(text.hasSuffix(" (it was stopped); it is killed"))
        }
    }

    @Test("workers that only wait are left alone, and with 0 those that stand still too")
    func leftAlone() throws {
        let quick = try Service("worker_watchdog 500ms;\n" + Service.usual)
        let off = try Service("worker_watchdog 0;\n" + Service.usual)
        let (before, stopped) = (quick.workers, try #require(off.workers.first))
        kill(stopped, SIGSTOP)
        letPass(2)
        #expect(quick.workers == before && Service.isAlive(stopped))
        #expect(!(quick.log + off.log).contains("stood still"))
        kill(stopped, SIGCONT)
    }

    @Test("a worker that was stopped does not hold up a reload: another one takes its place")
    func stoppedAtReload() throws {
        let service = try Service("worker_watchdog 0;\n" + Service.usual)
        let stopped = try #require(service.workers.first)
        kill(stopped, SIGSTOP)
        defer { kill(stopped, SIGKILL) }
        let began = ContinuousClock.now
        kill(service.master, SIGHUP)
        #expect(waitUntil(Deadline(in: 10)) { service.log.contains(" reconfigured") })
        // Workers have five seconds to answer.
        #expect(ContinuousClock.now - began < .seconds(4))
        #expect(
            service.log.contains(
                "worker process \(stopped) did not take the new configuration and is replaced: it was stopped"
            ))
        #expect(waitUntil(Deadline(in: 5)) { service.workers.count == 3 })
        #expect(service.answers())
    }

    /// A service whose log nobody takes: workers wait in a system call that does not return.
    private func stuck() throws -> (service: Service, worker: pid_t, reader: Int32) {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/log"
        try #require(mkfifo(path, 0o666) == 0 && chmod(path, 0o666) == 0 && chmod(directory.path, 0o755) == 0)
        let reader = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        let filler = [UInt8](repeating: 0x0A, count: 4096)
        let text = Service.usual.replacingOccurrences(
            of: "location /app {", with: "location /app { access_log \(path);")
        let service = try Service("worker_watchdog 1s;\n" + text)
        while write(reader, filler, filler.count) > 0 {}
        while write(reader, filler, 1) > 0 {}
        let client = try RawClient(port: service.port)
        client.send("GET /app HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.response()
        var found: pid_t?
        _ = waitUntil(Deadline(in: 5)) {
            found = service.workers.first { worker in
                (try? String(contentsOfFile: "/proc/\(worker)/wchan", encoding: .utf8))?.contains("pipe")
                    ?? false
            }
            return found != nil
        }
        return (service, try #require(found, "no worker waits for the pipe"), reader)
    }

    @Test("a worker that waits for ever in a system call is replaced; the log says what it did")
    func waiting() throws {
        let (service, worker, reader) = try stuck()
        defer { close(reader) }
        #expect(waitForEnd(of: worker, within: 10))
        #expect(
            service.log.contains("worker process \(worker) has stood still for 1000 ms while it wrote logs"))
        #expect(waitUntil(Deadline(in: 5)) { service.isWhole() })
    }

    @Test("what hangs ends with TERM", arguments: Service.Manner.allCases)
    func endsWithTerm(_ manner: Service.Manner) throws {
        let service = try Service("worker_watchdog 0;\n" + Service.usual, manner)
        let hung = [try #require(service.workers.first), try #require(service.checker)]
        for pid in hung { kill(pid, SIGSTOP) }
        kill(service.master, SIGTERM)
        #expect(waitForEnd(of: service.master, within: 10))
        #expect(!hung.contains(where: Service.isAlive))
    }

    @Test(
        "what hangs ends with its master, and what serves finishes first", arguments: Service.Manner.allCases)
    func endsWithMaster(_ manner: Service.Manner) throws {
        let service = try Service("worker_watchdog 1s;\n" + Service.usual, manner)
        let all = service.workers + [try #require(service.checker)]
        let client = try RawClient(port: service.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        #expect(waitUntil { (try? service.body("/status?format=json"))?.contains("\"active\":2") == true })
        kill(service.master, SIGKILL)
        for pid in all { kill(pid, SIGSTOP) }
        kill(all[2], SIGKILL)
        for pid in all.prefix(2) { kill(pid, SIGCONT) }
        client.send("Connection: close\r\n\r\n")
        #expect(try client.response().status == 200)
        for pid in all { #expect(waitForEnd(of: pid, within: 10)) }
    }

    @Test("one that was stopped, or waits in a system call, ends when its master is killed")
    func hungOrphans() throws {
        let (service, worker, reader) = try stuck()
        defer { close(reader) }
        let other = try #require(service.workers.first { $0 != worker })
        kill(other, SIGSTOP)
        let checker = try #require(service.checker)
        kill(checker, SIGSTOP)
        kill(service.master, SIGKILL)
        for pid in [worker, other, checker] { #expect(waitForEnd(of: pid, within: 10)) }
    }
}
