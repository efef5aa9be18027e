internal import Core
internal import Net

/// Slots of shared memory that are found by keys of any bytes, for all processes: what `limit_req_zone` and
/// `limit_conn_zone` keep, and `sticky learn`.
///
///     mutex | what this is | free, newest, oldest | counts | users | heads | slots | the table's own
///     slot: link | neighbours in age | length and hash of the key | values | key
///
/// Slots are numbered from 1; 0 is none. The link says which slot follows in the chain, which one holds more
/// of the key, and whether a key begins here at all. Everything but the counts is touched under the mutex
/// alone; who finds that a holder died in the middle of a change builds chains and ages anew from the slots.
final class KeySlots {
    /// How a table lays its slots out, in numbers of 64 bits.
    struct Shape {
        let slotSize: Int
        let valueCount: Int
        /// Of the table's own, behind the slots, for so many slots.
        let extra: @Sendable (Int) -> Int
    }

    private enum Place {
        static var identity: Int { 8 }
        static var secret: Int { 9 }
        /// Slots that have ever been used; the others' memory was never touched.
        static var used: Int { 11 }
        static var free: Int { 12 }
        static var newest: Int { 13 }
        static var oldest: Int { 14 }
        /// Slots that are in use.
        static var taken: Int { 15 }
        /// A change is being made.
        static var changing: Int { 16 }
        static var counts: Int { 24 }
        static var users: Int { 32 }
        static var heads: Int { 48 }
    }

    /// Processes that may be noted as users.
    static var usersMax: Int { (Place.heads - Place.users) * 64 }
    /// Longest key.
    static var keyMax: Int { 65_535 }
    /// How long one waits for another to make its change, which takes less than a microsecond. Only a holder
    /// that was stopped takes longer; the next ones do not wait for it again.
    private static var patienceMs: Int { 50 }
    private static var capacityMax: Int { 1 << 30 }
    private static var slotMask: Int { 1 << 31 - 1 }
    private static var keyMark: Int { 1 << 62 }
    private static var linkSize: Int { 1 }
    private static var headSize: Int { 3 }

    let memory: SharedMemory
    /// Slots that there are.
    let capacity: Int
    private let slotSize: Int
    private let valueCount: Int
    private let headCount: Int
    private let slotStart: Int
    private let hash: KeyedHash
    private var patienceMs = KeySlots.patienceMs

    /// New slots, or those that another process has.
    ///
    /// - Parameters:
    ///   - label: says what they are, so that nobody takes others for them.
    ///   - byteCount: of slots; what leads to them comes on top.
    init(_ shape: Shape, label: String, byteCount: Int, adopting descriptor: Int32?) throws(Errno) {
        slotSize = shape.slotSize
        valueCount = shape.valueCount
        capacity = min(max(byteCount / (slotSize * 8), 1), KeySlots.capacityMax)
        var heads = 1
        while heads < capacity { heads *= 2 }
        headCount = heads
        slotStart = Place.heads + heads
        let count = slotStart + capacity * slotSize + shape.extra(capacity)
        if let descriptor {
            memory = try SharedMemory(adopting: descriptor, count: count)
            guard memory.load(Place.identity) == SharedMemory.mark(of: label) else { throw .invalidArgument }
        } else {
            memory = try SharedMemory(count: count)
            try memory.makeMutex(at: 0)
            guard let secret = Digest.randomBytes(16) else { throw .current }
            memory.store(Place.secret, Int(bitPattern: UInt(secret.span.littleEndian(at: 0))))
            memory.store(Place.secret + 1, Int(bitPattern: UInt(secret.span.littleEndian(at: 8))))
            memory.storeOrdered(Place.identity, SharedMemory.mark(of: label))
        }
        hash = KeyedHash(
            UInt64(UInt(bitPattern: memory.load(Place.secret))),
            UInt64(UInt(bitPattern: memory.load(Place.secret + 1))))
    }

    /// What memory that was handed over was made for; `nil`: it is no table's.
    static func identity(of descriptor: Int32) -> Int? {
        guard let copy = Socket.duplicate(descriptor),
            let memory = try? SharedMemory(adopting: copy, count: Place.heads)
        else { return nil }
        return memory.load(Place.identity)
    }

    // MARK: The mutex

    /// Takes the mutex.
    ///
    /// - Returns: false: another process holds it all the time, and nothing may be touched.
    func enter(_ mend: () -> Void = {}) -> Bool {
        switch memory.lockMutex(at: 0, patienceMs: patienceMs) {
        case .taken: break
        case .refused:
            patienceMs = 0
            return false
        case .bequeathed:
            if memory.load(Place.changing) != 0 { rebuild() }
            mend()
        }
        patienceMs = KeySlots.patienceMs
        return true
    }

    /// Gives the mutex back.
    func leave() { memory.unlockMutex(at: 0) }

    // MARK: Places

    private func place(_ slot: Int) -> Int { slotStart + (slot - 1) * slotSize }

    /// Where a value of a slot stands.
    func value(_ index: Int, of slot: Int) -> Int { place(slot) + KeySlots.headSize + index }

