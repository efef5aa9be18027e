import Config
import Testing

@Suite("Broken configurations") struct FuzzTests {
    private final class OneFile: SourceFiles {
        var bytes: [UInt8] = []
        func read(_ path: String) throws(ConfigError) -> [UInt8] {
            guard path == "/conf/t.conf" else { throw ConfigError("open() \"\(path)\" failed") }
            return bytes
        }
        func glob(_ pattern: String) -> [String] { [] }
    }

    @Test("are obeyed or refused with a place, and never trap")
    func neverTraps() {
        let files = OneFile()
        let parser = ConfigParser(files: files, directory: "/conf")
        var mutations = Mutations(seed: 0x706F_7274_6963_6F)
        let end = ContinuousClock.now + .seconds(2)
        var accepted = 0
        var refused = 0
        while ContinuousClock.now < end, accepted + refused < 20_000 {
            files.bytes = mutations.next()
            do throws(ConfigError) {
                try Block.table.apply(try parser.parse(path: "/conf/t.conf"), to: Block(), in: .main)
                accepted += 1
            } catch {
                refused += 1
                #expect(error.location != nil, "\(error)")
            }
        }
        #expect(accepted > 0 && refused > 0)
    }

    @Test("every prefix of a good file is obeyed or refused")
    func prefixes() {
        let text = String(decoding: Mutations.sample, as: UTF8.self)
        #expect(problem { () throws(ConfigError) in _ = try configured(text) } == nil)
        for length in 0..<text.utf8.count {
            let prefix = String(decoding: Mutations.sample.prefix(length), as: UTF8.self)
            _ = problem { () throws(ConfigError) in _ = try configured(prefix) }
        }
    }
}
