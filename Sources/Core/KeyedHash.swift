/// A hash whose collisions nobody can make who does not know its key: SipHash-1-3.
public struct KeyedHash: Sendable {
    private let key: (UInt64, UInt64)

    /// - Parameter first: with `second`, a secret of 128 bits.
    public init(_ first: UInt64, _ second: UInt64) { key = (first, second) }

    /// The hash of these bytes.
    public func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var state = State(key)
        var index = 0
        while index + 8 <= bytes.count {
            state.take(bytes.littleEndian(at: index))
            index += 8
        }
        state.take(bytes.littleEndian(at: index) | UInt64(truncatingIfNeeded: bytes.count) << 56)
        return state.end()
    }

    private struct State {
        private var v0: UInt64
        private var v1: UInt64
        private var v2: UInt64
        private var v3: UInt64

        init(_ key: (UInt64, UInt64)) {
            v0 = key.0 ^ 0x736F_6D65_7073_6575
            v1 = key.1 ^ 0x646F_7261_6E64_6F6D
            v2 = key.0 ^ 0x6C79_6765_6E65_7261
            v3 = key.1 ^ 0x7465_6462_7974_6573
        }

        mutating func take(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        mutating func end() -> UInt64 {
            v2 ^= 0xFF
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }

        private mutating func round() {
            v0 &+= v1
            v2 &+= v3
            v1 = (v1 << 13 | v1 >> 51) ^ v0
            v3 = (v3 << 16 | v3 >> 48) ^ v2
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v1
            v0 &+= v3
            v1 = (v1 << 17 | v1 >> 47) ^ v2
            v3 = (v3 << 21 | v3 >> 43) ^ v0
            v2 = v2 << 32 | v2 >> 32
        }
    }
}

extension Span where Element == UInt8 {
    /// Eight bytes as a number, the first of them lowest; zeros stand for those beyond the end.
    @inlinable
    public func littleEndian(at start: Int) -> UInt64 {
        var number: UInt64 = 0
        let end = Swift.min(start + 8, count)
        var index = start
        var shift: UInt64 = 0
        while index < end {
            number |= UInt64(self[index]) << shift
            index += 1
            shift += 8
        }
        return number
    }
}
