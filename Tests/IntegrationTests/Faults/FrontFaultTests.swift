import Foundation
import TestSupport
import Testing

extension FaultTests {
    /// The front's own processes die, or are replaced, under load.
    @Suite(.serialized) struct Front {
        @Test("a killed worker takes only its own connections along, and another comes within a second")
        func workerKilled() throws {
            let scene = try FaultScene(workers: 2)
            let load = try LoadProcess(scene.port, in: scene.directory, threads: 12)
            let before = scene.workers
            try #require(before.count == 2)
            // The one that has more to lose.
            let held = before.map { ($0, FrontProcesses.connections(of: $0, to: scene.port)) }
            let victim = try #require(held.max { $0.1 < $1.1 })
            let begun = Deadline.nowNs()
            kill(victim.0, SIGKILL)
            let isBack = waitUntil(Deadline(in: 1)) {
                let now = scene.workers
                return now.count == 2 && !now.contains(victim.0)
            }
            let recoverMs = Int((Deadline.nowNs() - begun) / 1_000_000)
            #expect(isBack)
            letPass(1)
            let report = try load.finish()
            let broken = report.failed
            #expect(broken <= victim.1 + 1, "\(report.getFailures) \(report.postFailures)")
            #expect(!report.getFailures.contains { $0.contains("connect:") }, "\(report.getFailures)")
            scene.checkPosts(report)
            scene.say(
                "SIGKILL of a worker", report, recoverMs: recoverMs,
                "\(broken) broken of the \(victim.1) connections it held")
            scene.server.finish(expected: ["exited on signal 9"])
        }

        @Test("a killed checker fails nothing, and another comes that still finds dead gateways")
        func checkerKilled() throws {
            let scene = try FaultScene(workers: 2)
            let load = try LoadProcess(scene.port, in: scene.directory)
            let victim = try #require(scene.checker, "there is no checker")
            let begun = Deadline.nowNs()
            kill(victim, SIGKILL)
            let isBack = waitUntil(Deadline(in: 2)) { scene.checker.map { $0 != victim } ?? false }
            let recoverMs = Int((Deadline.nowNs() - begun) / 1_000_000)
            #expect(isBack)
            let gateway = scene.gateways[0]
            let detectMs = try scene.msUntil(gateway, "is unhealthy") { gateway.end() }
            let report = try load.finish()
            #expect(report.getFailed == 0 && report.stale == 0, "\(report.getFailures)")
            #expect(report.postFailed <= 1, "\(report.postFailures)")
            scene.checkPosts(report)
            scene.say("SIGKILL of the checker", report, detectMs: detectMs, recoverMs: recoverMs)
            scene.server.finish(expected: ["exited on signal 9"])
        }

        @Test("without its master a worker finishes and leaves; a new master on the same ports serves")
        func masterKilled() throws {
            let scene = try FaultScene(workers: 2)
            let load = try LoadProcess(scene.port, in: scene.directory)
            let orphans = scene.server.program.children
            #expect(orphans.count == 3)
            scene.server.program.send(SIGKILL)
            #expect(scene.server.program.waitForEnd() == .signalled(9))
            let begun = Deadline.nowNs()
            let path = scene.directory.path
            let second = try Program(
                Binary.portico,
                [
                    "-p", path + "/", "-c", path + "/server.conf", "-e", path + "/error.log", "-g",
                    "daemon off; pid \(path)/server.pid;",
                ], in: scene.directory, name: "second")
            let haveLeft = waitUntil(Deadline(in: 5)) { !orphans.contains(where: FrontProcesses.isAlive) }
            let leaveMs = Int((Deadline.nowNs() - begun) / 1_000_000)
            #expect(haveLeft, "orphans stay")
            let serves = waitUntil(Deadline(in: 5)) { (try? RawClient.get(scene.port, "/"))?.status == 200 }
            let recoverMs = Int((Deadline.nowNs() - begun) / 1_000_000)
            #expect(serves, "\(second.errors)")
            letPass(0.5)
            let report = try load.finish()
            // Nobody listens for a moment; but what was accepted is answered.
            let cut = report.getFailures.filter { !$0.contains("connect:") }
            #expect(cut.isEmpty)
            #expect(report.closedKept == 0)
            #expect(report.stale == 0 && report.stalePosts == 0)
            scene.checkPosts(report)
            scene.say(
                "SIGKILL of the master", report, recoverMs: recoverMs, "its children left in \(leaveMs) ms")
            #expect(second.stop() == .exited(0), "\(second.errors)")
            for orphan in orphans where FrontProcesses.isAlive(orphan) { kill(orphan, SIGKILL) }
        }

        @Test("a new binary takes over under load: no connect is refused, no request fails")
        func upgraded() throws {
            let scene = try FaultScene(workers: 2)
            let load = try LoadProcess(scene.port, in: scene.directory, fresh: 5)
            let pidFile = scene.directory.path + "/server.pid"
            let first = scene.server.program
            var successor: pid_t = 0
            defer { if successor > 0 { kill(successor, SIGKILL) } }
            let begun = Deadline.nowNs()
            first.send(SIGUSR2)
            let hasStarted = waitUntil(Deadline(in: 5)) {
                let text = scene.directory.read("server.pid").trimmingCharacters(in: .whitespacesAndNewlines)
                let pid = pid_t(text) ?? 0
                guard pid > 0, pid != first.pid, pid != successor else { return successor > 0 }
                successor = pid
                return true
            }
            try #require(hasStarted, "\(scene.server.log)")
            // Both serve for a while.
            letPass(1)
            first.send(SIGQUIT)
            #expect(first.waitForEnd(within: 8) == .exited(0))
            let takenMs = Int((Deadline.nowNs() - begun) / 1_000_000)
            letPass(1)
            let report = try load.finish()
            #expect(report.failed == 0, "\(report.getFailures) \(report.postFailures)")
            #expect(report.stale == 0 && report.stalePosts == 0)
            scene.checkPosts(report)
            scene.say(
                "new binary", report,
                "\(report.connects) connects, the old one left after \(takenMs) ms")
            kill(successor, SIGTERM)
            #expect(waitUntil(Deadline(in: 5)) { !FileManager.default.fileExists(atPath: pidFile) })
            successor = 0
        }
    }
}
