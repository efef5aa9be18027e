import CLinux
import Core
import Foundation
import TestSupport
import Testing

@testable import portico_fuzz

@Suite("Input that nobody in earnest sends") struct FuzzTests {
    @Test(
        "is taken by every parser: what the corpus has, and mutations of it",
        arguments: FuzzTarget.all.map(\.name).filter { $0 != "directives" })
    func parsers(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let inputs = Corpus(folder: Corpus.folder).inputs(of: target)
        try #require(!inputs.isEmpty)
        let input = try #require(FuzzInput())
        for (file, bytes) in inputs {
            #expect(throws: Never.self, "\(file)") { try target.read(bytes, in: input) }
        }
        let mutator = Mutator(corpus: inputs.map(\.bytes), words: target.words)
        var random = FuzzRandom(seed: 7)
        let end = ContinuousClock.now + .milliseconds(400)
        while ContinuousClock.now < end {
            let bytes = mutator.next(&random)
            do { try target.read(bytes, in: input) } catch { Issue.record("\(error): \(bytes)") }
        }
    }

    /// A process that can open nothing: names in a configuration would be looked up.
    @Test("is taken by all directives")
    func directives() throws {
        let folder = try TemporaryDirectory()
        let run = try Program.run(
            "/bin/sh",
            [
                "-c", "cd \"$0\" && exec \"$@\"", folder.path, FuzzTests.program, "--seconds", "2", "--seed",
                "7", "directives",
            ], in: folder, within: 60)
        let text = run.output + run.errors
        #expect(run.ending == .exited(0), "\(text)\n\(folder.read("fuzz-directives.input"))")
        #expect(text.contains("directives: "))
    }

    /// Beside the program under test, or in the build folder.
    private static var program: String {
        if let portico = ProcessInfo.processInfo.environment["PORTICO_BINARY"] { return portico + "-fuzz" }
        var path = #filePath as NSString
        for _ in 0..<3 { path = path.deletingLastPathComponent as NSString }
        return path.appendingPathComponent(".build/debug/portico-fuzz")
    }

    @Test("is made of configurations that load")
    func configurationsLoad() throws {
        for (file, bytes) in Corpus(folder: Corpus.folder).inputs(of: .directives) {
            #expect(throws: Never.self, "\(file)") { try FuzzTarget.load(bytes) }
        }
    }

    @Test("ends where the next byte must not be read")
    func guardPage() throws {
        let input = try #require(FuzzInput())
        for count in [1, 5000] {
            input.fill([UInt8](repeating: 1, count: count))
            #expect(input.buffer.count == count)
            let start = try #require(input.buffer.withUnsafeReadable { $0.baseAddress })
            #expect(ending(readingAt: start + count - 1) == 0)
            #expect(ending(readingAt: start + count) == SIGSEGV)
        }
    }

    /// What ends a process that reads there.
    private func ending(readingAt place: UnsafeRawPointer) -> Int32 {
        let child = portico_fork()
        if child == 0 {
            // Meant to happen: nobody needs to read where.
            signal(SIGSEGV, SIG_DFL)
            _exit(place.load(as: UInt8.self) == 0xEE ? 1 : 0)
        }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        return status & 0x7F
    }

    @Test("that breaks something is told, with the input")
    func reports() throws {
        func outcome(_ check: @escaping @Sendable (FuzzInput, inout FuzzRandom) throws -> Void)
            -> FuzzProcess.Outcome
        {
            FuzzProcess(
                target: FuzzTarget(name: "sample", words: [], check: check), corpus: [[1], [2, 3], [4]],
                seed: 1,
                seconds: 0
            ).run()
        }
        let sound = outcome { _, _ in }
        if case .passed(inputs: 3) = sound {} else { Issue.record("\(sound)") }
        let broken = outcome { input, _ in if input.bytes == [2, 3] { throw Broken(description: "sample") } }
        if case .failed(_, input: [2, 3]) = broken {} else { Issue.record("\(broken)") }
        let killed = outcome { input, _ in if input.bytes == [2, 3] { _ = raise(SIGKILL) } }
        guard case .failed(let why, input: [2, 3]) = killed else {
            Issue.record("\(killed)")
            return
        }
        #expect(why == "killed by signal 9")
    }

    @Test("is the same for the same seed")
    func seeds() {
        let mutator = Mutator(corpus: [[1, 2, 3], [4, 5]], words: ["word"])
        func inputs(_ seed: UInt64) -> [[UInt8]] {
            var random = FuzzRandom(seed: seed)
            return (0..<100).map { _ in mutator.next(&random) }
        }
        #expect(inputs(1) == inputs(1))
        #expect(inputs(1) != inputs(2))
        #expect(inputs(3).allSatisfy { $0.count <= Mutator.lengthMax })
    }
}
