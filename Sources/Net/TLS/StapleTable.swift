/// Answers of OCSP responders: written by the checker, read by workers in handshakes.
///
/// A place for each certificate, found by its SHA-256: a mark, a number that is odd while the place is
/// being written, the second until which the answer holds, its length, and its bytes.
public final class StapleTable {
    /// Longest answer; usual ones have 500 to 2,000 bytes.
    public static var byteMax: Int { 8 << 10 }

    private static var headSize: Int { 4 }
    private static var placeSize: Int { headSize + byteMax / 8 }

    private let memory: SharedMemory
    private let capacity: Int

    /// - Parameter capacity: certificates, over all reloads.
    public init(capacity: Int) throws(Errno) {
        self.capacity = capacity
        memory = try SharedMemory(count: capacity * StapleTable.placeSize)
    }

    /// Puts an answer there. Only one process may write.
    ///
    /// - Parameter validUntil: in seconds of the wall clock.
    /// - Returns: false if it is too long, or there is no place.
    public func publish(_ bytes: [UInt8], validUntil: Int64, for fingerprint: [UInt8]) -> Bool {
        guard bytes.count <= StapleTable.byteMax, let place = place(of: fingerprint, claims: true) else {
            return false
        }
        let sequence = memory.load(place + 1) | 1
        memory.store(place + 1, sequence, ordered: true)
        memory.store(place + 2, Int(validUntil), ordered: true)
        memory.store(place + 3, bytes.count, ordered: true)
        for word in 0..<(bytes.count + 7) / 8 {
            var number: UInt64 = 0
            for index in 0..<8 where word * 8 + index < bytes.count {
                number |= UInt64(bytes[word * 8 + index]) << UInt64(index * 8)
            }
            memory.store(place + StapleTable.headSize + word, Int(bitPattern: UInt(number)), ordered: true)
        }
        memory.store(place + 1, sequence &+ 1, ordered: true)
        return true
    }

    /// The answer for a certificate; `nil`: there is none that holds at this second of the wall clock.
    public func staple(for fingerprint: [UInt8], nowSeconds: Int64) -> [UInt8]? {
        guard let place = place(of: fingerprint, claims: false) else { return nil }
        for _ in 0..<100 {
            let before = memory.load(place + 1, ordered: true)
            guard before & 1 == 0 else { continue }
            guard before > 0, memory.load(place + 2, ordered: true) >= Int(nowSeconds) else { return nil }
            let count = min(max(memory.load(place + 3, ordered: true), 0), StapleTable.byteMax)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 8)
            for word in 0..<(count + 7) / 8 {
                let place = place + StapleTable.headSize + word
                let number = UInt64(UInt(bitPattern: memory.load(place, ordered: true)))
                for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8))) }
            }
            guard memory.load(place + 1, ordered: true) == before else { continue }
            return Array(bytes.prefix(count))
        }
        return nil
    }

    private func place(of fingerprint: [UInt8], claims: Bool) -> Int? {
        var hash: UInt64 = 1
        for (index, byte) in fingerprint.prefix(8).enumerated() { hash |= UInt64(byte) << UInt64(index * 8) }
        let mark = Int(bitPattern: UInt(hash))
        for step in 0..<capacity {
            let place = (Int((hash >> 1) % UInt64(capacity)) + step) % capacity * StapleTable.placeSize
            let found = memory.load(place)
            if found == mark { return place }
            guard found == 0 else { continue }
            guard claims else { return nil }
            if memory.exchange(place, expected: 0, with: mark) || memory.load(place) == mark { return place }
        }
        return nil
    }
}
