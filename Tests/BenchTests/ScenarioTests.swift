import Core
import Glibc
import Net
import Testing

@testable import portico_bench

@Suite("scenarios of portico-bench compare")
struct ScenarioTests {
    private static func scenario(_ text: String) throws -> Scenario {
        let folder = try ScratchFolder.make()
        defer { ScratchFolder.remove(folder) }
        try ScratchFolder.write(text, to: folder + "/x.scenario")
        return try Scenario(path: folder + "/x.scenario")
    }

    @Test("servers stand in order, one program several times, and one of them is the baseline")
    func servers() throws {
        let scenario = try Self.scenario(
            """
            # a comment
            title one and two
            baseline portico
            measure rate
            cores 2
            portico a.conf
            portico-2 b.conf
            nginx c.conf
            load -c 1
            load-of nginx -c 2 --h2
            """)
        #expect(scenario.load(of: "portico") == ["-c", "1"])
        #expect(scenario.load(of: "nginx") == ["-c", "2", "--h2"])
        #expect(scenario.name == "x" && scenario.title == "one and two")
        #expect(scenario.configurations.map(\.name) == ["portico", "portico-2", "nginx"])
        #expect(scenario.configuration(of: "portico-2") == "b.conf")
        #expect(scenario.baseline == "portico" && scenario.measure == .rate && scenario.cores == 2)
        #expect(
            Scenario.program(of: "portico-2") == "portico" && Scenario.program(of: "haproxy") == "haproxy")
        #expect(Scenario.program(of: "apache") == nil && Scenario.program(of: "portico-") == nil)
    }

    @Test(
        "what cannot be obeyed is refused",
        arguments: [
            "apache a.conf", "measure speed", "baseline portico", "cores 0", "portico a\nportico b",
            "repeat x", "file a", "file ../a 1", "file a -1", "nonsense", "load-of portico -c 1",
            "portico a\nload-of nginx -c 1",
        ])
    func refusals(_ text: String) {
        #expect(throws: LoadOptions.Complaint.self) { try Self.scenario(text) }
    }

    @Test("files are text, the same in each run, that can be compressed")
    func files() throws {
        let scenario = try Self.scenario("file a.html 12288\nportico a.conf")
        let folder = try ScratchFolder.make()
        defer { ScratchFolder.remove(folder) }
        try scenario.makeFiles(in: folder)
        let text = SampleText.bytes(12288)
        #expect(ProcessTimes.read(folder + "/a.html").map { Array($0.utf8) } == text)
        let coder = try #require(ContentCoder(.deflate(level: 1, windowBits: 15, memoryLevel: 8)))
        let (input, out) = (ByteBuffer(capacity: 16), ByteBuffer(capacity: 16))
        input.append(text)
        while case .wantsRoom = coder.code(input, .finish, into: out, atMost: 64 << 10) {}
        #expect((3000..<6000).contains(out.count))
    }

    private static func result(_ text: String, errors: Int = 0) throws -> ComparisonResult {
        var result = ComparisonResult(
            scenario: try scenario("baseline portico\nportico a\nportico-b b\n" + text))
        for (rate, other) in [(100.0, 190.0), (100, 180), (100, 200)] {
            result.add(.init(userUs: 2, systemUs: 8, rate: rate, p99Us: 50), of: "portico")
            result.add(.init(userUs: 3, systemUs: 9, rate: other, p99Us: 75, errors: errors), of: "portico-b")
        }
        return result
    }

    @Test(
        "the ratio is of what is measured, with its range over the rounds",
        arguments: [
            ("measure rate", "1.90 (1.80-2.00)", "rate of portico"), ("", "1.20 (1.20-1.20)", "of portico"),
            ("measure p99", "1.50 (1.50-1.50)", "p99 of portico's"),
        ])
    func ratios(_ line: String, _ ratio: String, _ title: String) throws {
        let text = try Self.result(line).text
        #expect(text.contains(ratio) && text.contains(title), "\(text)")
    }

    @Test("errors leave no ratio, in the table and in JSON")
    func errors() throws {
        let result = try Self.result("measure rate", errors: 1)
        #expect(result.hasErrors && !result.text.contains("(1.80") && !result.json.contains("of_portico"))
        #expect(result.text.contains("portico-b: 3 errors, so there are no ratios"))
    }

    @Test("every scenario of the repository reads, and has the configurations that it names")
    func committed() throws {
        let folder =
            #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/bench/scenarios"
        let handle = try #require(opendir(folder))
        defer { closedir(handle) }
        var count = 0
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".scenario") else { continue }
            count += 1
            let scenario = try Scenario(path: folder + "/" + name)
            #expect(!scenario.title.isEmpty && scenario.configuration(of: "portico") != nil, "\(name)")
            for (server, file) in scenario.configurations {
                let text = try scenario.configuration(of: file, name: server, port: 1, gateway: 2, in: "/x")
                #expect(!text.contains("{port}") && !text.contains("{gateway}"), "\(name): \(file)")
            }
        }
        #expect(count >= 16)
    }
}
