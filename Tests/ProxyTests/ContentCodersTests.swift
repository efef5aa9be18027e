import Net
import Testing

@testable import Proxy

@Suite("Compressors that are kept", .enabled(if: Zlib.system != nil))
struct ContentCodersTests {
    private let kind = ContentCoder.Kind.deflate(level: 1, windowBits: 9, memoryLevel: 1)

    @Test("those that nobody wanted between two looks go, and the others stay")
    func unwanted() throws {
        var coders = ContentCoders()
        let first = try #require(coder(from: &coders))
        let second = try #require(coder(from: &coders))
        let isDue = coders.give(first)
        #expect(isDue, "a timer is to be set")
        let isDueAgain = coders.give(second)
        #expect(!isDueAgain, "it is set")
        var looks = [coders.look()]
        let again = coder(from: &coders)
        #expect(again === second, "both were wanted since")
        _ = coders.give(second)
        looks.append(coders.look())
        let third = coder(from: &coders)
        #expect(third === second, "one was wanted")
        _ = coders.give(second)
        looks += [coders.look(), coders.look()]
        #expect(looks == [true, true, true, false], "nobody wanted any")
        let fresh = coder(from: &coders)
        #expect(fresh !== second)
    }

    private func coder(from coders: inout ContentCoders) -> ContentCoder? { coders.take(kind) }
}
