extension DifferentialGroup {
    private static func ask(_ header: [UInt8]) -> Ask {
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return Ask(pieces: [header + Array(request.utf8)], methods: ["GET"])
    }

    private static func ask(_ header: String) -> Ask { ask(Array(header.utf8)) }

    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> Ask {
        let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
        return ask(signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 0xFF)] + rest)
    }

    static var proxyProtocol: DifferentialGroup {
        let ports: [UInt8] = [0x30, 0x39, 0x00, 0x50]
        let six: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11)
        return DifferentialGroup(
            name: "proxy_protocol",
            http: #"""
                server { listen 127.0.0.1:%PORT1% proxy_protocol;
                    set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;
                    location / { return 200 "$proxy_protocol_addr|$proxy_protocol_port|$proxy_protocol_server_addr|$proxy_protocol_server_port|$remote_addr|$remote_port\n"; } }
                """#,
            expectedAlarms: ["broken header", "unknown PROXY protocol version"],
            cases: [
                .init("version 1", ask("PROXY TCP4 1.2.3.4 5.6.7.8 12345 80\r\n")),
                .init("version 1, IPv6", ask("PROXY TCP6 2001:db8::1 ::1 12345 80\r\n")),
                .init("no header", .get("/")).whateverTheEnd,
                .init("a word too few", ask("PROXY TCP4 1.2.3.4 5.6.7.8 12345\r\n")).whateverTheEnd,
                .init("a port too large", ask("PROXY TCP4 1.2.3.4 5.6.7.8 70000 80\r\n")).whateverTheEnd,
                .init("an unknown protocol", ask("PROXY UDP4 1.2.3.4 5.6.7.8 12345 80\r\n")).whateverTheEnd,
                .init("version 2", binary(0x21, 0x11, [1, 2, 3, 4, 5, 6, 7, 8] + ports)),
                .init("version 2, IPv6", binary(0x21, 0x21, six + [1] + six + [2] + ports)),
                .init(
                    "version 2 with further values",
                    binary(0x21, 0x11, [1, 2, 3, 4, 5, 6, 7, 8] + ports + [4, 0, 1, 0])),
                .init("version 3", binary(0x31, 0x11, [1, 2, 3, 4, 5, 6, 7, 8] + ports)).whateverTheEnd,
                .init("version 2, too short", binary(0x21, 0x11, [1, 2, 3, 4])).whateverTheEnd,
            ])
    }
}
