internal import Core

/// A domain name as messages carry it, without compression: labels behind their lengths, a zero at the
/// end, ASCII letters in lower case. RFC 1035 §3.1.
public struct DNSName: Hashable, Sendable {
    /// RFC 1035 §2.3.4, the zero at the end counted.
    static var wireMax: Int { 255 }
    /// RFC 1035 §2.3.4.
    static var labelMax: Int { 63 }

    /// Labels that a name has room for.
    static var labelsMax: Int { (wireMax - 1) / 2 }

    /// The name's bytes in a message.
    public let wire: [UInt8]

    /// Reads `www.example.org`; one dot at the end changes nothing.
    ///
    /// - Returns: `nil` for an empty or too long label or name, for spaces and control characters.
    public init?(_ text: String) {
        var bytes = text.utf8[...]
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        var wire: [UInt8] = []
        for label in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...DNSName.labelMax).contains(label.count) else { return nil }
            guard label.allSatisfy({ $0 > UInt8.space && $0 != 0x7F }) else { return nil }
            wire.append(UInt8(label.count))
            wire.append(contentsOf: label.lazy.map(\.asciiLowercased))
        }
        wire.append(0)
        guard wire.count <= DNSName.wireMax else { return nil }
        self.wire = wire
    }

    /// Labels with dots between; empty for the root.
    public var text: String {
        var labels: [String] = []
        var rest = wire[...]
        while let length = rest.popFirst(), length > 0 {
            labels.append(String(decoding: rest.prefix(Int(length)), as: UTF8.self))
            rest = rest.dropFirst(Int(length))
        }
        return labels.joined(separator: ".")
    }

    /// - Parameter wire: whole labels in lower case with a zero at the end.
    init(wire: [UInt8]) {
        self.wire = wire
    }
}
