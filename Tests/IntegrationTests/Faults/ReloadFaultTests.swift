import Foundation
import TestSupport
import Testing

extension FaultTests {
    /// Reloads under load.
    @Suite(.serialized) struct Reloads {
        /// WebSockets through the front that must outlive everything.
        private func openTunnels(_ count: Int, _ port: UInt16) throws -> [RawClient] {
            try (0..<count).map { _ in
                let client = try RawClient(port: port)
                client.send(
                    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                try #require(try client.response().status == 101)
                return client
            }
        }

        /// How many of them echo what is said now.
        private func echoing(_ tunnels: [RawClient], _ word: String) -> Int {
            for (index, tunnel) in tunnels.enumerated() { tunnel.send("\(word) \(index)") }
            return tunnels.enumerated().count { index, tunnel in
                let said = Array("\(word) \(index)".utf8)
                return (try? tunnel.read(said.count)) == said
            }
        }

        private func control(_ scene: FaultScene, _ order: String) throws -> (Program.Ending, String) {
            let path = scene.directory.path
            let run = try Program.run(
                Binary.portico,
                [
                    "-s", order, "-p", path + "/", "-c", path + "/server.conf", "-e", path + "/error.log",
                    "-g", "pid \(path)/server.pid;",
                ], in: scene.directory, name: "control")
            return (run.ending, run.errors)
        }

        @Test("200 reloads keep workers, WebSockets and memory, and fail nothing")
        func manyReloads() throws {
            let scene = try FaultScene(workers: 2)
            let tunnels = try openTunnels(50, scene.port)
            #expect(echoing(tunnels, "before") == 50)
            let load = try LoadProcess(scene.port, in: scene.directory, pauseMs: 8)
            let workers = scene.workers
            #expect(workers.count == 2)
            var baseline: [pid_t: (memory: Int, descriptors: Int)] = [:]
            let begun = Deadline.nowNs()
            for number in 1...200 {
                let before = scene.logCount("[notice]", "reconfigured")
                if number % 20 == 0 {
                    let (ending, errors) = try control(scene, "reload")
                    try #require(ending == .exited(0), "reload \(number): \(errors)")
                } else {
                    scene.server.program.send(SIGHUP)
                }
                let isDone = waitUntil(Deadline(in: 3)) {
                    scene.logCount("[notice]", "reconfigured") > before
                }
                try #require(isDone, "reload \(number):\n\(scene.server.log.suffix(2000))")
                if number == 20 {
                    for pid in workers {
                        baseline[pid] = (
                            FrontProcesses.residentKB(pid), FrontProcesses.descriptorCount(pid)
                        )
                    }
                }
            }
            let reloadMs = Int((Deadline.nowNs() - begun) / 1_000_000) / 200
            #expect(scene.workers == workers, "workers were replaced")
            #expect(echoing(tunnels, "after") == 50)
            let grown = baseline.map { FrontProcesses.residentKB($0.key) - $0.value.memory }.max() ?? 0
            let more = baseline.map { FrontProcesses.descriptorCount($0.key) - $0.value.descriptors }.max()
            #expect(grown <= 3072, "a worker grew by \(grown) kB")
            #expect((more ?? 0) <= 40, "a worker has \(more ?? 0) more descriptors")
            let report = try load.finish()
            #expect(report.failed == 0, "\(report.getFailures) \(report.postFailures)")
            #expect(report.closedKept == 0)
            scene.checkPosts(report)
            scene.say(
                "200 reloads", report,
                "\(reloadMs) ms each, workers grew by at most \(grown) kB and \(more ?? 0) descriptors")
            scene.server.finish()
        }

        @Test("a reload with a broken file says where and exits with 1; the service goes on")
        func brokenReload() throws {
            let scene = try FaultScene(workers: 2)
            let load = try LoadProcess(scene.port, in: scene.directory)
            let workers = scene.workers
            let good = FaultScene.text(scene.gateways, workers: 2, check: FaultScene.usualCheck)
            let broken = good.replacingOccurrences(of: "keepalive 32;", with: "keepalive often;")
            let lineNumber =
                1
                + good.split(separator: "\n", omittingEmptySubsequences: false)
                .prefix { !$0.contains("keepalive 32;") }.count
            try scene.server.rewrite(broken)
            let place = "\(scene.directory.path)/server.conf:\(lineNumber)"
            let (ending, errors) = try control(scene, "reload")
            #expect(ending == .exited(1))
            #expect(errors.contains(place), "\(errors)")
            // Also when nobody tested it first.
            scene.server.program.send(SIGHUP)
            #expect(scene.server.waitForLog(place))
            letPass(0.5)
            let report = try load.finish()
            #expect(report.failed == 0, "\(report.getFailures) \(report.postFailures)")
            #expect(scene.workers == workers)
            scene.say("a broken reload", report)
            scene.server.finish(expected: [place])
        }
    }
}
