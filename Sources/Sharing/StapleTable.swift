public import Net

/// Answers of OCSP responders: written by the checker, read by workers in handshakes.
///
/// A place for each certificate, found by its SHA-256: a `Seqlock`'s number, the second until which the
/// answer holds (0: there is none), its length, and its bytes.
public final class StapleTable: StapleSource {
    /// Longest answer; usual ones have 500 to 2,000 bytes.
    public static var byteMax: Int { 8 << 10 }

    private static var headSize: Int { 3 }
    private static var placeSize: Int { headSize + byteMax / 8 }

    private let memory: SharedMemory
    private let places: PlaceTable
    private var held = HeldPlaces()

    /// A table with a place for each that `places` has.
    public init(places: PlaceTable) throws(Errno) {
        self.places = places
        memory = try SharedMemory(count: places.capacity * StapleTable.placeSize)
    }

    /// This process serves with, or asks for, these certificates and no others.
    ///
    /// - Returns: false: there is no room for all of them.
    public func hold(_ fingerprints: [[UInt8]]) -> Bool {
        held.hold(fingerprints.map(StapleTable.mark)) { take($0) }
    }

    private func take(_ mark: Int) -> PlaceLease? {
        places.take(mark) { place, vacancy in
            guard case .foreign = vacancy else { return }
            let start = place * StapleTable.placeSize
            Seqlock(memory, start).write {
                memory.storeOrdered(start + 1, 0)
                memory.storeOrdered(start + 2, 0)
            }
        }
    }

    /// Puts an answer there. Only one process may write.
    ///
    /// - Parameter validUntil: in seconds of the wall clock.
    /// - Returns: false if it is too long, or there is no place.
    public func publish(_ bytes: [UInt8], validUntil: Int64, for fingerprint: [UInt8]) -> Bool {
        let mark = StapleTable.mark(fingerprint)
        if held[mark] == nil, let lease = take(mark) { held.add(mark, lease) }
        guard bytes.count <= StapleTable.byteMax, let found = held[mark] else { return false }
        let place = found * StapleTable.placeSize
        Seqlock(memory, place).write {
            memory.storeOrdered(place + 1, Int(validUntil))
            memory.storeOrdered(place + 2, bytes.count)
            memory.store(bytes, at: place + StapleTable.headSize)
        }
        return true
    }

    /// The answer for a certificate; `nil`: there is none that holds at this second of the wall clock.
    public func staple(for fingerprint: [UInt8], nowSeconds: Int64) -> [UInt8]? {
        let mark = StapleTable.mark(fingerprint)
        guard let found = held[mark] ?? places.find(mark) else { return nil }
        let place = found * StapleTable.placeSize
        let bytes = Seqlock(memory, place).read { _ -> [UInt8]? in
            guard memory.loadOrdered(place + 1) >= Int(nowSeconds) else { return nil }
            let count = min(max(memory.loadOrdered(place + 2), 0), StapleTable.byteMax)
            return memory.bytes(at: place + StapleTable.headSize, count: count)
        }
        return bytes ?? nil
    }

    private static func mark(_ fingerprint: [UInt8]) -> Int {
        var hash: UInt64 = 1
        for (index, byte) in fingerprint.prefix(8).enumerated() { hash |= UInt64(byte) << UInt64(index * 8) }
        return Int(bitPattern: UInt(hash))
    }
}
