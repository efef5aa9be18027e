import Foundation
import TestSupport
import Testing

extension FaultTests {
    /// Gateways that die, freeze, drain and misbehave under load.
    @Suite(.serialized) struct Gateways {
        private func share(_ report: LoadReport, _ name: String, from: Double, to: Double) -> Double {
            (report.share(name, from: from, to: to) * 1000).rounded() / 10
        }

        /// Traffic to a gateway that came back: little at first, its share in the end.
        private func checkSlowStart(_ report: LoadReport, _ name: String, since start: Double) throws
            -> String
        {
            let first = try #require(report.firstSeen(name, after: start), "no traffic came back")
            let early = share(report, name, from: first, to: first + 0.5)
            let late = share(report, name, from: first + 2.2, to: first + 3)
            #expect(early < 20, "\(early) % of the GETs in the first half second, late \(late) %")
            #expect(late > 22, "\(late) % of the GETs after slow_start")
            return "share of GETs \(early) % in the first 500 ms, \(late) % after slow_start"
        }

        /// Lets load run on for a while that the test is about.
        private func awaitTraffic(_ load: LoadProcess, to name: String, seconds: Double) throws {
            let start = wallClock()
            let returns = waitUntil(Deadline(in: 5)) { load.live?.firstSeen(name, after: start - 0.2) != nil }
            try #require(returns, "no traffic to \(name)")
            letPass(seconds)
        }

        @Test("a killed gateway fails no GET and doubles no POST, and gets its share back slowly")
        func killed() throws {
            let scene = try FaultScene()
            let load = try LoadProcess(scene.port, in: scene.directory)
            let victim = scene.gateways[0]
            let detectMs = try scene.msUntil(victim, "is unhealthy") { victim.end() }
            let restart = wallClock()
            // From the moment that it accepts: an interpreter takes its time to start on a busy machine.
            let recoverMs = try scene.msUntil(victim, "is up") { try victim.start() } - victim.startMs
            try awaitTraffic(load, to: victim.name, seconds: 3.2)
            let report = try load.finish()
            #expect(report.getFailed == 0 && report.stale == 0, "\(report.getFailures)")
            scene.checkPosts(report)
            let shares = try checkSlowStart(report, victim.name, since: restart)
            #expect(detectMs < 1500)
            #expect(recoverMs < 2000)
            scene.say("SIGKILL of a gateway", report, detectMs: detectMs, recoverMs: recoverMs, shares)
            scene.server.finish()
        }

        @Test("a frozen gateway fails no GET and doubles no POST, and gets its share back slowly")
        func frozen() throws {
            let scene = try FaultScene()
            let load = try LoadProcess(scene.port, in: scene.directory)
            let victim = scene.gateways[1]
            let detectMs = try scene.msUntil(victim, "is unhealthy") { victim.send(SIGSTOP) }
            // What it was sent before is given up; only then is it certain that none of it fails.
            letPass(1.5)
            let restart = wallClock()
            let recoverMs = try scene.msUntil(victim, "is up") { victim.send(SIGCONT) }
            try awaitTraffic(load, to: victim.name, seconds: 3.2)
            let report = try load.finish()
            #expect(report.getFailed == 0 && report.stale == 0, "\(report.getFailures)")
            #expect(report.maxGapMs < 1500)
            #expect(report.postFailed <= 2, "\(report.postFailures)")
            scene.checkPosts(report)
            let shares = try checkSlowStart(report, victim.name, since: restart)
            #expect(detectMs < 3000)
            #expect(recoverMs < 2000)
            scene.say("SIGSTOP of a gateway", report, detectMs: detectMs, recoverMs: recoverMs, shares)
            scene.server.finish()
        }

        @Test("a gateway that says it drains gets nothing new, and nothing fails")
        func draining() throws {
            let scene = try FaultScene()
            let load = try LoadProcess(scene.port, in: scene.directory)
            let victim = scene.gateways[2]
            let detectMs = try scene.msUntil(victim, "is draining") { try victim.setReady(503, "draining") }
            let drained = wallClock()
            letPass(1)
            let end = wallClock()
            let recoverMs = try scene.msUntil(victim, "is up") { try victim.setReady(200, "ready") }
            try awaitTraffic(load, to: victim.name, seconds: 0.3)
            let report = try load.finish()
            #expect(report.failed == 0, "\(report.getFailures) \(report.postFailures)")
            #expect(report.count(victim.name, from: drained + 0.2, to: end - 0.1) == 0)
            scene.checkPosts(report)
            scene.say("draining", report, detectMs: detectMs, recoverMs: recoverMs)
            scene.server.finish()
        }

        /// How a gateway misbehaves.
        enum Fault: String, CaseIterable {
            case silent, garbage, cut
        }

