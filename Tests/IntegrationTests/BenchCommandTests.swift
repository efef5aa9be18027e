import Foundation
import TestSupport
import Testing

/// The commands of `portico-bench` beside `load`, each with the real programs.
@Suite("BenchLoad's sisters", .serialized) struct BenchCommandTests {
    private static var binary: String {
        (Binary.portico as NSString).deletingLastPathComponent + "/portico-bench"
    }

    private func bench(_ words: [String], in directory: TemporaryDirectory) throws -> (
        ending: Program.Ending, output: String, errors: String
    ) {
        try Program.run(BenchCommandTests.binary, words, in: directory, name: "bench", within: 60)
    }

    private static var configuration: String {
        """
        worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err warn;
        events { }
        http { access_log off;
            upstream gateway { server {gateway}; keepalive 8; }
            server { listen 127.0.0.1:{port}; location / { proxy_pass http://gateway;
                proxy_http_version 1.1; proxy_set_header Connection ""; } } }
        """
    }

    @Test("each command has help, and one that there is not is named")
    func help() throws {
        let directory = try TemporaryDirectory()
        for command in ["load", "compare", "scenario", "gate", "micro", "gateway"] {
            let run = try bench([command, "--help"], in: directory)
            #expect(run.ending == .exited(0) && run.output.contains("portico-bench \(command)"))
            #expect(try bench(["--help"], in: directory).output.contains("portico-bench \(command)"))
        }
        #expect(try bench(["dance"], in: directory).ending == .exited(2))
    }

    @Test("one program with two configurations is compared with itself, and the ratio has a range")
    func compare() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.configuration, to: "a.conf")
        try directory.write(
            Self.configuration.replacingOccurrences(of: "worker_processes 1", with: "worker_processes 2"),
            to: "b.conf")
        try directory.write(
            """
            title a comparison
            load -c 4
            gateway --size 10 --chunked
            baseline portico
            measure rate
            portico a.conf
            portico-two b.conf
            """, to: "x.scenario")
        let words = ["compare", "--portico", Binary.portico, "--rounds", "3", "--seconds", "1", "--json"]
        let run = try bench(words + [directory.path + "/x.scenario"], in: directory)
        #expect(run.ending == .exited(0), "\(run.errors)\(run.output)")
        let results = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
        let servers = results?.first?["servers"] as? [[String: Any]] ?? []
        #expect(servers.compactMap { $0["name"] as? String } == ["portico", "portico-two"])
        #expect(servers.first?["of_portico"] == nil)
        #expect(servers.last?["of_portico"] as? Double ?? 0 > 0)
        #expect((servers.last?["of_portico_rounds"] as? [Double])?.count == 3)
        for server in servers {
            #expect((server["cpu_us"] as? [Double])?.count == 3 && server["errors"] as? Int == 0)
        }
    }

    @Test("there is no ratio where a run had errors, and the exit status says so")
    func errors() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.configuration, to: "a.conf")
        try directory.write(
            """
            load -c 2
            gateway --errors 10
            baseline portico
            portico a.conf
            portico-again a.conf
            """, to: "x.scenario")
        let run = try bench(
            [
                "compare", "--portico", "/bin/false", "--rounds", "1", "--seconds", "1",
                "--binary", "portico=" + Binary.portico, "--binary", "portico-again=" + Binary.portico,
                directory.path + "/x.scenario",
            ], in: directory)
        #expect(run.ending == .exited(1))
        #expect(run.output.contains("errors, so there are no ratios") && !run.output.contains("("))
    }

    @Test("the canned gateway answers as late, as long and as badly as it is told")
    func gateway() throws {
        let directory = try TemporaryDirectory()
        let port = try FreePort.next()
        let gateway = try Program(
            Self.binary,
            [
                "gateway", "--port", "\(port)", "--size", "1000", "--chunked", "--delay", "20ms", "--errors",
                "10",
            ],
            in: directory, name: "gateway")
        let url = "http://127.0.0.1:\(port)/"
        let accepts = waitUntil(Deadline(in: 5)) {
            guard let descriptor = try? Socket.connect(port: port) else { return false }
            close(descriptor)
            return true
        }
        #expect(accepts)
        let run = try bench(["load", "-c", "10", "-n", "100", "-o", "json", url], in: directory)
        #expect(run.ending == .exited(0), "\(run.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any] ?? [:]
        #expect(report["status_2xx"] as? Int == 90 && report["status_5xx"] as? Int == 10)
        #expect(report["p50_us"] as? Int ?? 0 >= 19_000)
        #expect(report["bytes"] as? Int ?? 0 > 90_000)
        #expect(gateway.stop() == .exited(0))
    }

    @Test("the canned gateway answers a request when all of its content is there")
    func gatewayTakesContent() throws {
        let directory = try TemporaryDirectory()
        let port = try FreePort.next()
        let gateway = try Program(
            Self.binary, ["gateway", "--port", "\(port)", "--size", "3"], in: directory, name: "gateway")
        var opened: RawClient?
        #expect(
            waitUntil(Deadline(in: 5)) {
                opened = try? RawClient(port: port)
                return opened != nil
            })
        let client = try #require(opened)
        #expect(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"))
        #expect(client.send([UInt8](repeating: 0x61, count: 99_999)))
        // It has one loop: who comes later is answered later.
        #expect(try RawClient.get(port, "/").status == 200)
        var byte: UInt8 = 0
        #expect(recv(client.descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) < 0)
        #expect(client.send("a"))
        #expect(try client.response(to: "POST").status == 200)
        #expect(gateway.stop() == .exited(0))
    }

    @Test("more connections than the shell allows descriptors are opened, if the system allows them")
    func descriptors() throws {
        let gateway = try RecordingGateway()
        let url = "http://127.0.0.1:\(gateway.port)/"
        let directory = try TemporaryDirectory()
        let run = try Program.run(
            "sh", ["-c", "ulimit -S -n 40; exec \(Self.binary) load -c 60 -n 120 --max-errors 0 \(url)"],
            in: directory, name: "bench")
        #expect(run.ending == .exited(0), "\(run.errors)")
    }

    @Test(
        "a story's steps are taken on real processes, and an assertion that does not hold is the exit status")
    func story() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            Self.configuration.replacingOccurrences(
                of: "server {gateway};", with: "server {one}; server {two};"), to: "front.conf")
        try directory.write(
            """
            title one of two dies, comes back, and the other becomes slow
            gateway one
            gateway two
            start front portico front.conf
            load clients -r 200 -c 8 -d 2s http://{front}/
            sleep 300ms
            kill two
            sleep 300ms
            restart two
            reload front
            slow one 5ms
            sleep 300ms
            pause one
            sleep 100ms
            resume one
            wait clients
            assert clients errors == 0
            assert clients answers >= 380
            assert clients p50_us < 1s
            assert all duplicates == 0
            """, to: "good.story")
        try directory.write("gateway one\nassert one requests > 0\n", to: "bad.story")
        let words = ["scenario", "--portico", Binary.portico]
        let good = try bench(words + [directory.path + "/good.story"], in: directory)
        #expect(good.ending == .exited(0), "\(good.errors)\(good.output)")
        #expect(good.output.contains("all of it holds"))
        let bad = try bench(words + [directory.path + "/bad.story"], in: directory)
        #expect(bad.ending == .exited(1) && bad.output.contains("MISSED"))
    }
}
