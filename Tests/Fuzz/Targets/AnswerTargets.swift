import Core
import HTTP
import Net
import Status

/// What others answer, and what is small in what they send.
extension FuzzTarget {
    private static let jsonWords = [
        "{", "}", "[", "]", ",", ":", "\"", "\\u", "\\ud83d\\ude00", "\\\"", "true", "false", "null", "-0",
        "1e9",
        "0.5", "9223372036854775808", "\"weight\":", "\"down\":", " ", "\n",
    ]

    /// A JSON text is read to its end or refused, and not nested beyond what the stack holds.
    static let json = FuzzTarget(name: "json", words: jsonWords) { input, _ in
        guard (try? JSONReader.read(input.bytes)) != nil else { return }
        let padded = Array(" \n".utf8) + input.bytes + Array("\t ".utf8)
        try hold((try? JSONReader.read(padded)) != nil, "white space around it is refused")
        try hold((try? JSONReader.read(input.bytes + [0x7D])) == nil, "what stands behind it is read")
    }

    private static let nameWords = [
        "\u{C}\u{C}", "\0\u{1}\0\u{1}", "\0\u{5}\0\u{1}", "\0\u{1C}\0\u{1}", "\0\u{21}\0\u{1}", "\0\u{4}",
        "\u{3}www", "\u{7}example", "\0",
    ]

    /// A response of a name server says no more than it has room for, and is asked of no other name.
    static let nameAnswer = FuzzTarget(name: "name-answer", words: nameWords) { input, _ in
        guard let message = DNSMessage(response: input.bytes) else { return }
        // A record takes 11 bytes, besides its name and what it says.
        try hold(message.answers.count * 11 <= input.bytes.count, "\(message.answers.count) records")
        let (list, ttl) = message.addresses
        try hold(list.count <= message.answers.count && (0...86_400).contains(ttl), "\(list.count), \(ttl) s")
        let names = [message.name] + message.answers.map(\.owner)
        try hold(names.allSatisfy { $0.wire.count <= 255 && $0.wire.last == 0 }, "a name without an end")
    }

    private static let partWords = [
        "u=1", "i", "i=?0", ", ", ";", "100m", "99999999H", "application/grpc", "+proto", "127.0.0.1", "::1",
        "[::1]",
        ":80", "/8", "unix:/a", "Zm9v", "=", "\u{8}\u{1}", "\0\0\0\0\u{2}",
    ]

    /// Parts of fields and messages that have parsers of their own never trap.
    static let parts = FuzzTarget(name: "parts", words: partWords) { input, _ in
        let out = ByteBuffer(capacity: 16)
        let longest = try input.buffer.withReadable { (bytes) throws(Broken) -> Int in
            let priority = StreamPriority(bytes)
            guard priority.urgency <= 7 else { throw Broken(description: "urgency \(priority.urgency)") }
            _ = GRPCStatus.isCall(contentType: bytes)
            if let ms = GRPCTimeout.milliseconds(bytes), ms < 0 { throw Broken(description: "\(ms) ms") }
            _ = SocketAddress(ip: bytes, port: 1)
            _ = SocketAddress.parse(bytes, defaultPort: 1)
            _ = HostName.port(bytes)
            _ = Base64.decode(bytes, to: out)
            out.removeAll()
            _ = Base64.decodeLoosely(bytes, to: out)
            return out.count
        }
        try hold(longest <= input.bytes.count, "\(longest) bytes of base 64")
        _ = GRPCHealth.answer(input.bytes)
        for name in [ProxyProtocolValues.Name.value(0x20), .tls(0x21), .tlsVerification] {
            _ = ProxyProtocolValues.value(name, in: input.bytes)
        }
        let text = String(decoding: input.bytes, as: UTF8.self)
        _ = AddressRange(text)
        _ = try? HostAndPort(text, defaultPort: 1)
        if let exact = Digest.decodedBase64(input.bytes) {
            try hold(Digest.base64(exact) == input.bytes, "other digits than it was made of")
        }
    }
}
