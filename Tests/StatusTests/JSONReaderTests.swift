import Core
import Testing

@testable import Status

@Suite("Reading JSON") struct JSONReaderTests {
    private func written(_ text: String) throws -> String {
        let out = ByteBuffer(capacity: 64)
        try JSONReader.read(Array(text.utf8)).write(to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test(
        "what is JSON is read, and written the same but for its spaces (RFC 8259)",
        arguments: [
            ("{}", "{}"), (" [ ] ", "[]"), ("\t{ \"b\" : -1 , \"a\" : [ null , true,false ] }\r\n", nil),
            ("0", "0"), ("-0.5e+10", "-0.5e+10"), ("1E5", "1E5"), ("9223372036854775807", nil),
            ("9223372036854775808", "9223372036854775808"), ("\"\"", "\"\""), ("{\"a\":1,\"a\":2}", nil),
        ] as [(String, String?)])
    func valid(_ text: String, _ expected: String?) throws {
        let without = text.filter { !" \t\r\n".contains($0) }
        #expect(try written(text) == expected ?? without)
    }

    @Test("escapes become their characters; two halves of a pair become one (RFC 8259 7)")
    func escapes() throws {
        let json = try JSONReader.read(Array(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00é""#.utf8))
        guard case .string(let text) = json else {
            Issue.record("no string")
            return
        }
        #expect(text == "\"\\/\u{8}\u{C}\n\r\tAé€😀é")
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", " ", "{", "}", "[", "[1,]", "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}", "{1:1}",
            "[1 2]", "{} {}", "nul", "nulll", "True", "NaN", "Infinity", "01", "-", "+1", ".5", "1.", "1e",
            "1e+", "0x10", "--1", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\"",
            "\"\\ud83dx\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"a\nb\"", "\"\u{0}\"", "\u{FEFF}{}",
            "// c\n{}", "{\"a\":1}x",
        ])
    func invalid(_ text: String) {
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read(Array(text.utf8)) }
    }

    @Test(
        "strings that are not UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80]]
            as [[UInt8]])
    func encoding(_ bytes: [UInt8]) {
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read([0x22] + bytes + [0x22]) }
    }

    @Test("nesting is bounded: a deep text is refused, not the end of the process")
    func depth() throws {
        let most = JSONReader.depthMax
        let allowed = String(repeating: "[", count: most) + String(repeating: "]", count: most)
        #expect(try written(allowed) == allowed)
        #expect(throws: JSONReader.Failure(offset: most)) {
            try JSONReader.read(Array("[\(allowed)]".utf8))
        }
        #expect(throws: JSONReader.Failure.self) {
            try JSONReader.read([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
        }
    }

    @Test("no beginning and no single changed byte of a text is more than refused")
    func mutations() {
        let text = Array(
            #"{"server":"10.0.0.1:80","weight":3,"a":[1.5e3,"\ud83d\ude00",null,{"b":true}]}"#.utf8)
        for length in text.indices {
            #expect(throws: JSONReader.Failure.self) { try JSONReader.read(Array(text[..<length])) }
        }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                _ = try? JSONReader.read(changed)
            }
        }
    }
}