        @Test(
            "a gateway that misbehaves spoils only what cannot be asked again",
            arguments: Fault.allCases, [false, true])
        func misbehaving(_ fault: Fault, checkFailsToo: Bool) throws {
            let scene = try FaultScene()
            let load = try LoadProcess(scene.port, in: scene.directory)
            let victim = scene.gateways[0]
            var detectMs: Int?
            if checkFailsToo {
                // As long as a check may take, a second, when it is silent.
                detectMs = try scene.msUntil(victim, "is unhealthy") {
                    try victim.setMode("\(fault)-all")
                }
            } else {
                try victim.setMode("\(fault)")
                letPass(2.5)
            }
            letPass(0.2)
            let marredWhenKnown = victim.marred.count
            letPass(1.2)
            if checkFailsToo {
                #expect(victim.marred.count == marredWhenKnown, "an unhealthy gateway was asked")
            }
            let report = try load.finish()
            let gets = victim.marred.count { $0.hasPrefix("GET") }
            let posts = victim.marred.count { $0.hasPrefix("POST") }
            // Part of the response had gone to the client already, if it was cut.
            #expect(report.getFailed <= (fault == .cut ? gets : 0), "\(report.getFailures)")
            #expect(report.getFailures.allSatisfy { $0.contains("cut off") || $0.contains("after 1") })
            #expect(report.stale == 0)
            #expect(report.postFailed <= posts, "\(report.postFailures)")
            scene.checkPosts(report)
            scene.say(
                "\(fault)\(checkFailsToo ? ", its check as well" : "")", report, detectMs: detectMs,
                "answered badly \(gets) GETs and \(posts) POSTs")
            scene.server.finish()
        }

        @Test("a gateway that resets idle connections fails no GET and doubles no POST")
        func resetting() throws {
            let scene = try FaultScene()
            // Connections must be idle for 30 ms now and then, and asked just when they are reset.
            let load = try LoadProcess(scene.port, in: scene.directory, threads: 12, pauseMs: 29)
            for gateway in scene.gateways { try gateway.setMode("reset") }
            letPass(4)
            func resets() -> Int {
                scene.gateways.reduce(0) { sum, gateway in sum + gateway.marred.count { $0 == "RESET" } }
            }
            // A busy machine lets few connections be idle for just so long.
            #expect(waitUntil(Deadline(in: 15)) { resets() > 20 })
            let report = try load.finish()
            // A POST that was on its way when the reset came may have been taken: it is not sent again.
            #expect(report.postFailed <= 10, "\(report.postFailures)")
            #expect(report.getFailed == 0 && report.stale == 0, "\(report.getFailures)")
            scene.checkPosts(report)
            scene.say("idle connections reset", report, "\(resets()) resets")
            scene.server.finish()
        }

        @Test("with all gateways down it is 502 at once; one that is back serves within two seconds")
        func allDown() throws {
            let scene = try FaultScene()
            #expect(try RawClient.get(scene.port, "/").status == 200)
            for gateway in scene.gateways { gateway.end() }
            #expect(try RawClient.get(scene.port, "/").status == 502)
            let isLogged = waitUntil(Deadline(in: 5)) {
                _ = try? RawClient.get(scene.port, "/")
                return scene.logCount("no live upstreams") > 0
            }
            #expect(isLogged)
            let begun = Deadline.nowNs()
            #expect(try RawClient.get(scene.port, "/").status == 502)
            #expect(Deadline.nowNs() - begun < 500_000_000)
            // Long enough for the checks to have seen them all.
            for gateway in scene.gateways {
                #expect(waitUntil(Deadline(in: 3)) { scene.stateCount(gateway, "is unhealthy") > 0 })
            }
            let back = Deadline.nowNs()
            for gateway in scene.gateways { try gateway.start() }
            let serves = waitUntil(Deadline(in: 2)) { (try? RawClient.get(scene.port, "/"))?.status == 200 }
            #expect(serves)
            print("faults: all gateways down: recovered in \((Deadline.nowNs() - back) / 1_000_000) ms")
            scene.server.finish(expected: ["fewer than panic_threshold"])
        }

        @Test("a wrong uri of the check does not end the service: all are used, and one alert says so")
        func panic() throws {
            let scene = try FaultScene(check: "interval=100ms uri=/missing")
            #expect(scene.server.waitForLog("is unhealthy"))
            #expect(scene.server.waitForLog("fewer than panic_threshold"))
            for gateway in scene.gateways {
                #expect(waitUntil(Deadline(in: 3)) { scene.stateCount(gateway, "is unhealthy") > 0 })
            }
            let load = try LoadProcess(scene.port, in: scene.directory)
            letPass(1)
            let report = try load.finish()
            #expect(report.failed == 0, "\(report.getFailures) \(report.postFailures)")
            #expect(report.buckets.count == 3, "not all are used")
            #expect(scene.logCount("[alert]") == 1, "\(scene.server.alarmingLines)")
            scene.checkPosts(report)
            scene.say("a check that always fails", report)
            scene.server.finish(expected: ["fewer than panic_threshold"])
        }
    }
}
