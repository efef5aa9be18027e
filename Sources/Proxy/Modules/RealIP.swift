internal import Config
internal import Core
internal import HTTP
internal import Net

/// `set_real_ip_from`, `real_ip_header`: takes the client's address from what a trusted proxy says.
enum RealIP {
    /// Replaces `exchange.remoteAddress`, once a request: a second call changes nothing after the first
    /// that did.
    static func apply(_ exchange: Exchange) {
        guard !exchange.location.settings.realIP.trusted.elements.isEmpty,
            exchange.remoteAddress == exchange.client.remoteAddress
        else { return }
        let settings = exchange.location.settings.realIP
        switch settings.source {
        case .proxyProtocol:
            if trustsPeer(exchange), let address = exchange.client.proxyProtocolAddress {
                exchange.remoteAddress = address
            }
        case .xRealIP:
            walk(exchange, settings) { field, _ in field.known == .xRealIP }
        case .xForwardedFor:
            walk(exchange, settings) { field, _ in field.known == .xForwardedFor }
        case .field(let name):
            walk(exchange, settings) { field, bytes in
                bytes.withBytes(of: field.name) { equalsLowercased($0, name) }
            }
        }
    }

    /// Whether the other end of the connection is one of `set_real_ip_from`.
    static func trustsPeer(_ exchange: Exchange) -> Bool {
        isTrusted(exchange.client.remoteAddress, by: exchange.location.settings.realIP.trusted.elements)
    }

    /// Goes through the lines of a field, the last first: each next one only if the one behind it was
    /// trusted to its first address.
    private static func walk(
        _ exchange: Exchange, _ settings: RealIPSettings, _ isWanted: (Field, ByteBuffer) -> Bool
    ) {
        let trusted = settings.trusted.elements
        var address = exchange.remoteAddress
        for field in exchange.head.fields.reversed() where isWanted(field, exchange.headBytes) {
            let end = exchange.headBytes.withBytes(of: field.value) {
                ForwardedAddresses.walk(
                    $0, from: &address, isRecursive: settings.isRecursive,
                    isTrusted: { isTrusted($0, by: trusted) }, parse: { RealIP.address(in: $0) })
            }
            guard end == .exhausted else { break }
        }
        exchange.remoteAddress = address
    }

    /// The address that a field names: an IP address, or one with a port. As in nginx a port is not 0, and
    /// nobody comes from a UNIX socket of another machine.
    static func address(in text: Span<UInt8>) -> SocketAddress? {
        // The longest is [IPv6]:port.
        guard text.count >= 2, text.count <= 64 else { return nil }
        if let address = SocketAddress(ip: text, port: 0) { return address }
        guard let address = SocketAddress.parse(text, defaultPort: 0), let port = address.port, port > 0
        else { return nil }
        return address
    }

    private static func isTrusted(_ address: SocketAddress, by ranges: [AddressRange]) -> Bool {
        for index in ranges.indices where ranges[index].contains(address) { return true }
        return false
    }
}
