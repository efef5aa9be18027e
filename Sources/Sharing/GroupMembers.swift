public import Net

/// Servers of groups as the API has changed them: a text for each group, in memory that all processes share.
///
/// A place for each group, found by its name: the number of its changes, and two texts. The
/// number says which of them holds; the other one is written by the next change, so that a process that is
/// killed at it leaves everything as it was. A text is a mark of the servers of the configuration that it
/// was made from, its length, its bytes.
public final class GroupMembers {
    /// Longest list of servers of a group.
    public static var byteMax: Int { 64 << 10 }

    private static var textSize: Int { 2 + byteMax / 8 }
    private static var placeSize: Int { 1 + 2 * textSize }
    /// Before the places: changes so far.
    private static var start: Int { 1 }

    private let memory: SharedMemory
    private let places: PlaceTable
    private var held = HeldPlaces()

    /// A table with a place for each that `places` has.
    public init(places: PlaceTable) throws(Errno) {
        self.places = places
        memory = try SharedMemory(count: GroupMembers.count(places.capacity))
    }

    /// The memory that a former binary used.
    public init(places: PlaceTable, adopting descriptor: Int32) throws(Errno) {
        self.places = places
        memory = try SharedMemory(adopting: descriptor, count: GroupMembers.count(places.capacity))
    }

    private static func count(_ capacity: Int) -> Int { start + capacity * placeSize }

    /// What a new binary needs to go on with the same lists.
    public var descriptor: Int32? { memory.descriptor }

    /// The numbers of this build; another build's may be laid out otherwise.
    public static var layout: Int { placeSize }

    /// Changes so far, of any group.
    public var changes: Int { memory.load(0) }

    /// This process serves these groups and no others, and needs the lists of those that have one.
    public func hold(_ groups: some Sequence<String>) {
        _ = held.hold(groups.map { SharedMemory.mark(of: $0) }) { take($0, claims: false) }
    }

    private func take(_ mark: Int, claims: Bool) -> PlaceLease? {
        places.take(mark, claims: claims) { place, vacancy in
            guard case .foreign = vacancy else { return }
            let start = GroupMembers.start + place * GroupMembers.placeSize
            // No configuration's: whoever reads a text finds that it is not the one that it looks for.
            for change in 0...1 { memory.storeOrdered(GroupMembers.text(change, at: start), 0) }
            memory.storeOrdered(start, memory.load(start) &+ 1)
        }
    }

    private func place(of group: String, claims: Bool) -> Int? {
        let mark = SharedMemory.mark(of: group)
        if claims, held[mark] == nil, let lease = take(mark, claims: true) { held.add(mark, lease) }
        let found = held[mark] ?? (claims ? nil : places.find(mark))
        return found.map { GroupMembers.start + $0 * GroupMembers.placeSize }
    }

    /// The text of a group; `nil`: it is as configured, or was configured otherwise when it was changed.
    public func text(of group: String, configured: String) -> String? {
        guard changes > 0, let place = place(of: group, claims: false) else { return nil }
        let bytes = Seqlock(memory, place).read(alternates: true) { change -> [UInt8]? in
            let start = GroupMembers.text(change, at: place)
            guard change != 0, memory.loadOrdered(start) == SharedMemory.mark(of: configured) else {
                return nil
            }
            let count = min(max(memory.loadOrdered(start + 1), 0), GroupMembers.byteMax)
            return memory.bytes(at: start + 2, count: count)
        }
        return (bytes ?? nil).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Where the text stands that a change has written.
    private static func text(_ change: Int, at place: Int) -> Int { place + 1 + (change & 1) * textSize }

    /// What became of a change.
    public enum Outcome: Equatable, Sendable {
        case done
        /// There is no room for so many servers or groups.
        case full
        /// Another process was at it all the time.
        case busy
    }

    /// How long a change waits for another one to be done.
    private static var patienceMs: Int { 2000 }

    /// Changes the text of a group while no other process changes any.
    ///
    /// - Parameters:
    ///   - change: makes the new text of the old one; what it throws leaves all as it was, and so does `nil`.
    ///   - keep: puts the new text where it lasts, before anybody sees it, also one that is the old one; what
    ///     it throws leaves all as it was.
    public func update<Failure: Error>(
        _ group: String, configured: String, _ change: (String?) throws(Failure) -> String?,
        keep: ((String) throws(Failure) -> Void)? = nil
    ) throws(Failure) -> Outcome {
        guard memory.lock(withinMs: GroupMembers.patienceMs) else { return .busy }
        defer { memory.unlock() }
        let former = text(of: group, configured: configured)
        guard let next = try change(former), keep != nil || next != former else { return .done }
        let bytes = Array(next.utf8)
        guard bytes.count <= GroupMembers.byteMax, let place = place(of: group, claims: true) else {
            return .full
        }
        if let keep { try keep(next) }
        write(bytes, at: place, configured)
        return .done
    }

    private func write(_ bytes: [UInt8], at place: Int, _ configured: String) {
        let change = memory.load(place) &+ 1
        let start = GroupMembers.text(change, at: place)
        memory.storeOrdered(start, SharedMemory.mark(of: configured))
        memory.storeOrdered(start + 1, bytes.count)
        memory.store(bytes, at: start + 2)
        memory.storeOrdered(place, change)
        memory.add(0, 1)
    }
}
