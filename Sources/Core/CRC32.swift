/// CRC-32 (ISO 3309, as zlib and nginx compute it), piece by piece.
public struct CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    private var state: UInt32 = .max

    /// The sum of no bytes yet.
    public init() {}

    /// Takes one byte more into the sum.
    public mutating func update(_ byte: UInt8) {
        state = CRC32.table[Int((state ^ UInt32(byte)) & 0xFF)] ^ state >> 8
    }

    /// Takes bytes into the sum, in order.
    public mutating func update(_ bytes: Span<UInt8>) {
        for index in bytes.indices { update(bytes[index]) }
    }

    /// Takes bytes into the sum, in order.
    public mutating func update(_ bytes: [UInt8]) {
        for byte in bytes { update(byte) }
    }

    /// The sum of all bytes so far.
    public var value: UInt32 { state ^ .max }
}
