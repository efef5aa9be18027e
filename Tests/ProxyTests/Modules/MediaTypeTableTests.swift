import Core
import Testing

@testable import Proxy

@Suite("types")
struct MediaTypeTableTests {
    private func type(of name: String, in table: MediaTypeTable) -> String? {
        let out = ByteBuffer(capacity: 16)
        guard table.append(typeOf: Array(name.utf8).span, to: out) else { return nil }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test("three types are known without a types block")
    func builtInTypes() {
        let table = MediaTypeTable()
        #expect(type(of: "html", in: table) == "text/html")
        #expect(type(of: "GIF", in: table) == "image/gif")
        #expect(type(of: "jpg", in: table) == "image/jpeg")
        #expect(type(of: "css", in: table) == nil)
        #expect(type(of: "", in: table) == nil)
    }

    @Test("a table of a thousand types finds each of them, and nothing else")
    func manyTypesAreFound() {
        var table = MediaTypeTable.empty
        for index in 0..<1000 {
            let isNew = table.add(extension: Array("e\(index)".utf8), type: Array("x/\(index)".utf8))
            #expect(isNew)
        }
        for index in 0..<1000 { #expect(type(of: "E\(index)", in: table) == "x/\(index)") }
        #expect(type(of: "e1000", in: table) == nil)
        #expect(type(of: "html", in: table) == nil)
    }

    @Test("the last word on an extension counts")
    func lastWordCounts() {
        var table = MediaTypeTable()
        let isNew = table.add(extension: Array("HTML".utf8), type: Array("x/y".utf8))
        #expect(!isNew)
        #expect(type(of: "html", in: table) == "x/y")
    }

    @Test(
        "an extension follows the last dot of the last segment",
        arguments: [
            ("/a/b.html", "html"), ("/a.b/c", nil), ("/.html", nil), ("/a/.html", nil), ("/a/b.tar.gz", "gz"),
            ("/a.", nil), ("/", nil), ("", nil),
        ])
    func extensionOfPath(_ path: String, _ expected: String?) {
        let bytes = Array(path.utf8)
        let range = MediaTypeTable.extensionRange(of: bytes.span)
        #expect(range.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
    }
}
