import Core
import Net
import Testing

@Suite("Socket address") struct SocketAddressTests {
    @Test(
        "reads the forms of the configuration",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("127.0.0.1", "127.0.0.1:80"),
            ("0.0.0.0:65535", "0.0.0.0:65535"),
            ("[::1]:443", "[::1]:443"),
            ("[::1]", "[::1]:80"),
            ("[2001:DB8:0:0:0:0:0:1]:8", "[2001:db8::1]:8"),
            ("[::ffff:10.0.0.1]:8", "[::ffff:10.0.0.1]:8"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
        ])
    func reads(sample: String, wanted: String) {
        #expect(SocketAddress.parse(sample, defaultPort: 80)?.text == wanted)
    }

    @Test(
        "refuses what is not an address",
        arguments: [
            "", ":", ":80", "localhost", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:+80", "1.2.3.4:8 0",
            "1.2.3:80",
            "1.2.3.4.5:80", "256.1.1.1", "::1", "::1:80", "[::1", "[::1]80", "[::1]:", "[1.2.3.4]:80",
            "[]:80",
            "unix:", "1.2.3.4\u{0}:80", "1.2.3.4:000080", "[fe80::1%lo]:80",
        ])
    func refuses(sample: String) {
        #expect(SocketAddress.parse(sample, defaultPort: 80) == nil)
    }

    @Test("a UNIX path that the system would cut is refused")
    func longPath() {
        let path = "/" + String(repeating: "a", count: 106)
        #expect(SocketAddress.parse("unix:" + path, defaultPort: 0)?.text == "unix:" + path)
        #expect(SocketAddress.parse("unix:" + path + "b", defaultPort: 0) == nil)
    }

    @Test(
        "IPv6 is written in its shortest form (RFC 5952 4)",
        arguments: [
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:0db8::0001", "2001:db8::1"),
            ("::", "::"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("ABCD::", "abcd::"),
        ])
    func shortestForm(sample: String, wanted: String) {
        #expect(SocketAddress(ip: sample, port: 0)?.addressText == wanted)
    }

    @Test("the address stands without its port, a UNIX socket without its path")
    func addressText() throws {
        #expect(SocketAddress(ip: "10.1.2.3", port: 80)?.addressText == "10.1.2.3")
        let unix = try #require(SocketAddress.parse("unix:/a", defaultPort: 0))
        #expect(unix.addressText == "unix:")
        #expect(unix.port == nil)
        #expect(unix.family == .unix)
    }

    @Test("bytes are in network order")
    func networkOrder() throws {
        let four = try #require(SocketAddress(ip: "1.2.3.4", port: 80))
        #expect(four.withAddressBytes { $0.withUnsafeBufferPointer { Array($0) } } == [1, 2, 3, 4])
        let six = try #require(SocketAddress(ip: "102:304:506:708:90a:b0c:d0e:f10", port: 80))
        #expect(six.withAddressBytes { $0.withUnsafeBufferPointer { Array($0) } } == Array(1...16))
        #expect(SocketAddress(.unix("/a")).withAddressBytes { $0.count } == 0)
    }

    @Test("mapped IPv4 is recognised")
    func unmapped() throws {
        let mapped = try #require(SocketAddress(ip: "::ffff:10.0.0.1", port: 9))
        #expect(mapped.unmapped == SocketAddress(ip: "10.0.0.1", port: 9))
        let other = try #require(SocketAddress(ip: "::fffe:10.0.0.1", port: 9))
        #expect(other.unmapped == other)
    }

    @Test("addresses are equal with their port, and hash alike")
    func equality() {
        #expect(SocketAddress(ip: "10.0.0.1", port: 1) != SocketAddress(ip: "10.0.0.1", port: 2))
        let set: Set = [SocketAddress(ip: "::1", port: 1), SocketAddress(ip: "0::1", port: 1)]
        #expect(set.count == 1)
    }

    @Test("a numeric host resolves to itself, a name that cannot be to nothing")
    func resolves() {
        #expect(SocketAddress.resolve(host: "127.0.0.1", port: 81).map(\.text) == ["127.0.0.1:81"])
        #expect(SocketAddress.resolve(host: "no such host.invalid", port: 81).isEmpty)
    }
}

@Suite("Address range") struct AddressRangeTests {
    @Test(
        "contains what is inside and nothing else",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("192.168.1.77/24", "192.168.1.1", true),
            ("::1", "::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
            ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.0.0.0/8", "::ffff:11.1.1.1", false),
            ("::ffff:0:0/96", "::ffff:11.1.1.1", true),
            ("all", "10.0.0.1", true),
            ("all", "::1", true),
            ("unix:", "10.0.0.1", false),
        ])
    func contains(range: String, address: String, isInside: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(SocketAddress(ip: address, port: 1))
        #expect(range.contains(address) == isInside)
    }

    @Test("UNIX sockets are in `unix:` and `all` alone")
    func unix() throws {
        let address = SocketAddress(.unix("/run/a"))
        #expect(try #require(AddressRange("unix:")).contains(address))
        #expect(try #require(AddressRange("all")).contains(address))
        #expect(try !#require(AddressRange("0.0.0.0/0")).contains(address))
        #expect(AddressRange(address).contains(address))
    }

    @Test(
        "refuses what is not a range",
        arguments: [
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "10.0.0/8", "host",
            "10.0.0.0/8/8",
            "10.0.0.0/99999999999999999999", "ALL", "10.0.0.0/ 8",
        ])
    func refuses(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test("says when bits below the mask are set")
    func lowBits() {
        #expect(AddressRange("10.0.0.1/8")?.hasLowBits == true)
        #expect(AddressRange("10.0.0.0/8")?.hasLowBits == false)
        #expect(AddressRange("2001:db8::1/64")?.hasLowBits == true)
    }
}
