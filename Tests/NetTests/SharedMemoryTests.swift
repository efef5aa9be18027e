import CLinux
import Foundation
import Net
import Testing

@Suite("Shared memory") struct SharedMemoryTests {
    @Test("counts of several processes add up")
    func acrossForks() throws {
        let memory = try SharedMemory(count: 4)
        let region = try #require(memory.allocate(count: 2))
        let counter = region[1]
        var children: [pid_t] = []
        for _ in 0..<4 {
            let child = portico_fork()
            if child == 0 {
                for _ in 0..<10_000 { counter.add(1) }
                _exit(0)
            }
            try #require(child > 0)
            children.append(child)
        }
        for child in children {
            var status: Int32 = 0
            #expect(waitpid(child, &status, 0) == child)
            #expect(status == 0)
        }
        #expect(counter.load() == 40_000)
        #expect(region[0].load() == 0)
    }

    @Test("numbers begin at zero and keep what is stored")
    func stores() throws {
        let memory = try SharedMemory(count: 3)
        #expect((0..<3).allSatisfy { memory.load($0) == 0 })
        memory.store(1, 7)
        #expect(memory.add(1, -2) == 5)
        #expect(memory.exchange(1, expected: 5, with: 9))
        #expect(!memory.exchange(1, expected: 5, with: 10))
        #expect(memory.load(1) == 9)
        #expect(memory.load(0) == 0 && memory.load(2) == 0)
    }

    @Test("a counter that would overflow wraps around")
    func wraps() throws {
        let memory = try SharedMemory(count: 1)
        memory.store(0, .max)
        #expect(memory.add(0, 1) == .min)
    }

    @Test("regions do not overlap, and end where the memory does")
    func regions() throws {
        let memory = try SharedMemory(count: 5)
        let first = try #require(memory.allocate(count: 2))
        let second = try #require(memory.allocate(count: 3))
        #expect(memory.allocate(count: 1) == nil)
        #expect(memory.allocate(count: -1) == nil)
        for index in 0..<2 { first[index].store(1) }
        #expect((0..<3).allSatisfy { second[$0].load() == 0 })
        second.part(from: 1, count: 2)[0].add(4)
        #expect(second[1].load() == 4)
        #expect(second[1].compareExchange(expected: 4, desired: 1))
        #expect(second[1].subtract() == 0)
    }

    @Test("a size that no machine has is refused")
    func tooLarge() {
        #expect(throws: Errno.outOfMemory) { try SharedMemory(count: .max) }
    }
}
