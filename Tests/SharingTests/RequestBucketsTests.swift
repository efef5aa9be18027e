import CLinux
import Glibc
import Net
import Testing

@testable import Sharing

@Suite("Buckets of keys") struct RequestBucketsTests {
    /// A request a second, and five more at once.
    private let limit = RequestBuckets.Limit(rate: 1000, burst: 5000)

    private func table(_ byteCount: Int = 32 << 10) throws -> RequestBuckets {
        try RequestBuckets(label: "test", byteCount: byteCount, adopting: nil)
    }

    private func look(_ table: RequestBuckets, _ key: String, at nowMs: Int, adds: Bool = true)
        -> RequestBuckets.Look
    {
        table.look(Array(key.utf8).span, limit, nowMs: nowMs, adds: adds)
    }

    private func look(_ table: RequestBuckets, _ key: [UInt8]) -> RequestBuckets.Look {
        table.look(key.span, limit, nowMs: 10_000, adds: true)
    }

    private func add(_ table: RequestBuckets, _ key: String) -> Int? {
        table.add(Array(key.utf8).span, rate: 1000, nowMs: 10_000)
    }

    private func find(_ slots: KeySlots, _ key: String) -> Int {
        let key = Array(key.utf8)
        return slots.find(key.span, slots.meta(of: key.span))
    }

