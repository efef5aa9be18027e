import Testing

@testable import Proxy

@Suite("Set-Cookie attributes (RFC 6265 5.2)")
struct CookieAttributesTests {
    private func value(_ name: StaticString, _ cookie: String) -> String? {
        let bytes = Array(cookie.utf8)
        return CookieAttributes.value(of: name, in: bytes.span)
            .map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test("an attribute is found without case, spaces around it aside")
    func attributeIsFound() {
        #expect(value("path", "a=b; Path=/x; Domain=d") == "/x")
        #expect(value("domain", "a=b;Path=/x;DOMAIN = .d.example ; Secure") == ".d.example")
        #expect(value("path", "a=b; path=") == "")
    }

    @Test("neither the cookie itself nor a flag is an attribute's value")
    func cookieItselfIsNone() {
        #expect(value("path", "path=/x") == nil)
        #expect(value("path", "a=b; path") == nil)
        #expect(value("path", "") == nil)
        #expect(value("path", ";;=;") == nil)
    }
}
