internal import Config
internal import Core

/// `split_clients`: a variable that has each of its values for a share of what a text comes to.
final class ClientShares {
    /// What decides: equal texts get equal values.
    let source: Template<Variable>
    /// Hashes below `end` get `value`; `nil`: all that are left.
    private var shares: [(end: UInt32?, value: [UInt8])] = []
    private var total = 0
    private var lastEnd: UInt64 = 0

    init(source: Template<Variable>) {
        self.source = source
    }

    /// Adds a value for so many hundredths of a percent; `nil`: for the rest.
    ///
    /// - Returns: false if that makes more than everything.
    func add(_ value: [UInt8], hundredths: Int?) -> Bool {
        guard let hundredths else {
            total = 10_000
            shares.append((nil, value))
            return true
        }
        total += hundredths
        guard total <= 10_000 else { return false }
        lastEnd += UInt64(hundredths) * 0xFFFF_FFFF / 10_000
        shares.append((UInt32(truncatingIfNeeded: lastEnd), value))
        return true
    }

    /// Appends the value for `exchange`; nothing if its hash is in no share.
    func append(for exchange: Exchange, to out: ByteBuffer) {
        let text = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(text) }
        source.append(for: exchange, to: text)
        let hash = text.withReadable { ClientShares.murmur2($0) }
        for index in shares.indices {
            guard let end = shares[index].end else { return out.append(shares[index].value) }
            if hash < end { return out.append(shares[index].value) }
        }
    }

    /// MurmurHash2 with seed 0, as nginx computes it.
    static func murmur2(_ bytes: Span<UInt8>) -> UInt32 {
        let factor: UInt32 = 0x5bd1_e995
        var hash = UInt32(truncatingIfNeeded: bytes.count)
        var index = 0
        while bytes.count - index >= 4 {
            var word: UInt32 = 0
            for offset in 0..<4 { word |= UInt32(bytes[index + offset]) << UInt32(8 * offset) }
            word = word &* factor
            word ^= word >> 24
            hash = (hash &* factor) ^ (word &* factor)
            index += 4
        }
        if index < bytes.count {
            for offset in 0..<(bytes.count - index) {
                hash ^= UInt32(bytes[index + offset]) << UInt32(8 * offset)
            }
            hash = hash &* factor
        }
        hash ^= hash >> 13
        hash = hash &* factor
        return hash ^ hash >> 15
    }
}
