import HTTP
import Net
import Testing

@testable import Proxy

@Suite("Addresses of PROXY headers") struct ProxyProtocolAddressTests {
    @Test(
        "text and bytes of both families are read",
        arguments: [
            (ProxyProtocolHeader.End.text("1.2.3.4", port: 80), "1.2.3.4:80"),
            (.text("2001:db8::1", port: 1), "[2001:db8::1]:1"), (.bytes([1, 2, 3, 4], port: 0), "1.2.3.4:0"),
            (
                .bytes([0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [7], port: 9),
                "[2001:db8::7]:9"
            ),
        ])
    func known(_ end: ProxyProtocolHeader.End, _ text: String) {
        #expect(SocketAddress(end)?.text == text)
    }

    @Test("what is no address is none", arguments: ["1.2.3", "", "app.test", "[::1]", "1.2.3.4:5"])
    func unknown(_ text: String) { #expect(SocketAddress(.text(text, port: 1)) == nil) }
}
