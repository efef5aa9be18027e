import Config
import Testing

@Suite("Broken configurations") struct FuzzTests {
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
