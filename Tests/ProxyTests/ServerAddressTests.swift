import Net
import Testing

@testable import Proxy

@Suite("Addresses of servers that are added") struct ServerAddressTests {
    @Test("addresses are taken, with port 80 where none is given")
    func addresses() {
        for (text, address) in [
            ("10.0.0.1", "10.0.0.1:80"), ("10.0.0.1:8000", "10.0.0.1:8000"), ("[::1]", "[::1]:80"),
            ("[2001:db8::1]:8443", "[2001:db8::1]:8443"), ("unix:/run/kong.sock", "unix:/run/kong.sock"),
        ] {
            guard case .address(let found)? = ServerAddress(text) else {
                Issue.record("\(text) is refused")
                continue
            }
            #expect(found.text == address)
        }
    }

    @Test("names are taken as they are (RFC 1123 2.1)")
    func names() {
        #expect(ServerAddress("kong") == .name(host: "kong", port: 80))
        #expect(ServerAddress("kong-1.example.com:8000") == .name(host: "kong-1.example.com", port: 8000))
        #expect(ServerAddress("_http._tcp.a.") == .name(host: "_http._tcp.a.", port: 80))
        #expect(ServerAddress("4.example") == .name(host: "4.example", port: 80))
    }

    @Test(
        "what is neither is refused",
        arguments: [
            "", ":", ":80", "a:", "a:0", "a:65536", "a:-1", "a:+1", "a:80:80", "10.0.0.1:0", "10.0.0.300",
            "10.0.0", "1", "::1", "[::1", "[::1]x", "[::1]:0", "a..b", ".a", ".", "-a", "a-", "a b", "a/b",
            "http://a", "a@b", "é", "unix:", "unix:run/x", String(repeating: "a", count: 64),
            String(repeating: "a.", count: 127) + "a",
        ])
    func refused(_ text: String) {
        #expect(ServerAddress(text) == nil)
    }

    @Test(
        "nothing can end a directive of the file that it is written into, or begin one",
        arguments: ["; ", "{", "}", "\"", "'", "\\", "#", "$", " ", "\t", "\n", "\r", "\0", "\u{7F}"])
    func injection(_ bytes: String) {
        #expect(ServerAddress("unix:/run/a\(bytes)b") == nil)
        #expect(ServerAddress("a\(bytes)b") == nil)
        #expect(ServerAddress("10.0.0.1\(bytes)") == nil)
    }
}
