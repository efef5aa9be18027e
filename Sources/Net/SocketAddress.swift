/// Where a socket is bound or connected: an IPv4 or IPv6 address with a port, or a UNIX path.
public struct SocketAddress: Hashable, Sendable {
    /// An address of each family.
    public enum Kind: Hashable, Sendable {
        /// Host byte order; `high` and `low` are the address's first and last eight bytes.
        case ipv4(UInt32, port: UInt16)
        case ipv6(high: UInt64, low: UInt64, port: UInt16)
        case unix(String)
    }

    /// The protocols that an address can belong to.
    public enum Family: Sendable {
        case ipv4, ipv6, unix
    }

    /// The address itself.
    public let kind: Kind

    /// An address from its parts.
    public init(_ kind: Kind) {
        self.kind = kind
    }

    // MARK: Parts

    /// The protocol's family.
    public var family: Family {
        switch kind {
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        case .unix: .unix
        }
    }

    /// `nil` for a UNIX socket.
    public var port: UInt16? {
        switch kind {
        case .ipv4(_, let port), .ipv6(_, _, let port): port
        case .unix: nil
        }
    }

    /// Whether it is written in brackets.
    public var isIPv6: Bool { family == .ipv6 }

    /// No particular address: `0.0.0.0`, `::`.
    public var isWildcard: Bool {
        switch kind {
        case .ipv4(let address, _): address == 0
        case .ipv6(let high, let low, _): high == 0 && low == 0
        case .unix: false
        }
    }

    /// The same address with another port.
    public func with(port: UInt16) -> SocketAddress {
        switch kind {
        case .ipv4(let address, _): SocketAddress(.ipv4(address, port: port))
        case .ipv6(let high, let low, _): SocketAddress(.ipv6(high: high, low: low, port: port))
        case .unix: self
        }
    }

    /// `::ffff:1.2.3.4` as `1.2.3.4`; any other address as it is.
    public var unmapped: SocketAddress {
        if case .ipv6(0, let low, let port) = kind, low >> 32 == 0xFFFF {
            return SocketAddress(.ipv4(UInt32(truncatingIfNeeded: low), port: port))
        }
        return self
    }

    /// The address's 4 or 16 bytes in network order; none for a UNIX socket.
    public func withAddressBytes<R>(_ body: (Span<UInt8>) -> R) -> R {
        var bytes = InlineArray<16, UInt8>(repeating: 0)
        var count = 0
        switch kind {
        case .ipv4(let address, _):
            for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: address >> UInt32(24 - 8 * index)) }
            count = 4
        case .ipv6(let high, let low, _):
            for index in 0..<8 {
                bytes[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
                bytes[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
            }
            count = 16
        case .unix:
            break
        }
        return body(bytes.span.extracting(0..<count))
    }
}
