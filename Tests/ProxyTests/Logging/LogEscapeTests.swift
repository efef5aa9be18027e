import Core
import Testing

@testable import Proxy

@Suite("log_format escape=")
struct LogEscapeTests {
    private func escaped(_ bytes: [UInt8], _ escape: LogFormat.Escape) -> String {
        let direct = ByteBuffer(capacity: 16)
        escape.append(bytes.span, to: direct)
        let inPlace = ByteBuffer(capacity: 16)
        inPlace.append("kept\"")
        inPlace.append(bytes)
        escape.escapeTail(of: inPlace, from: 5, using: ByteBuffer(capacity: 16))
        #expect(inPlace.bytes == Array("kept\"".utf8) + direct.bytes)
        return String(decoding: direct.bytes, as: UTF8.self)
    }

    @Test("default: quotes, backslashes, control and 8-bit bytes become \\xXX")
    func standardEscapes() {
        #expect(escaped(Array("a b~".utf8), .standard) == "a b~")
        #expect(escaped([0x22, 0x5C, 0x1F, 0x7F, 0xFF, 0x61], .standard) == "\\x22\\x5C\\x1F\\x7F\\xFFa")
        #expect(escaped([], .standard) == "")
    }

    @Test("json: as in a JSON string, 8-bit bytes as they are")
    func jsonEscapes() {
        #expect(escaped([0x22, 0x5C, 0x0A, 0x0D, 0x09, 0x08, 0x0C], .json) == "\\\"\\\\\\n\\r\\t\\b\\f")
        #expect(escaped([0x1F, 0x00, 0x7F], .json) == "\\u001F\\u0000\u{7F}")
        #expect(escaped(Array("ä".utf8), .json) == "ä")
    }

    @Test("none: nothing is touched")
    func noneLeavesAlone() {
        #expect(escaped([0x22, 0x5C, 0x0A], .none) == "\"\\\n")
    }

    @Test("a missing value is a hyphen by default, and nothing in json and none")
    func missingValues() {
        let out = ByteBuffer(capacity: 16)
        LogFormat.Escape.json.appendMissing(to: out)
        LogFormat.Escape.none.appendMissing(to: out)
        #expect(out.isEmpty)
        LogFormat.Escape.standard.appendMissing(to: out)
        #expect(out.bytes == [0x2D])
    }
}
