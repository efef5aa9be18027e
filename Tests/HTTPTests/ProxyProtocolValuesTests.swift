import HTTP
import Testing

@Suite("Values of the PROXY protocol") struct ProxyProtocolValuesTests {
    private static func value(_ type: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [type, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    private static let tls =
        [0x07, 0, 0, 1, 2] + value(0x21, Array("TLSv1.2".utf8)) + value(0x22, Array("client".utf8))
    private static let all =
        value(0x01, Array("h2".utf8)) + value(0x05, [0xAB]) + value(0x20, tls) + value(0xE0, [])
        + value(0x01, Array("second".utf8))

    private func text(_ name: String, in values: [UInt8] = Self.all) -> String? {
        ProxyProtocolValues.name(name).flatMap { ProxyProtocolValues.value($0, in: values) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("by name and by number, also those about TLS")
    func found() {
        #expect(text("alpn") == "h2" && text("0x01") == "h2" && text("0x1") == "h2")
        #expect(
            text("ssl_version") == "TLSv1.2" && text("ssl_0x22") == "client" && text("ssl_cn") == "client")
        #expect(text("ssl_verify") == "258")
        #expect(text("0xe0") == "" && text("0xE0") == "")
        #expect(text("authority") == nil && text("ssl_cipher") == nil)
    }

    @Test("other names are none", arguments: ["", "0x", "0x123", "0xg0", "ssl_", "ssl_0x", "nothing", "1"])
    func unknown(name: String) {
        #expect(ProxyProtocolValues.name(name) == nil)
    }

    @Test("wherever the values are cut, what stands before is found, and nothing traps")
    func cut() {
        for count in 0...Self.all.count {
            let values = Array(Self.all.prefix(count))
            #expect(text("alpn", in: values) == (count >= 5 ? "h2" : nil))
            for name in ["unique_id", "ssl", "ssl_verify", "ssl_version", "ssl_cn", "0xe0"] {
                _ = text(name, in: values)
            }
        }
        // The one about TLS says that it is longer inside than it is.
        let liar = Self.value(0x20, [0, 0, 0, 0, 0, 0x21, 0xFF, 0xFF, 0x61])
        #expect(text("ssl_version", in: liar) == nil)
        #expect(text("ssl_verify", in: Self.value(0x20, [1, 2])) == nil)
    }
}
