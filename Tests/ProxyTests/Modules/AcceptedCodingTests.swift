import Core
import Testing

@testable import Proxy

@Suite("Accept-Encoding") struct AcceptedCodingTests {
    static let taken = [
        "gzip", "GZIP", "gzip,", "gzip, deflate", "deflate, gzip", "deflate,gzip", "x-gzip, gzip",
        "gzip;q=0.001", "gzip;q=1", "gzip;q=1.0", "gzip;q=1.000", "gzip; q=0.5", "gzip ; q=0.5",
        "gzip;Q=0.5",
        "gzip;q=0.5,deflate", "gzip;q=0.999", "gzip,x;q=0", "gzip;q=1,", "br;q=1.0, gzip;q=0.8, *;q=0.1",
        "gzip;", "agzip gzip",
    ]
    static let refused = [
        "", "gz", "*", "identity", "x-gzip", "xgzip", "gzipx", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000",
        "gzip;q=0.0001", "gzip;q=1.1", "gzip;q=1.001", "gzip;q=2", "gzip;q=", "gzip;q", "gzip;q =0.5",
        "gzip;q= 0.5", "gzip;a=b", "gzip;q=.5", "gzip;q=0,", "gzip;q=0 ,deflate", "deflate;q=1, gzip;q=0",
        "gzip;q=0, gzip;q=1", "gzip;q=0.x", "gzip;q=00", "gzip;q=0.", "gzip;q=1.0000",
    ]

    @Test("gzip is taken where nginx finds it", arguments: taken)
    func isTaken(_ value: String) { #expect(takes(value)) }

    private func takes(_ value: String) -> Bool { AcceptedCoding.takesGzip(Array(value.utf8).span) }

    @Test("a quality of zero and what is none are no consent", arguments: refused)
    func isRefused(_ value: String) { #expect(!takes(value)) }

    @Test("every beginning of a value is read without harm")
    func prefixes() {
        for value in Self.taken + Self.refused {
            let bytes = Array(value.utf8)
            for end in bytes.indices { _ = AcceptedCoding.takesGzip(bytes.span.extracting(0..<end)) }
        }
    }

    @Test("types are text/html, and what a block names in place of what was around it")
    func types() {
        var types = MediaTypeSet()
        func has(_ type: String) -> Bool { types.contains(Array(type.utf8).span) }
        func add(_ names: String...) -> [Bool] { names.map { types.add($0) } }
        #expect(has("text/html") && has("TEXT/Html") && !has("text/css") && !has(""))
        #expect(add("text/css", "text/xml", "text/html") == [true, true, false])
        #expect(has("text/html") && has("text/css") && has("text/xml"))
        types.inherit()
        #expect(has("text/css"))
        #expect(add("a/b") == [true])
        #expect(has("text/html") && has("a/b") && !has("text/css"))
        types.inherit()
        #expect(add("*") == [true])
        #expect(has("any/thing") && has(""))
    }
}
