import Config
import Core
import Testing

@testable import Proxy

@Suite("charset_map")
struct CharsetRecodingTests {
    private static func maps(_ lines: String) throws -> CharsetMaps {
        let statements = try ConfigParser.parse(closed: Array(lines.utf8), name: "map")
        let place = SourceLocation(file: "map", line: 1)
        var maps = CharsetMaps()
        try maps.add(
            Statement(words: ["charset_map", "koi8-r", "utf-8"], block: statements, location: place))
        return maps
    }

    private static func recode(
        _ text: [UInt8], _ names: (String, String), cutInto size: Int
    ) throws -> [UInt8] {
        let maps = try maps("C1 D0B0; C2 D0B1; A3 E282AC;")
        let recoding = try #require(maps[Array(names.0.utf8).span, Array(names.1.utf8).span])
        let out = ByteBuffer(capacity: 16)
        var held: [UInt8] = []
        var rest = text[...]
        repeat {
            held += rest.prefix(size)
            rest = rest.dropFirst(size)
            let taken = recoding.recode(held.span, isLast: rest.isEmpty, into: out, atMost: 1 << 20)
            held.removeFirst(taken)
        } while !rest.isEmpty
        #expect(held.isEmpty)
        return out.bytes
    }

    @Test("characters become bytes however they are cut", arguments: 1...9)
    func fromUTF8(_ size: Int) throws {
        let text =
            Array("a\u{430}\u{431}\u{20AC}\u{432}\u{1F600}z".utf8) + [0xFF, 0x41, 0xD0, 0x41, 0xE2, 0x82]
        let made = try CharsetRecodingTests.recode(text, ("UTF-8", "KOI8-R"), cutInto: size)
        #expect(made == [0x61, 0xC1, 0xC2, 0xA3] + Array("&#1074;&#128512;z??".utf8))
    }

    @Test("bytes become characters", arguments: 1...3)
    func toUTF8(_ size: Int) throws {
        let made = try CharsetRecodingTests.recode(
            [0x61, 0xC1, 0xA3, 0xFE], ("koi8-r", "utf-8"), cutInto: size)
        #expect(made == Array("a\u{430}\u{20AC}?".utf8))
    }

    @Test(
        "what is no code is refused",
        arguments: [
            "C0;", "100 D090;", "C0 D0;", "C0 41;", "C0 FFFF;", "C0 F0908080;", "xx D090;", "C0 \"\";",
        ])
    func refused(_ lines: String) {
        #expect(throws: ConfigError.self) { try CharsetRecodingTests.maps(lines) }
    }
}
