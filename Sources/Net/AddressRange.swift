internal import Core

/// Addresses that `allow`, `deny` and `set_real_ip_from` name: a network, UNIX sockets, or all.
public struct AddressRange: Sendable, Equatable {
    private enum Kind: Equatable {
        case all
        case unix
        case ipv4(UInt32, mask: UInt32)
        case ipv6(high: UInt64, low: UInt64, highMask: UInt64, lowMask: UInt64)
    }

    private let kind: Kind
    /// Bits below the mask were set in the text: nginx warns of them.
    public let hasLowBits: Bool

    /// Reads `10.0.0.0/8`, `::1`, `unix:` or `all`.
    public init?(_ text: String) {
        if text == "all" || text == "unix:" {
            (kind, hasLowBits) = (text == "all" ? .all : .unix, false)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first,
            let address = SocketAddress(ip: String(first), port: 0)
        else {
            return nil
        }
        let bits: Int?
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy(\.isASCIIDigit), let given = Int(parts[1]) else { return nil }
            bits = given
        } else {
            bits = nil
        }
        switch address.kind {
        case .ipv4(let value, _):
            guard bits ?? 32 <= 32 else { return nil }
            let mask = AddressRange.mask32(bits ?? 32)
            kind = .ipv4(value & mask, mask: mask)
            hasLowBits = value & ~mask != 0
        case .ipv6(let high, let low, _):
            let count = bits ?? 128
            guard count <= 128 else { return nil }
            let highMask = AddressRange.mask64(min(count, 64))
            let lowMask = AddressRange.mask64(max(count - 64, 0))
            kind = .ipv6(high: high & highMask, low: low & lowMask, highMask: highMask, lowMask: lowMask)
            hasLowBits = high & ~highMask != 0 || low & ~lowMask != 0
        case .unix:
            return nil
        }
    }

    /// One address alone.
    public init(_ address: SocketAddress) {
        hasLowBits = false
        switch address.kind {
        case .ipv4(let value, _): kind = .ipv4(value, mask: .max)
        case .ipv6(let high, let low, _): kind = .ipv6(high: high, low: low, highMask: .max, lowMask: .max)
        case .unix: kind = .unix
        }
    }

    private static func mask32(_ bits: Int) -> UInt32 { bits == 0 ? 0 : UInt32.max << UInt32(32 - bits) }
    private static func mask64(_ bits: Int) -> UInt64 { bits == 0 ? 0 : UInt64.max << UInt64(64 - bits) }

    /// IPv4 addresses mapped into IPv6 are judged by IPv4 ranges, as in nginx; an IPv6 range judges them
    /// as they are written.
    public func contains(_ address: SocketAddress) -> Bool {
        switch kind {
        case .all: return true
        case .unix: return address.family == .unix
        case .ipv4(let network, let mask):
            guard case .ipv4(let value, _) = address.unmapped.kind else { return false }
            return value & mask == network
        case .ipv6(let high, let low, let highMask, let lowMask):
            guard case .ipv6(let valueHigh, let valueLow, _) = address.kind else { return false }
            return valueHigh & highMask == high && valueLow & lowMask == low
        }
    }
}
