import Core
import Testing

@testable import Proxy

@Suite("Variables named after fields, cookies and arguments")
struct FieldLookupTests {
    private func cookie(_ name: String, _ value: String, isFirstOnly: Bool = false) -> String? {
        let out = ByteBuffer(capacity: 16)
        let isFound = FieldLookup.appendCookie(
            named: Array(name.utf8), of: Array(value.utf8).span, isFirstOnly: isFirstOnly, to: out)
        return isFound ? String(decoding: out.bytes, as: UTF8.self) : nil
    }

    private func argument(_ name: String, _ query: String) -> String? {
        let out = ByteBuffer(capacity: 16)
        let isFound = FieldLookup.appendArgument(named: Array(name.utf8), of: Array(query.utf8).span, to: out)
        return isFound ? String(decoding: out.bytes, as: UTF8.self) : nil
    }

    @Test("a cookie is found by its whole name")
    func cookieByName() {
        #expect(cookie("a", "a=1; b=2") == "1")
        #expect(cookie("b", "a=1; b=2; ab=3") == "2")
        #expect(cookie("ab", "a=1;ab= 3 ") == "3 ")
        #expect(cookie("AB", "a=1, ab =3,4;c") == "3,4")
        #expect(cookie("b", "ab=1,b") == nil)
        #expect(cookie("c", "a=1; b=2") == nil)
        #expect(cookie("a", "a") == nil)
        #expect(cookie("a", "") == nil)
    }

    @Test("in Set-Cookie only the first pair is the cookie")
    func onlyTheFirstPair() {
        #expect(cookie("a", "a=1; path=/", isFirstOnly: true) == "1")
        #expect(cookie("path", "a=1; path=/", isFirstOnly: true) == nil)
    }

    @Test("an argument is found by its whole name, without case")
    func argumentByName() {
        #expect(argument("x", "x=1&y=2") == "1")
        #expect(argument("Y", "x=1&y=2") == "2")
        #expect(argument("y", "xy=1&y=") == "")
        #expect(argument("z", "x=1&y=2") == nil)
        #expect(argument("x", "x&x=2") == "2")
        #expect(argument("x", "") == nil)
    }

    @Test("a field is named in lower case with underscores")
    func fieldByName() {
        let buffer = ByteBuffer(capacity: 16)
        buffer.append("User-Agent")
        let whole = Slice(from: 0, to: buffer.count)
        #expect(FieldLookup.isNamed(whole, of: buffer, Array("user_agent".utf8)))
        #expect(!FieldLookup.isNamed(whole, of: buffer, Array("user_agen".utf8)))
        #expect(!FieldLookup.isNamed(whole, of: buffer, Array("user-agent".utf8)))
    }
}
