import Net
import Testing

@Suite("Host and port") struct HostAndPortTests {
    @Test(
        "what is read",
        arguments: [("a", "a", 80), ("a.example.org:8080", "a.example.org", 8080), ("a:00081", "a", 81)])
    func reads(text: String, host: String, port: UInt16) throws {
        let found = try HostAndPort(text, defaultPort: 80)
        #expect(found.host == host)
        #expect(found.port == port)
    }

    @Test(
        "what is refused",
        arguments: [
            ("", HostAndPort.Fault.noHost), (":80", .noHost), ("a:b:80", .badPort), ("::1", .badPort),
            ("http://a", .badHost), ("a:80/", .badHost),
            ("[::1", .badHost), ("[::1]:80", .badHost), ("a:", .badPort), ("a:0", .badPort),
            ("a:65536", .badPort), ("a:+80", .badPort), ("a:-1", .badPort), ("a:8 0", .badPort),
            ("a:000080", .badPort),
        ])
    func refuses(text: String, fault: HostAndPort.Fault) {
        #expect(throws: fault) { try HostAndPort(text, defaultPort: 80) }
    }

    @Test("without a port of its own it needs one")
    func needsPort() {
        #expect(throws: HostAndPort.Fault.badPort) { try HostAndPort("a", defaultPort: 0) }
    }

    @Test(
        "taken apart",
        arguments: [
            ("a", "a", nil), ("a:1", "a", "1"), ("[::1]", "[::1]", nil), ("[::1]:1", "[::1]", "1"),
            ("a:b:1", "a:b", "1"), ("a:", "a", ""), ("", "", nil), (":1", "", "1"), ("]:", "]", ""),
        ])
    func takenApart(text: String, host: String, port: String?) {
        let (foundHost, foundPort) = HostAndPort.split(text)
        #expect(foundHost == host)
        #expect(foundPort.map { String($0) } == port)
    }
}
