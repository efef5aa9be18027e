import Foundation
import TestSupport
import Testing

/// `portico-bench load` against a small server.
@Suite("Bench", .serialized) struct BenchLoadTests {
    private static var binary: String {
        (Binary.portico as NSString).deletingLastPathComponent + "/portico-bench"
    }

    private func load(_ words: [String], in directory: TemporaryDirectory) throws -> (
        status: Program.Ending, output: String, errors: String
    ) {
        let run = try Program.run(
            BenchLoadTests.binary, ["load"] + words, in: directory, name: "bench", within: 20)
        return (run.ending, run.output, run.errors)
    }

    @Test("every request is counted once, and a threshold that is missed shows in the exit status")
    func counts() throws {
        let gateway = try RecordingGateway()
        let directory = try TemporaryDirectory()
        let url = "http://127.0.0.1:\(gateway.port)"
        let run = try load(["-c", "3", "-n", "60", "-o", "json", url + "/a@2", url + "/b"], in: directory)
        #expect(run.status == .exited(0), "\(run.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        #expect(report?["answers"] as? Int == 60 && report?["status_2xx"] as? Int == 60)
        #expect(gateway.requests.count == 60)
        #expect(gateway.requests.count { $0.target == "/a" } == 40)
        let slow = try load(["-n", "5", "--max-p50", "0us", url], in: directory)
        #expect(slow.status == .exited(1) && slow.errors.contains("p50 is"))
        gateway.stop()
        #expect(try load(["-n", "5", "-d", "1s", url], in: directory).status == .exited(2))
    }