    /// Where the table's own numbers begin.
    var extraStart: Int { slotStart + capacity * slotSize }

    /// Where events of one of eight kinds are counted, without the mutex.
    func count(_ index: Int) -> Int { Place.counts + index }

    /// Slots that have ever been used.
    var used: Int { min(max(memory.load(Place.used), 0), capacity) }

    /// Slots that are in use.
    var takenCount: Int { memory.load(Place.taken) }

    /// The slot that was made or touched longest ago; 0: there is none.
    var oldest: Int { memory.load(Place.oldest) }

    /// Whether a process of this number has ever used the table.
    func isUser(_ number: Int) -> Bool {
        memory.load(Place.users + number / 64) & 1 << (number % 64) != 0
    }

    func noteUser(_ number: Int) {
        let place = Place.users + number / 64
        memory.store(place, memory.load(place) | 1 << (number % 64))
    }

    /// Whether a key begins in the slot.
    func isKey(_ slot: Int) -> Bool { memory.load(place(slot)) & KeySlots.keyMark != 0 }

    private func next(_ slot: Int) -> Int { memory.load(place(slot)) & KeySlots.slotMask }

    private func setNext(_ slot: Int, _ next: Int) {
        let place = place(slot)
        memory.store(place, memory.load(place) & ~KeySlots.slotMask | next)
    }

    private func piece(_ link: Int) -> Int { link >> 31 & KeySlots.slotMask }

    private func head(_ meta: Int) -> Int { Place.heads + meta & 0xFFFF_FFFF & (headCount - 1) }

    private func isSlot(_ slot: Int) -> Bool { slot > 0 && slot <= capacity }

    // MARK: Keys

    /// Finds a key's slot; 0: it has none.
    ///
    /// - Parameter meta: what `meta(of:)` says of it.
    func find(_ key: Span<UInt8>, _ meta: Int) -> Int {
        var slot = memory.load(head(meta))
        var left = capacity
        while isSlot(slot), left > 0 {
            let place = place(slot)
            if memory.load(place + 2) == meta, holds(place, key) { return slot }
            slot = memory.load(place) & KeySlots.slotMask
            left -= 1
        }
        return 0
    }

    /// Length and hash of a key.
    func meta(of key: Span<UInt8>) -> Int {
        key.count << 32 | Int(truncatingIfNeeded: hash.hash(key) & 0xFFFF_FFFF)
    }

    private func holds(_ place: Int, _ key: Span<UInt8>) -> Bool {
        var (place, word) = (place, place + KeySlots.headSize + valueCount)
        var index = 0
        while index < key.count {
            if word == place + slotSize {
                let piece = piece(memory.load(place))
                guard isSlot(piece) else { return false }
                place = self.place(piece)
                word = place + KeySlots.linkSize
            }
            guard memory.load(word) == Int(truncatingIfNeeded: key.littleEndian(at: index)) else {
                return false
            }
            word += 1
            index += 8
        }
        return true
    }

    /// Slots that a key of so many bytes takes.
    private func slotCount(_ byteCount: Int) -> Int {
        let words = (byteCount + 7) / 8
        let first = slotSize - KeySlots.headSize - valueCount
        guard words > first else { return 1 }
        let each = slotSize - KeySlots.linkSize
        return 1 + (words - first + each - 1) / each
    }

    /// Whether a key of so many bytes finds room now.
    private func hasRoom(for byteCount: Int) -> Bool { capacity - takenCount >= slotCount(byteCount) }

    /// Makes a slot for a key that has none; its values are 0, and it is the newest.
    ///
    /// - Parameter meta: what `meta(of:)` says of it.
    /// - Returns: 0: there is no room.
    func insert(_ key: Span<UInt8>, _ meta: Int) -> Int {
        let needed = slotCount(key.count)
        guard key.count <= KeySlots.keyMax, hasRoom(for: key.count) else { return 0 }
        memory.store(Place.changing, 1)
        defer { memory.store(Place.changing, 0) }
        let slot = takeSlot()
        var (current, place) = (slot, place(slot))
        for index in 0..<valueCount { memory.store(value(index, of: slot), 0) }
        memory.store(place + 2, meta)
        var word = place + KeySlots.headSize + valueCount
        var index = 0
        while index < key.count {
            if word == place + slotSize {
                let piece = takeSlot()
                memory.store(self.place(current), piece << 31)
                (current, place) = (piece, self.place(piece))
                word = place + KeySlots.linkSize
            }
            memory.store(word, Int(truncatingIfNeeded: key.littleEndian(at: index)))
            word += 1
            index += 8
        }
        if needed > 1 { memory.store(place, 0) }
        let first = self.place(slot)
        let more = needed > 1 ? memory.load(first) : 0
        memory.store(first, more | KeySlots.keyMark | memory.load(head(meta)))
        memory.store(head(meta), slot)
        linkNewest(slot)
        return slot
    }

