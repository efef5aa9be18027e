internal import Core
internal import Net

/// The address in `"server"`: where to connect to, or a name that has to be looked up first.
enum ServerAddress: Equatable {
    case address(SocketAddress)
    case name(host: String, port: UInt16)

    /// Reads `1.2.3.4:80`, `[::1]:80`, `unix:/path`, `name:80`; without a port it is 80.
    ///
    /// Stricter than the configuration's own `server`: this comes from the network and is written into a
    /// file of directives, where nothing in it may end one or begin another.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) && !ServerAddress.isSyntax($0) }) else {
            return nil
        }
        if let address = SocketAddress.parse(text, defaultPort: 80) {
            if case .unix(let path) = address.kind {
                guard path.hasPrefix("/") else { return nil }
            } else if address.port == 0 {
                return nil
            }
            self = .address(address)
            return
        }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first, ServerAddress.isName(host) else { return nil }
        var port: UInt16 = 80
        if parts.count == 2 {
            guard parts[1].allSatisfy(\.isASCIIDigit),
                let given = UInt16(String(decoding: parts[1], as: UTF8.self)), given > 0
            else { return nil }
            port = given
        }
        self = .name(host: String(decoding: host, as: UTF8.self), port: port)
    }

    /// Bytes that mean something in a configuration file.
    private static func isSyntax(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ";"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "#"), UInt8(ascii: "$"):
            return true
        default: return false
        }
    }

    /// Labels as in RFC 1123 §2.1, with the underscore that service names have. What ends in a number is
    /// meant as an IPv4 address, and was not one.
    private static func isName(_ host: ArraySlice<UInt8>) -> Bool {
        guard host.count <= 253 else { return false }
        let isRooted = host.last == UInt8(ascii: ".")
        let labels = (isRooted ? host.dropLast() : host)
            .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = labels.last, !last.allSatisfy(\.isASCIIDigit) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    $0.isASCIIAlpha || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }
}
