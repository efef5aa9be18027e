internal import Core

/// The addresses of names that the machine's administrator wrote down: hosts(5).
public struct HostsFile: Sendable {
    /// Bytes of the largest file that is read.
    private static var sizeMax: Int { 4 << 20 }

    /// By names in lower case, in the file's order.
    private var table: [String: [SocketAddress]] = [:]

    /// Lines of an address and names; what cannot be read is passed over.
    public init(text: String) {
        for line in text.utf8.split(whereSeparator: { $0 == .lineFeed || $0 == .carriageReturn }) {
            let words = line.prefix { $0 != UInt8(ascii: "#") }.split { $0 == .space || $0 == .tab }
            guard let first = words.first else { continue }
            guard let address = SocketAddress(ip: String(decoding: first, as: UTF8.self), port: 0) else {
                continue
            }
            for word in words.dropFirst() {
                let name = HostsFile.key(word)
                if table[name]?.contains(address) != true { table[name, default: []].append(address) }
            }
        }
    }

    /// Those of `name`, letters compared without case, in the file's order; their port is 0.
    public func addresses(of name: String) -> [SocketAddress] {
        table[HostsFile.key(name.utf8[...])] ?? []
    }

    /// `/etc/hosts`; empty if it cannot be read.
    public static func system() -> HostsFile {
        let bytes = try? FileAccess.readWhole("/etc/hosts", limit: sizeMax)
        return HostsFile(text: String(decoding: bytes ?? [], as: UTF8.self))
    }

    /// Without a dot at the end, and in lower case.
    private static func key(_ name: Substring.UTF8View) -> String {
        let end = name.last == UInt8(ascii: ".") ? name.dropLast() : name
        return String(decoding: end.map(\.asciiLowercased), as: UTF8.self)
    }
}
