import HTTP
import Testing

@Suite("Host names") struct HostNameTests {
    @Test(
        "valid by RFC 3986 3.2.2",
        arguments: [
            "a", "a.b.", "A-b_c~", "a:", "a:80", "a:65535", "1.2.3.4:8", "[::1]", "[::1]:80",
            "[::ffff:1.2.3.4]", "a%20b", ".a",
        ])
    func valid(host: String) {
        #expect(withSpan(host) { HostName.isValid($0) })
    }

    @Test(
        "one byte away from valid",
        arguments: [
            "", ".", ":80", "a..b", "a b", "a/b", "a\\b", "a@b", "a?b", "a#b", "a:b", "a:8 ", "a:1234567",
            "a:80:80", "[::1", "[]",
            "[::1]x", "[::1]80", "[::g]", "::1", "a]", "a\0", "a\u{7F}", "\u{E4}", "a%2", "a%zz", "a\"", "a<",
        ])
    func invalid(host: String) {
        #expect(!withSpan(host) { HostName.isValid($0) })
    }

    @Test(
        "the port and a dot at the end do not count",
        arguments: [
            ("a:80", "a"), ("a", "a"), ("a.", "a"), ("a.:80", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"),
            ("", ""),
        ])
    func withoutPort(host: String, name: String) {
        #expect(HostName.withoutPort(bytes(host)) == bytes(name))
        #expect(HostName.lengthWithoutPort(filled(host)) == name.utf8.count)
    }
}
