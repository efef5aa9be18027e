public import Net

/// Servers of groups as the API has changed them: a text for each group, in memory that all processes share.
///
/// A place for each group, found by its name's hash: a mark, the number of its changes, and two texts. The
/// number says which of them holds; the other one is written by the next change, so that a process that is
/// killed at it leaves everything as it was. A text is a mark of the servers of the configuration that it
/// was made from, its length, its bytes.
public final class GroupMembers {
    /// Longest list of servers of a group.
    public static var byteMax: Int { 64 << 10 }

    private static var textSize: Int { 2 + byteMax / 8 }
    private static var placeSize: Int { 2 + 2 * textSize }
    /// Before the places: changes so far.
    private static var start: Int { 1 }

    private let memory: SharedMemory
    private let capacity: Int

    /// - Parameter capacity: groups that may be changed, over all reloads.
    public init(capacity: Int) throws(Errno) {
        self.capacity = capacity
        memory = try SharedMemory(count: GroupMembers.start + capacity * GroupMembers.placeSize)
    }

    /// The memory that a former binary used.
    public init(capacity: Int, adopting descriptor: Int32) throws(Errno) {
        self.capacity = capacity
        memory = try SharedMemory(
            adopting: descriptor, count: GroupMembers.start + capacity * GroupMembers.placeSize)
    }

    /// What a new binary needs to go on with the same lists.
    public var descriptor: Int32? { memory.descriptor }

    /// The numbers and words of this build; another build's may be laid out otherwise.
    public static var layout: Int { placeSize * 100 + GroupMember.wordCount }

    /// Changes so far, of any group.
    public var changes: Int { memory.load(0) }

    private func place(of group: String, claims: Bool) -> Int? {
        let found = memory.place(of: group, among: capacity, claims: claims) {
            GroupMembers.start + $0 * GroupMembers.placeSize
        }
        return found.map { GroupMembers.start + $0.place * GroupMembers.placeSize }
    }

    /// The text of a group; `nil`: it is as configured, or was configured otherwise when it was changed.
    public func text(of group: String, configured: String) -> String? {
        guard changes > 0, let place = place(of: group, claims: false) else { return nil }
        for _ in 0..<100 {
            let before = memory.load(place + 1, ordered: true)
            let start = GroupMembers.text(before, at: place)
            guard before != 0, memory.load(start, ordered: true) == SharedMemory.mark(of: configured) else {
                return nil
            }
            let count = min(max(memory.load(start + 1, ordered: true), 0), GroupMembers.byteMax)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 8)
            for word in 0..<(count + 7) / 8 {
                let number = UInt64(UInt(bitPattern: memory.load(start + 2 + word, ordered: true)))
                for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8))) }
            }
            guard memory.load(place + 1, ordered: true) == before else { continue }
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        return nil
    }

    /// Where the text stands that a change has written.
    private static func text(_ change: Int, at place: Int) -> Int { place + 2 + (change & 1) * textSize }

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
        let change = memory.load(place + 1) &+ 1
        let start = GroupMembers.text(change, at: place)
        memory.store(start, SharedMemory.mark(of: configured), ordered: true)
        memory.store(start + 1, bytes.count, ordered: true)
        for word in 0..<(bytes.count + 7) / 8 {
            var number: UInt64 = 0
            for index in 0..<8 where word * 8 + index < bytes.count {
                number |= UInt64(bytes[word * 8 + index]) << UInt64(index * 8)
            }
            memory.store(start + 2 + word, Int(bitPattern: UInt(number)), ordered: true)
        }
        memory.store(place + 1, change, ordered: true)
        memory.add(0, 1)
    }
}