    @Test("an open loop keeps its rate, and says how long requests waited from when they were due")
    func openLoop() throws {
        let gateway = try RecordingGateway()
        let run = try load(
            ["-c", "4", "-r", "200", "-d", "1s", "-o", "csv", "http://127.0.0.1:\(gateway.port)/"],
            in: try TemporaryDirectory())
        #expect(run.status == .exited(0), "\(run.errors)")
        let lines = run.output.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        let report = Dictionary(zip(lines[0], lines[1])) { first, _ in first }
        #expect((180...201).contains(report["answers"].flatMap { Int($0) } ?? 0))
        #expect(
            (report["p99_us"].flatMap { Int($0) } ?? 0)
                >= (report["uncorrected_p50_us"].flatMap { Int($0) } ?? 1))
    }

    @Test("method, fields and content go out as they were asked for, several at a time on a connection")
    func requests() throws {
        let gateway = try RecordingGateway()
        let directory = try TemporaryDirectory()
        let content = "content of a file"
        try directory.write(content, to: "body")
        let run = try load(
            [
                "-c", "2", "-t", "2", "-n", "40", "--pipeline", "4", "-X", "PUT", "-H", "X-Kind: test",
                "--body", directory.path + "/body", "-o", "json", "http://127.0.0.1:\(gateway.port)/a?b=c",
            ], in: directory)
        #expect(run.status == .exited(0), "\(run.errors)")
        #expect(gateway.requests.count == 40 && gateway.connectionCount == 2)
        for request in gateway.requests {
            #expect(request.method == "PUT" && request.target == "/a?b=c")
            #expect(request["x-kind"] == "test")
            #expect(request.body == Array(content.utf8))
        }
    }

    @Test("a connection for each request is that, and classes of status are counted apart")
    func newConnections() throws {
        let gateway = try RecordingGateway()
        gateway.answerAll(with: .fixed("no", status: "503 Service Unavailable"))
        let run = try load(
            [
                "-c", "2", "-n", "10", "--close", "--max-errors", "9", "-o", "json",
                "http://127.0.0.1:\(gateway.port)/",
            ], in: try TemporaryDirectory())
        #expect(run.status == .exited(1) && run.errors.contains("10 errors, above 9"), "\(run.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        #expect(report?["status_5xx"] as? Int == 10 && report?["status_2xx"] as? Int == 0)
        #expect(gateway.connectionCount == 10)
    }

    @Test("a server that does not answer is a time-out, and one that hangs up a read error")
    func silence() throws {
        let gateway = try RecordingGateway()
        for (answer, name) in [(GatewayAnswer.hang, "timeouts"), (.close, "read_errors")] {
            gateway.answerAll(with: answer)
            let run = try load(
                [
                    "-c", "1", "-d", "500ms", "--timeout", "100ms", "-o", "json",
                    "http://127.0.0.1:\(gateway.port)/",
                ], in: try TemporaryDirectory())
            let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
            #expect((report?[name] as? Int ?? 0) > 0, "\(run.output)")
            // There is nothing to report on.
            #expect(run.status == .exited(2))
        }
        gateway.stop()
    }

    @Test("an interrupt ends it with the report of what came until then")
    func interrupt() throws {
        let gateway = try RecordingGateway()
        let directory = try TemporaryDirectory()
        let bench = try Program(
            BenchLoadTests.binary, ["load", "-c", "2", "-d", "1m", "http://127.0.0.1:\(gateway.port)/"],
            in: directory, name: "bench")
        #expect(gateway.waitForRequests(10))
        bench.send(SIGINT)
        #expect(bench.waitForEnd(within: 5) == .exited(0))
        for words in ["2 connections, closed loop", "status 1xx 0", "p99.9", " % #"] {
            #expect(bench.output.contains(words), "\(words) is missing in\n\(bench.output)")
        }
    }

    @Test("handshakes are full or resumed, as it was asked for", arguments: ["1.2", "1.3"])
    func handshakes(_ version: String) throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed;
                return 200 "ok"; } }
            """)
        for (words, isResumed) in [([], false), (["--resume"], true)] as [([String], Bool)] {
            let run = try load(
                words + [
                    "-c", "1", "-n", "10", "--close", "--tls", version, "-o", "json",
                    "https://127.0.0.1:\(server.port)/",
                ], in: server.directory)
            #expect(run.status == .exited(0), "\(run.errors)")
            let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
            #expect(report?["handshakes"] as? Int ?? 0 >= 10)
            #expect((report?["resumed"] as? Int ?? 0 >= 9) == isResumed)
        }
        server.finish()
    }

    private static func http2Configuration(gateway: String) -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off; http2 on;
            server { listen 127.0.0.1:%PORT1% ssl; listen 127.0.0.1:%PORT2%; ssl_certificate self-signed;
                keepalive_requests 25; client_max_body_size 1m;
                location / { proxy_pass http://\(gateway); }
                location /none { return 503; }
                location /large { alias %PREFIX%/large; } }
            server { listen 127.0.0.1:%PORT3% ssl; ssl_certificate self-signed; http2 off; return 200; } }
        """
    }

    private func report(_ output: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
    }

    @Test("HTTP/2 by ALPN and by prior knowledge: content, numbers, and connections that end on the way")
    func http2() throws {
        let gateway = try RecordingGateway()
        let server = try Server(
            BenchLoadTests.http2Configuration(gateway: "%GATEWAY1%"), gateways: [gateway])
        for origin in ["https://127.0.0.1:\(server.ports[0])", "http://127.0.0.1:\(server.ports[1])"] {
            let before = gateway.requests.count
            let run = try load(
                [
                    "--h2", "-c", "2", "-m", "8", "-n", "100", "-X", "PUT", "--body-size", "100000",
                    "--number", "-o", "json", origin + "/a?b=c",
                ], in: server.directory)
            #expect(run.status == .exited(0), "\(run.errors)")
            let report = try report(run.output)
            #expect(report["status_2xx"] as? Int == 100 && report["answers"] as? Int == 100)
            for name in ["read_errors", "write_errors", "timeouts", "bad_answers"] {
                #expect(report[name] as? Int == 0, "\(name)")
            }
            let requests = gateway.requests.dropFirst(before)
            #expect(requests.count == 100)
            #expect(requests.allSatisfy { $0.method == "PUT" && $0.target == "/a?b=c" })
            #expect(requests.allSatisfy { $0.body.count == 100_000 })
            #expect(Set(requests.compactMap { $0["x-request-number"] }).count == 100)
        }
        server.finish()
    }

    @Test("a download goes on beside what is measured, and what does not speak HTTP/2 is said")
    func http2Beside() throws {
        let server = try Server(BenchLoadTests.http2Configuration(gateway: "%DEAD%"))
        try server.directory.write(String(repeating: "x", count: 300_000), to: "large")
        let run = try load(
            [
                "--h2", "-m", "2", "-c", "1", "-n", "20", "--download", "/large", "-o", "json",
                "https://127.0.0.1:\(server.ports[0])/none",
            ], in: server.directory)
        let report = try report(run.output)
        #expect(report["status_5xx"] as? Int == 20 && report["answers"] as? Int == 20, "\(run.errors)")
        let deaf = try load(
            ["--h2", "-c", "1", "-n", "3", "-o", "json", "https://127.0.0.1:\(server.ports[2])/"],
            in: server.directory)
        #expect(deaf.status == .exited(2))
        #expect(try self.report(deaf.output)["connect_errors"] as? Int == 3)
        server.finish()
    }

    @Test("words that cannot be obeyed are named", arguments: ["-c", "--nonsense=1", "ftp://a/"])
    func complaints(_ word: String) throws {
        let run = try load([word], in: try TemporaryDirectory())
        #expect(run.status == .exited(2) && run.errors.contains("portico-bench: "))
    }
}
