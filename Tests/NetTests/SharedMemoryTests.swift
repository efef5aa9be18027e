import CLinux
import Foundation
import Net
import Testing

@Suite("Shared memory") struct SharedMemoryTests {
    @Test("counts of several processes add up")
    func acrossForks() throws {
        let memory = try SharedMemory(count: 4)
        let counter = memory.counter(1)
        var children: [pid_t] = []
        for _ in 0..<4 {
            let child = portico_fork()
            if child == 0 {
                for _ in 0..<10_000 { counter.add() }
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
        #expect(memory.load(1) == 40_000)
        counter.subtract()
        #expect(memory.load(1) == 39_999)
        #expect(memory.load(0) == 0 && memory.load(2) == 0)
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

    @Test("a size that no machine has is refused")
    func tooLarge() {
        #expect(throws: Errno.outOfMemory) { try SharedMemory(count: .max) }
    }
}
