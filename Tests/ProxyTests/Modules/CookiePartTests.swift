import Testing

@testable import Proxy

@Suite("Parts of a Set-Cookie value (RFC 6265 5.2)")
struct CookiePartTests {
    private func parts(_ cookie: String) -> [[String?]] {
        let bytes = Array(cookie.utf8)
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var parts: [[String?]] = []
        var part = CookiePart(at: 0, of: bytes.span)
        parts.append([text(part.name), part.value.map(text)])
        while part.end < bytes.count {
            part = CookiePart(at: part.end + 1, of: bytes.span)
            parts.append([text(part.name), part.value.map(text)])
        }
        return parts
    }

    @Test("names and values are found, spaces around them aside")
    func partsAreFound() {
        #expect(parts("a=b; Path=/x;Secure") == [["a", "b"], ["Path", "/x"], ["Secure", nil]])
        #expect(parts(" a = b=c ; x= ") == [["a", "b=c"], ["x", ""]])
    }

    @Test("what is empty is a part as well")
    func emptyParts() {
        #expect(parts("") == [["", nil]])
        #expect(parts(";=;") == [["", nil], ["", ""], ["", nil]])
    }
}
