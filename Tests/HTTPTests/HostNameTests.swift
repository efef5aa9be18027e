import Core
import Testing

@testable import HTTP

@Suite("Host names") struct HostNameTests {
    @Test(
        "valid by RFC 3986 3.2.2",
        arguments: [
            "a", "a.b.", "A-b_c~", "a:", "a:80", "a:65535", "1.2.3.4:8", "[::1]", "[::1]:80",
            "[::ffff:1.2.3.4]", "a%20b", ".a", "[::]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:1.2.3.4]", "[1::]",
            "[1::8:0]:65535", "[2001:db8::7]", "[1:2:3:4:5:6:7::]", "[v1.a:b]", "[vFf.x-!$]:1", "a:000080",
        ])
    func valid(host: String) {
        #expect(withSpan(host) { HostName.isValid($0) })
    }

    @Test(
        "one byte away from valid",
        arguments: [
            "", ".", ":80", "a..b", "a b", "a/b", "a\\b", "a@b", "a?b", "a#b", "a:b", "a:8 ", "a:1234567",
            "a:65536", "a:99999", "[::1]:65536", "[:]", "[:::]", "[1::2::3]", "[1:2:3:4:5:6:7]", "[12345::]",
            "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[1:]", "[:1]", "[::1.2.3]", "[::1.2.3.256]",
            "[::1.2.3.04]", "[::1.2.3.4.5]", "[1.2.3.4]", "[::1%25lo]", "[v.x]", "[v1]", "[v1.]", "[vg.x]",
            "[v1.a/b]", "[1:2:3:4:5:6:7:1.2.3.4]",
            "a:80:80", "[::1", "[]",
            "[::1]x", "[::1]80", "[::g]", "::1", "a]", "a\0", "a\u{7F}", "\u{E4}", "a%2", "a%zz", "a\"", "a<",
        ])
    func invalid(host: String) {
        #expect(!withSpan(host) { HostName.isValid($0) })
    }

    @Test("a byte spoils a host wherever it stands, and a second dot too", arguments: 0..<24)
    func spoiled(place: Int) {
        var host = Array("www.example-1.org.local24".utf8)
        let isValid: ([UInt8]) -> Bool = { HostName.isValid($0.span) }
        #expect(isValid(host))
        for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: "%") {
            host[place] = byte
            let text = Array(host.prefix { $0 != UInt8(ascii: ":") })
            let port = host.dropFirst(text.count + 1)
            let isPlain = text.allSatisfy {
                $0.isASCIIAlpha || $0.isASCIIDigit || "-._~!$&'()*+,;=".utf8.contains($0)
            }
            let isDoubled = zip(text, text.dropFirst()).contains { $0 == 0x2E && $1 == 0x2E }
            let isPort =
                text.count == host.count || port.isEmpty
                || port.allSatisfy(\.isASCIIDigit)
                    && UInt16(String(decoding: port, as: UTF8.self)) != nil
            #expect(isValid(host) == (isPlain && !isDoubled && isPort && !text.isEmpty))
        }
    }

    @Test(
        "its port",
        arguments: [
            ("a:80", 80), ("a", nil), ("a:", nil), ("a:0", nil), ("a:00081", 81), ("[::1]:8443", 8443),
            ("[::1]", nil), ("", nil), ("a:65535", 65535),
        ])
    func port(host: String, port: UInt16?) {
        #expect(withSpan(host) { HostName.port($0) } == port)
    }

    @Test(
        "the port, a dot at the end and capitals do not count",
        arguments: [
            ("a:80", "a"), ("A", "a"), ("a.", "a"), ("a.:80", "a"), ("[::F]:80", "[::f]"), ("[::1]", "[::1]"),
            ("", ""),
        ])
    func names(host: String, name: String) {
        let (bytes, out) = (filled("<\(host)>"), ByteBuffer(capacity: 0))
        HostName.appendName(of: Slice(from: 1, to: bytes.count - 1), in: bytes, to: out)
        #expect(out.bytes == Array(name.utf8))
    }

    @Test("a head that has read others finds each host valid, and names it, as one that has read none")
    func afterOthers() {
        let long = String(repeating: "L", count: 70)
        let hosts = [
            "A.example:80", "A.example:80", "a.example", "a..b", "A.example:80", "A.example:8", "A.example",
            long,
            "A.example", "a:b", "\(long):1", "[::1]:80", "[::1]:8", "b.", "b", "", "B",
        ]
        let used = RequestHead()
        for (first, second) in hosts.flatMap({ first in hosts.map { (first, $0) } }) {
            _ = Self.named(first, by: used)
            #expect(Self.named(second, by: used) == Self.named(second, by: RequestHead()))
        }
    }

    @Test("the authority of a target is not taken for the host in the field, nor a copy's for the last one's")
    func authority() {
        let head = RequestHead()
        #expect(Self.named("field", by: head, target: "http://Wanted:8/") == "wanted")
        #expect(Self.named("field", by: head) == "field")
        let copy = RequestHead()
        #expect(Self.named("other", by: copy) == "other")
        copy.copy(head)
        let (bytes, name) = (filled("GET / HTTP/1.1\r\nHost: field\r\n\r\n"), ByteBuffer(capacity: 0))
        copy.appendHostName(of: bytes, to: name)
        #expect(name.bytes == Array("field".utf8))
    }

    /// The host that a head finds in a request; `nil`: it refuses it.
    private static func named(_ host: String, by head: RequestHead, target: String = "/") -> String? {
        head.reset()
        var parser = HTTP1RequestParser()
        let bytes = filled("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        guard case .complete = parser.parse(bytes, into: head, limits: HeadLimits()) else { return nil }
        let name = ByteBuffer(capacity: 0)
        head.appendHostName(of: bytes, to: name)
        return String(decoding: name.bytes, as: UTF8.self)
    }
}
