import Testing

@testable import Net

@Suite("DNS name") struct DNSNameTests {
    @Test("labels stand behind their lengths, in lower case; a dot at the end changes nothing")
    func wireForm() {
        #expect(
            DNSName("Www.Example.ORG")?.wire == [3] + "www".utf8 + [7] + "example".utf8 + [3] + "org".utf8 + [
                0
            ])
        #expect(DNSName("a.b.") == DNSName("A.B"))
    }

    @Test(
        "what is no name is refused",
        arguments: ["", ".", "a..b", ".a", "a..", "a b", "a\u{0}b", "a\tb", "a\u{7F}"])
    func refuses(text: String) {
        #expect(DNSName(text) == nil)
    }

    @Test("a label has 63 bytes at most, a name 253 (RFC 1035 2.3.4)")
    func limits() {
        let label = String(repeating: "a", count: 63)
        #expect(DNSName(label) != nil)
        #expect(DNSName(label + "a") == nil)
        let long = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(long.utf8.count == 253)
        #expect(DNSName(long) != nil)
        #expect(DNSName(long + ".") != nil)
        #expect(DNSName(long + "b") == nil)
    }
}
