internal import Core

/// Reads a message's fields one after the other. `nil` is returned where the bytes end too soon.
struct DNSReader {
    private let bytes: [UInt8]
    /// Where the next field begins.
    private(set) var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func number8() -> Int? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return Int(bytes[position])
    }

    mutating func number16() -> Int? {
        guard let high = number8(), let low = number8() else { return nil }
        return high << 8 | low
    }

    mutating func number32() -> Int? {
        guard let high = number16(), let low = number16() else { return nil }
        return high << 16 | low
    }

    /// The next eight bytes.
    mutating func number64() -> UInt64? {
        guard let high = number32(), let low = number32() else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }

    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, count <= bytes.count - position else { return false }
        position += count
        return true
    }

    /// The name that begins here. RFC 1035 §4.1.4.
    ///
    /// Each pointer must lead to before the labels that it ends, so that none can lead in a circle; there are
    /// no more of them than a name has room for labels, so that records cannot share one long way.
    mutating func name() -> DNSName? {
        var wire: [UInt8] = []
        var reader = self
        var start = position
        var end: Int?
        var pointersLeft = DNSName.labelsMax
        while let length = reader.number8() {
            switch length {
            case 0:
                wire.append(0)
                position = end ?? reader.position
                return DNSName(wire: wire)
            case 1...DNSName.labelMax:
                guard wire.count + 1 + length < DNSName.wireMax else { return nil }
                wire.append(UInt8(length))
                for _ in 0..<length {
                    guard let byte = reader.number8() else { return nil }
                    wire.append(UInt8(byte).asciiLowercased)
                }
            case 0xC0...:
                guard let low = reader.number8() else { return nil }
                let target = (length & 0x3F) << 8 | low
                pointersLeft -= 1
                guard target >= DNSMessage.headSize, target < start, pointersLeft >= 0 else { return nil }
                end = end ?? reader.position
                start = target
                reader.position = target
            default:
                return nil
            }
        }
        return nil
    }
}
