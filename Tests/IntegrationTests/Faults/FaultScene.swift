import Foundation
import TestSupport
import Testing

/// Three gateways that are processes, the front before them, and what tests ask about both.
final class FaultScene {
    let directory: TemporaryDirectory
    let gateways: [GatewayProcess]
    let server: Server

    /// - Parameter check: parameters of `health_check`; nil: none.
    init(workers: Int = 1, check: String? = FaultScene.usualCheck) throws {
        directory = try TemporaryDirectory()
        let directory = directory
        gateways = try ["a", "b", "c"].map { try GatewayProcess($0, in: directory) }
        server = try Server(
            FaultScene.text(gateways, workers: workers, check: check), directory: directory)
    }

    static let usualCheck = "interval=200ms fastinter=50ms fails=1 passes=2 uri=/status/ready match=ready"

    var port: UInt16 { server.port }

    static func text(_ gateways: [GatewayProcess], workers: Int, check: String?) -> String {
        let servers = gateways.map { "server \($0.address) slow_start=2s;" }.joined(separator: " ")
        return """
            worker_processes \(workers);
            error_log %PREFIX%/error.log notice;
            events { worker_connections 1024; }
            http {
                access_log off;
                match ready { status 200; drain status 503 body ~ "draining"; }
                upstream app {
                    zone app 64k;
                    \(servers)
                    \(check.map { "health_check \($0);" } ?? "")
                    panic_threshold 50%;
                    keepalive 32;
                }
                server {
                    listen 127.0.0.1:%PORT1%;
                    location / {
                        proxy_pass http://app;
                        proxy_read_timeout 1s;
                        proxy_connect_timeout 1s;
                        proxy_next_upstream error timeout invalid_header;
                    }
                    location /ws {
                        proxy_pass http://app;
                        proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection "upgrade";
                    }
                }
            }

            """
    }

    // MARK: Processes

    /// Process ids of the workers, without the checker.
    var workers: Set<pid_t> { Set(server.program.children.filter { comm($0) == "portico-worker" }) }

    var checker: pid_t? { server.program.children.first { comm($0) == "portico-check" } }

    private func comm(_ pid: pid_t) -> String {
        let text = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }

    // MARK: The log

    /// How many lines of the log contain all of these.
    func logCount(_ texts: String...) -> Int {
        server.log.split(separator: "\n").count { line in texts.allSatisfy { line.contains($0) } }
    }

    /// What the log says of a gateway: "is up", "is unhealthy", "is draining".
    func stateCount(_ gateway: GatewayProcess, _ state: String) -> Int {
        logCount("server \(gateway.address) in upstream \"app\" \(state)")
    }

    /// Does something and waits until the log says that the gateway is in a new state.
    /// - Returns: milliseconds until then.
    func msUntil(
        _ gateway: GatewayProcess, _ state: String, within seconds: Double = 5,
        after action: () throws -> Void
    ) throws -> Int {
        let before = stateCount(gateway, state)
        let begun = Deadline.nowNs()
        try action()
        let isSeen = waitUntil(Deadline(in: seconds)) { stateCount(gateway, state) > before }
        try #require(isSeen, "\(gateway.name) never \(state):\n\(server.log)")
        return Int((Deadline.nowNs() - begun) / 1_000_000)
    }

    // MARK: What was recorded

    /// Ids of POSTs that were taken more than once, by whatever gateways.
    var duplicates: [Int] {
        let all = gateways.flatMap(\.recorded)
        return Dictionary(grouping: all, by: { $0 }).filter { $0.value.count > 1 }.keys.sorted()
    }

    /// Checks that each POST was taken once at most, and exactly once when it was answered 200.
    func checkPosts(_ report: LoadReport, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(duplicates.isEmpty, "POSTs were taken twice", sourceLocation: sourceLocation)
        let lost = Set(report.postedIdsOk).subtracting(gateways.flatMap(\.recorded))
        #expect(lost.isEmpty, "POSTs were answered and never taken", sourceLocation: sourceLocation)
    }

    /// One line with the figures of a test.
    func say(
        _ what: String, _ report: LoadReport, detectMs: Int? = nil, recoverMs: Int? = nil, _ more: String = ""
    ) {
        let detect = detectMs.map { ", detected in \($0) ms" } ?? ""
        let recover = recoverMs.map { ", recovered in \($0) ms" } ?? ""
        print(
            "faults: \(what): \(report.gets) GETs, \(report.getFailed) failed, \(report.posts) POSTs, "
                + "\(report.postFailed) failed, \(duplicates.count) duplicates, \(report.stale) stale, "
                + "longest gap \(report.maxGapMs) ms\(detect)\(recover)\(more.isEmpty ? "" : ", " + more)")
    }
}

/// Seconds since 1970.
func wallClock() -> Double { Date().timeIntervalSince1970 }

/// Lets the load run on: the passing of time is what the test is about.
func letPass(_ seconds: Double) { usleep(UInt32(seconds * 1_000_000)) }
