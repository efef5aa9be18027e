internal import HTTP
internal import Net

extension SocketAddress {
    /// An end that a PROXY header names; `nil`: what is written there is no address.
    init?(_ end: ProxyProtocolHeader.End) {
        switch end {
        case .text(let text, let port): self.init(ip: text, port: port)
        case .bytes(let bytes, let port):
            func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
            if bytes.count == 4 {
                self.init(.ipv4(UInt32(truncatingIfNeeded: number(bytes)), port: port))
            } else {
                self.init(.ipv6(high: number(bytes.prefix(8)), low: number(bytes.dropFirst(8)), port: port))
            }
        }
    }
}

extension ProxyProtocolHeader {
    /// Both ends, as far as there are any; `nil`: what is written for one of them is no address.
    var addresses: (source: SocketAddress?, destination: SocketAddress?)? {
        let found = (
            source: source.flatMap { SocketAddress($0) },
            destination: destination.flatMap { SocketAddress($0) }
        )
        guard (source == nil) == (found.source == nil), (destination == nil) == (found.destination == nil)
        else { return nil }
        return found
    }
}
