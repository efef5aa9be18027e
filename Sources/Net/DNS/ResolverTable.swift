/// What lookups through each `resolver` with a `status_zone` came to, for all processes.
///
/// A place for each zone, found by its name, so that a reload finds it again. Lookups are rare: processes
/// add to the same numbers.
public final class ResolverTable {
    /// One number of a zone.
    public enum Count: Int, CaseIterable, Sendable {
        /// Names that were looked up; service records and names of addresses never are.
        case names
        /// Lookups by what they ended with: an RCODE of RFC 1035 §4.1.1, no answer in time, or anything else.
        case noError, formatError, serverFailure, noSuchName, notImplemented, refused, timedOut, unknown

        init(code: Int) {
            switch code {
            case 1: self = .formatError
            case DNSQuestion.serverFailure: self = .serverFailure
            case DNSQuestion.hostNotFound: self = .noSuchName
            case 4: self = .notImplemented
            case 5: self = .refused
            case Int(Errno.timedOut.code): self = .timedOut
            default: self = .unknown
            }
        }
    }

    private static var placeSize: Int { 16 }

    private let memory: SharedMemory
    private let places: PlaceTable

    /// A table that no other process can use.
    public convenience init(capacity: Int) throws(Errno) {
        try self.init(places: try PlaceTable(capacity: capacity))
    }

    /// A table with a place for each that `places` has.
    public init(places: PlaceTable) throws(Errno) {
        self.places = places
        memory = try SharedMemory(count: places.capacity * ResolverTable.placeSize)
    }

    /// Where the lookups of a zone are counted; `nil`: the table is full.
    public func tally(named zone: String) -> ResolverTally? {
        let lease = places.take(named: zone) { place, vacancy in
            guard case .foreign = vacancy else { return }
            for number in 0..<ResolverTable.placeSize {
                memory.store(place * ResolverTable.placeSize + number, 0)
            }
        }
        return lease.map {
            ResolverTally(memory: memory, lease: $0, start: $0.place * ResolverTable.placeSize)
        }
    }
}

/// The numbers of one zone.
public struct ResolverTally {
    fileprivate let memory: SharedMemory
    fileprivate let lease: PlaceLease
    fileprivate let start: Int

    func add(_ count: ResolverTable.Count) { memory.add(start + count.rawValue, 1) }

    /// A number as it is now.
    public subscript(count: ResolverTable.Count) -> Int { memory.load(start + count.rawValue) }
}