    @Test("a burst comes through, then one for each that runs out")
    func burst() throws {
        let table = try table()
        #expect(
            (0..<6).map { _ in look(table, "a", at: 10_000) } == (0..<6).map { .within(excess: $0 * 1000) })
        #expect(look(table, "a", at: 10_000) == .beyond(excess: 6000))
        #expect(look(table, "a", at: 10_999) == .beyond(excess: 5001))
        #expect(look(table, "a", at: 11_000) == .within(excess: 5000))
        #expect(look(table, "b", at: 11_000) == .within(excess: 0))
        #expect(look(table, "a", at: 20_000) == .within(excess: 0))
    }

    @Test("who only looks adds nothing until it says so")
    func looks() throws {
        let table = try table()
        #expect(look(table, "a", at: 10_000, adds: false) == .within(excess: 0))
        #expect(look(table, "a", at: 10_000, adds: false) == .within(excess: 0))
        #expect(add(table, "a") == 0)
        #expect(add(table, "a") == 1000)
        #expect(look(table, "a", at: 10_000, adds: false) == .within(excess: 2000))
        #expect(add(table, "unknown") == nil)
    }

    @Test("keys of any length are told apart", arguments: [1, 7, 8, 9, 87, 88, 89, 208, 209, 1000, 20_000])
    func lengths(count: Int) throws {
        let table = try table(1 << 20)
        let key = [UInt8](repeating: 7, count: count)
        var keys = [key, key + [7], Array(key.dropLast()) + [8], key + [0]]
        if count > 1 { keys.append(Array(key.dropLast())) }
        for key in keys { _ = look(table, key) }
        for (index, key) in keys.enumerated() {
            #expect(look(table, key) == .within(excess: 1000), "\(index)")
        }
    }

    @Test("a zone holds as many short keys as it has 128 bytes, and the oldest make room")
    func eviction() throws {
        let table = try table()
        #expect(table.capacity == 256)
        for number in 0..<256 { _ = look(table, "k\(number)", at: 10_000 + number) }
        _ = look(table, "k0", at: 11_000)
        for number in 256..<300 { _ = look(table, "k\(number)", at: 11_100) }
        #expect(table.bucketCount == 256)
        // k0 was used since: those behind it went.
        #expect(look(table, "k0", at: 11_100) == .within(excess: 900))
        #expect(look(table, "k45", at: 11_100) == .within(excess: 0))
        #expect(look(table, "k44", at: 11_100) == .within(excess: 0))
    }

    @Test("up to two that have run out go for each new one, a minute after their last use")
    func expiry() throws {
        let table = try table()
        for number in 0..<10 { _ = look(table, "k\(number)", at: 10_000) }
        _ = look(table, "new", at: 69_999)
        #expect(table.bucketCount == 11)
        _ = look(table, "newer", at: 70_000)
        #expect(table.bucketCount == 10)
        for _ in 0..<200 { _ = look(table, "newer", at: 70_000) }
        for number in 0..<4 { _ = look(table, "again\(number)", at: 70_000) }
        #expect(table.bucketCount == 6)
    }

    @Test("a flood of keys leaves the memory bounded and the limit of a key in use right")
    func flood() throws {
        let table = try table()
        var passed = 0
        for number in 0..<20_000 {
            let key = String(repeating: "x", count: number % 300)
            _ = look(table, "flood \(number) \(key)", at: 10_000)
            if case .within = look(table, "mine", at: 10_000) { passed += 1 }
        }
        #expect(passed == 6)
        #expect(table.bucketCount <= table.capacity)
    }

    @Test("a key that the zone cannot hold finds no room, and leaves the others")
    func tooLong() throws {
        let table = try table()
        _ = look(table, "a", at: 10_000)
        #expect(look(table, String(repeating: "x", count: 40_000), at: 10_000) == .noRoom)
        #expect(look(table, "a", at: 10_000) == .within(excess: 1000))
        #expect(look(table, String(repeating: "x", count: 20_000), at: 10_000) == .within(excess: 0))
    }

    @Test("another process, or a new binary, finds the same buckets; nobody takes others for them")
    func adopts() throws {
        let table = try table()
        _ = look(table, "a", at: 10_000)
        let descriptor = try #require(table.descriptor)
        #expect(throws: Errno.self) {
            try RequestBuckets(label: "another", byteCount: 32 << 10, adopting: dup(descriptor))
        }
        #expect(throws: Errno.self) {
            try RequestBuckets(label: "test", byteCount: 64 << 10, adopting: dup(descriptor))
        }
        var left = LeftTables([dup(descriptor), dup(descriptor), open("/dev/null", O_RDONLY)])
        #expect(left.take("another") == nil)
        let taken = left.take("test")
        let handed = try #require(taken)
        let other = try RequestBuckets(label: "test", byteCount: 32 << 10, adopting: handed)
        #expect(look(other, "a", at: 10_000) == .within(excess: 1000))
        other.count(.passed)
        #expect(table.total(.passed) == 1)
        left.close()
    }

    /// Does something in a child that never leaves the table.
    private func die(_ body: () -> Void) throws {
        let child = portico_fork()
        if child == 0 {
            body()
            _exit(0)
        }
        try #require(child > 0)
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child && status == 0)
    }

    @Test("a process that dies in the middle of a change costs no bucket, and nobody waits for it")
    func death() throws {
        let shape = KeySlots.Shape(slotSize: 16, valueCount: 2) { _ in 0 }
        let slots = try KeySlots(shape, label: "test", byteCount: 32 << 10, adopting: nil)
        let long = String(repeating: "l", count: 500)
        let table = try RequestBuckets(
            label: "test", byteCount: 32 << 10, adopting: dup(try #require(slots.memory.descriptor)))
        for number in 0..<100 { _ = look(table, "k\(number)", at: 10_000 + number) }
        _ = look(table, long, at: 10_200)
        _ = look(table, "half", at: 10_300)
        let half = find(slots, "half")
        try die {
            _ = slots.enter()
            // As if a key were half removed, and all that leads to the others lost.
            slots.remove(half)
            for place in 11..<(48 + 256) where place != 11 { slots.memory.store(place, -1) }
            slots.memory.store(16, 1)
        }
        #expect(look(table, "k7", at: 10_300) == .within(excess: 707))
        #expect(look(table, long, at: 10_300) == .within(excess: 900))
        for number in 0..<100 where number != 7 {
            guard case .within(let excess) = look(table, "k\(number)", at: 10_300) else {
                Issue.record("k\(number)")
                continue
            }
            #expect(excess > 0)
        }
        #expect(look(table, "half", at: 10_300) == .within(excess: 0))
        // Free slots are free, in use are in use: the zone fills up to its brim.
        for number in 0..<300 { _ = look(table, "f\(number)", at: 10_400) }
        #expect(table.bucketCount == table.capacity)
        #expect(look(table, "f299", at: 10_400) == .within(excess: 1000))
    }

    @Test(
        "a process that stands still in a change holds nobody up for long, and once it is gone all is as before"
    )
    func standstill() throws {
        let table = try table()
        _ = look(table, "a", at: 10_000)
        let memory = try SharedMemory(adopting: dup(try #require(table.descriptor)), count: 64)
        let holder = try StoppedHolder(memory)
        #expect(look(table, "a", at: 10_000) == .unavailable)
        // Only the first one waits.
        let start = clock()
        for _ in 0..<1000 { #expect(add(table, "a") == nil) }
        #expect(clock() - start < 10 * CLOCKS_PER_SEC)
        holder.kill()
        #expect(look(table, "a", at: 10_000) == .within(excess: 1000))
    }

    @Test("several processes and one key let no more through than there may be")
    func severalProcesses() throws {
        let table = try table()
        let counts = try SharedMemory(count: 1)
        let limit = RequestBuckets.Limit(rate: 16, burst: 99_000)
        let keys = ["a", "b", "c"].map { Array($0.utf8) }
        var children: [pid_t] = []
        for _ in 0..<3 {
            let child = portico_fork()
            if child == 0 {
                for _ in 0..<5000 {
                    for key in keys {
                        if case .within = table.look(key.span, limit, nowMs: 10_000, adds: true) {
                            counts.add(0, 1)
                        }
                    }
                }
                _exit(0)
            }
            try #require(child > 0)
            children.append(child)
        }
        for child in children {
            var status: Int32 = 0
            #expect(waitpid(child, &status, 0) == child && status == 0)
        }
        #expect(counts.load(0) == 300)
    }
}
