public import Net

/// What lookups through each `resolver` with a `status_zone` came to, for all processes.
///
/// A place for each zone, found by its name, so that a reload finds it again. Lookups are rare: processes
/// add to the same numbers.
public final class ResolverTable {
    fileprivate static var placeSize: Int { 16 }

    private let memory: SharedMemory
    private let places: PlaceTable

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
public struct ResolverTally: LookupTally {
    fileprivate let memory: SharedMemory
    fileprivate let lease: PlaceLease
    fileprivate let start: Int

    /// Behind all endings that there may ever be.
    private var services: Int { start + ResolverTable.placeSize - 1 }

    /// A name is looked up.
    public func began(isService: Bool) { memory.add(isService ? services : start, 1) }

    /// A lookup is over.
    public func ended(_ ending: LookupEnding) { memory.add(start + 1 + ending.rawValue, 1) }

    /// Names whose addresses were looked up; names of addresses never are.
    public var nameCount: Int { memory.load(start) }

    /// Names whose service records were looked up.
    public var serviceCount: Int { memory.load(services) }

    /// Lookups that ended so.
    public subscript(ending: LookupEnding) -> Int { memory.load(start + 1 + ending.rawValue) }
}
