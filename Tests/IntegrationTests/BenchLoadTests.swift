import Foundation
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

    @Test("words that cannot be obeyed are named", arguments: ["-c", "--nonsense=1", "ftp://a/"])
    func complaints(_ word: String) throws {
        let run = try load([word], in: try TemporaryDirectory())
        #expect(run.status == .exited(2) && run.errors.contains("portico-bench: "))
    }
}
