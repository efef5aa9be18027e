/// The `server_name` extension of a ClientHello: RFC 6066 §3.
enum ServerNameExtension {
    /// The host name in it, as the client sent it.
    ///
    /// - Returns: `nil` if there is none, or the extension is not well-formed: OpenSSL refuses that itself.
    static func hostName(_ bytes: Span<UInt8>) -> [UInt8]? {
        guard bytes.count >= 5 else { return nil }
        let listCount = Int(bytes[0]) << 8 | Int(bytes[1])
        let nameCount = Int(bytes[3]) << 8 | Int(bytes[4])
        // One entry of type host_name (0) fills the list.
        guard listCount == bytes.count - 2, bytes[2] == 0, nameCount == bytes.count - 5 else { return nil }
        guard (1...255).contains(nameCount) else { return nil }
        var name: [UInt8] = []
        name.reserveCapacity(nameCount)
        for index in 5..<bytes.count {
            guard bytes[index] != 0 else { return nil }
            name.append(bytes[index])
        }
        return name
    }
}
