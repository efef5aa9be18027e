import CLinux
import Glibc
import Net
import Testing

@testable import Sharing

@Suite("Counts of requests under way") struct ConnectionCountsTests {
    private func table(_ byteCount: Int = 32 << 10) throws -> ConnectionCounts {
        try ConnectionCounts(label: "test", byteCount: byteCount, adopting: nil)
    }

    private func take(_ table: ConnectionCounts, _ key: String, most: Int, worker: Int)
        -> ConnectionCounts.Look
    {
        table.take(Array(key.utf8).span, most: most, worker: worker)
    }

    private func count(_ table: ConnectionCounts, _ key: String) -> Int { table.count(Array(key.utf8).span) }

    private func find(_ slots: KeySlots, _ key: String) -> Int {
        let key = Array(key.utf8)
        return slots.find(key.span, slots.meta(of: key.span))
    }

    @Test("no more than may be are counted, over all workers, and a key with none is forgotten")
    func counts() throws {
        let table = try table()
        var slots: [(slot: Int, worker: Int)] = []
        for worker in [0, 3, 1023] {
            guard case .counted(let slot) = take(table, "a", most: 3, worker: worker) else {
                Issue.record("worker \(worker)")
                continue
            }
            slots.append((slot, worker))
        }
        #expect(take(table, "a", most: 3, worker: 5) == .tooMany)
        guard case .counted(let other) = take(table, "b", most: 1, worker: 5) else {
            Issue.record("b")
            return
        }
        #expect(table.keyCount == 2)
        for entry in slots { table.giveBack(entry.slot, worker: entry.worker) }
        table.giveBack(other, worker: 5)
        #expect(table.keyCount == 0)
        // What is given back twice was counted once.
        table.giveBack(other, worker: 5)
        #expect(count(table, "b") == 0)
    }

    @Test("a worker's are given back when it is gone, and nobody else's")
    func forgets() throws {
        let table = try table()
        for number in 0..<40 {
            _ = take(table, "k\(number)", most: 9, worker: 1)
            if number % 2 == 0 { _ = take(table, "k\(number)", most: 9, worker: 2) }
            if number % 4 == 0 { _ = take(table, "k\(number)", most: 9, worker: 1) }
        }
        table.forget(worker: 1)
        table.forget(worker: 7)
        #expect(table.keyCount == 20)
        for number in 0..<40 { #expect(count(table, "k\(number)") == (number % 2 == 0 ? 1 : 0)) }
        table.forget(worker: 2)
        #expect(table.keyCount == 0)
    }

    @Test("a full zone refuses a new key, counts on those it has, and takes new ones when some are gone")
    func full() throws {
        let table = try table()
        #expect(table.capacity == 512)
        var last = 0
        for number in 0..<512 {
            if case .counted(let slot) = take(table, "k\(number)", most: 2, worker: 0) {
                last = slot
            }
        }
        #expect(take(table, "new", most: 2, worker: 0) == .noRoom)
        #expect(take(table, "k0", most: 2, worker: 0) != .noRoom)
        table.giveBack(last, worker: 0)
        #expect(take(table, "new", most: 2, worker: 0) != .noRoom)
    }

    @Test("the sum of all workers reaches what four of them could not hold in a number of their own")
    func most() throws {
        let table = try table()
        for number in 0..<ConnectionCounts.countMax {
            guard case .counted = take(table, "a", most: 65_535, worker: number % 2) else {
                Issue.record("\(number)")
                return
            }
        }
        #expect(take(table, "a", most: 65_535, worker: 0) == .tooMany)
        table.forget(worker: 0)
        #expect(count(table, "a") == 32_767)
    }

    @Test("what could not be given back in its time is given back later")
    func owes() throws {
        let table = try table()
        guard case .counted(let slot) = take(table, "a", most: 1, worker: 0) else {
            Issue.record("not counted")
            return
        }
        let memory = try SharedMemory(adopting: dup(try #require(table.descriptor)), count: 64)
        let holder = try StoppedHolder(memory)
        table.giveBack(slot, worker: 0)
        #expect(take(table, "a", most: 1, worker: 0) == .unavailable)
        holder.kill()
        #expect(count(table, "a") == 0 && table.keyCount == 0)
    }

    @Test("a worker that dies between two numbers leaves neither a count nor a lock")
    func death() throws {
        let table = try table()
        for worker in 0..<3 { _ = take(table, "a", most: 9, worker: worker) }
        let shape = KeySlots.Shape(slotSize: 8, valueCount: 1) { 1024 * ($0 / 4 + 1) }
        let slots = try KeySlots(
            shape, label: "test", byteCount: 32 << 10, adopting: dup(try #require(table.descriptor)))
        let child = portico_fork()
        if child == 0 {
            _ = slots.enter()
            slots.memory.store(slots.value(0, of: find(slots, "a")), 77)
            _exit(0)
        }
        try #require(child > 0)
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child && status == 0)
        #expect(count(table, "a") == 3)
        table.forget(worker: 1)
        #expect(count(table, "a") == 2)
    }
}