    /// The same, where the oldest keys make room: up to two that are over for each new one, as in nginx, and
    /// if there is no room then, the oldest whatever they are.
    ///
    /// - Parameter isOver: whether a slot's key may go, though there is room.
    func insert(_ key: Span<UInt8>, _ meta: Int, makingRoomWhere isOver: (Int) -> Bool) -> Int {
        guard capacity >= slotCount(key.count) else { return 0 }
        for _ in 0..<2 {
            guard oldest > 0, isOver(oldest) else { break }
            remove(oldest)
        }
        // A long key takes the place of several.
        while !hasRoom(for: key.count), oldest > 0 { remove(oldest) }
        return insert(key, meta)
    }

    private func takeSlot() -> Int {
        memory.store(Place.taken, takenCount + 1)
        let free = memory.load(Place.free)
        guard !isSlot(free) else {
            memory.store(Place.free, next(free))
            return free
        }
        // There is room, and no used slot is free: not all have been used.
        let slot = min(used + 1, capacity)
        memory.store(Place.used, slot)
        return slot
    }

    private func freeSlot(_ slot: Int) {
        memory.store(place(slot), memory.load(Place.free))
        memory.store(Place.free, slot)
        memory.store(Place.taken, takenCount - 1)
    }

    /// Forgets the key of a slot.
    func remove(_ slot: Int) {
        guard isSlot(slot), isKey(slot) else { return }
        memory.store(Place.changing, 1)
        defer { memory.store(Place.changing, 0) }
        unlinkFromChain(slot)
        unlinkFromAges(slot)
        var current = slot
        var left = capacity
        while isSlot(current), left > 0 {
            let following = piece(memory.load(place(current)))
            freeSlot(current)
            current = following
            left -= 1
        }
    }

    private func unlinkFromChain(_ slot: Int) {
        let head = head(memory.load(place(slot) + 2))
        var current = memory.load(head)
        guard current != slot else { return memory.store(head, next(slot)) }
        var left = capacity
        while isSlot(current), left > 0 {
            let following = next(current)
            if following == slot { return setNext(current, next(slot)) }
            current = following
            left -= 1
        }
    }

    // MARK: Ages

    private func newer(_ slot: Int) -> Int { memory.load(place(slot) + 1) & 0xFFFF_FFFF }
    private func older(_ slot: Int) -> Int { memory.load(place(slot) + 1) >> 32 & 0xFFFF_FFFF }

    private func setNeighbours(_ slot: Int, newer: Int, older: Int) {
        memory.store(place(slot) + 1, older << 32 | newer)
    }

    private func linkNewest(_ slot: Int) {
        let former = memory.load(Place.newest)
        setNeighbours(slot, newer: 0, older: former)
        if isSlot(former) {
            setNeighbours(former, newer: slot, older: older(former))
        } else {
            memory.store(Place.oldest, slot)
        }
        memory.store(Place.newest, slot)
    }

    private func unlinkFromAges(_ slot: Int) {
        let (newer, older) = (newer(slot), older(slot))
        if isSlot(newer) {
            setNeighbours(newer, newer: self.newer(newer), older: older)
        } else {
            memory.store(Place.newest, older)
        }
        if isSlot(older) {
            setNeighbours(older, newer: newer, older: self.older(older))
        } else {
            memory.store(Place.oldest, newer)
        }
    }

    /// Makes a slot the newest.
    func touch(_ slot: Int) {
        guard memory.load(Place.newest) != slot else { return }
        memory.store(Place.changing, 1)
        unlinkFromAges(slot)
        linkNewest(slot)
        memory.store(Place.changing, 0)
    }

    // MARK: After a death

    /// Slots whose key is whole; of a key that is not, nothing is left.
    private func wholeKeys() -> (slots: [Int], isPart: [Bool]) {
        var slots: [Int] = []
        var isPart = [Bool](repeating: false, count: used + 1)
        for slot in 1..<(used + 1) where isKey(slot) {
            var parts = [slot]
            let needed = slotCount(memory.load(place(slot) + 2) >> 32 & 0xFFFF_FFFF)
            while parts.count < needed, let last = parts.last {
                let following = piece(memory.load(place(last)))
                guard following > 0, following <= used, !isPart[following], !isKey(following) else { break }
                parts.append(following)
            }
            guard parts.count == needed else { continue }
            for part in parts { isPart[part] = true }
            slots.append(slot)
        }
        return (slots, isPart)
    }

    /// Builds all that leads to the slots anew. The first value is taken for their age.
    private func rebuild() {
        memory.store(Place.used, used)
        let (slots, isPart) = wholeKeys()
        for index in 0..<headCount where memory.load(Place.heads + index) != 0 {
            memory.store(Place.heads + index, 0)
        }
        for start in [Place.free, Place.newest, Place.oldest] { memory.store(start, 0) }
        memory.store(Place.taken, isPart.count)
        for slot in stride(from: used, to: 0, by: -1) where !isPart[slot] { freeSlot(slot) }
        memory.store(Place.taken, isPart.count { $0 })
        let aged = slots.map { (age: memory.load(value(0, of: $0)), slot: $0) }.sorted { $0.age < $1.age }
        for (_, slot) in aged {
            let head = head(memory.load(place(slot) + 2))
            setNext(slot, memory.load(head))
            memory.store(head, slot)
            linkNewest(slot)
        }
        memory.store(Place.changing, 0)
    }
}
