internal import Core

/// Values behind the addresses of a PROXY header of version 2: type, length, value, one after the other.
///
/// - SeeAlso: The PROXY protocol, section 2.2.
public enum ProxyProtocolValues {
    /// Which of them is meant.
    public enum Name: Equatable, Sendable {
        /// The first of this type.
        case value(UInt8)
        /// The first of this type inside of the one about TLS.
        case tls(UInt8)
        /// Whether the client's certificate holds, as a number: 0 does.
        case tlsVerification
    }

    private static var tlsType: UInt8 { 0x20 }

    /// The value that a variable's name means; `nil`: none.
    public static func name(_ text: String) -> Name? {
        switch text {
        case "alpn": return .value(0x01)
        case "authority": return .value(0x02)
        case "unique_id": return .value(0x05)
        case "ssl": return .value(tlsType)
        case "netns": return .value(0x30)
        case "ssl_version": return .tls(0x21)
        case "ssl_cn": return .tls(0x22)
        case "ssl_cipher": return .tls(0x23)
        case "ssl_sig_alg": return .tls(0x24)
        case "ssl_key_alg": return .tls(0x25)
        case "ssl_verify": return .tlsVerification
        default:
            let isTLS = text.hasPrefix("ssl_0x")
            let digits = text.dropFirst(isTLS ? 6 : 2)
            guard isTLS || text.hasPrefix("0x"), 1...2 ~= digits.utf8.count,
                digits.utf8.allSatisfy({ $0.hexDigitValue != nil }), let type = UInt8(digits, radix: 16)
            else { return nil }
            return isTLS ? .tls(type) : .value(type)
        }
    }

    /// The value; `nil`: the header has none, or they are broken before it.
    public static func value(_ name: Name, in values: [UInt8]) -> ArraySlice<UInt8>? {
        switch name {
        case .value(let type): return first(type, in: values[...])
        case .tls(let type):
            // Flags and verification stand before what is inside.
            guard let tls = first(tlsType, in: values[...]), tls.count >= 5 else { return nil }
            return first(type, in: tls.dropFirst(5))
        case .tlsVerification:
            guard let tls = first(tlsType, in: values[...]), tls.count >= 5 else { return nil }
            let number = tls.dropFirst().prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return Array(String(number).utf8)[...]
        }
    }

    private static func first(_ type: UInt8, in values: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = values
        while rest.count >= 3 {
            let start = rest.startIndex
            let count = Int(rest[start + 1]) << 8 | Int(rest[start + 2])
            guard rest.count - 3 >= count else { return nil }
            let value = rest.dropFirst(3).prefix(count)
            if rest[start] == type { return value }
            rest = rest.dropFirst(3 + count)
        }
        return nil
    }
}
