import CLinux
import Foundation
import Net
import Testing

@Suite("Mutexes in shared memory") struct SharedMutexTests {
    private func memory() throws -> SharedMemory {
        let memory = try SharedMemory(count: SharedMemory.mutexNumbers + 2)
        try memory.makeMutex(at: 0)
        return memory
    }

    @Test("processes that hold it in turn lose no step")
    func excludes() throws {
        let memory = try memory()
        let place = SharedMemory.mutexNumbers
        var children: [pid_t] = []
        for _ in 0..<3 {
            let child = portico_fork()
            if child == 0 {
                for _ in 0..<20_000 {
                    guard case .taken = memory.lockMutex(at: 0, patienceMs: 20_000) else { _exit(1) }
                    memory.store(place, memory.load(place) + 1)
                    memory.unlockMutex(at: 0)
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
        #expect(memory.load(place) == 60_000)
    }

    @Test("what a dead process holds goes to the next one, which is told")
    func isRobust() throws {
        let memory = try memory()
        let child = portico_fork()
        if child == 0 {
            _ = memory.lockMutex(at: 0, patienceMs: 0)
            _exit(0)
        }
        try #require(child > 0)
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child)
        #expect(memory.lockMutex(at: 0, patienceMs: 0) == .bequeathed)
        memory.unlockMutex(at: 0)
        #expect(memory.lockMutex(at: 0, patienceMs: 0) == .taken)
        memory.unlockMutex(at: 0)
    }

    @Test("one that another process keeps is refused in time")
    func isRefused() throws {
        let memory = try memory()
        let parent = getpid()
        let child = portico_fork()
        if child == 0 {
            _ = memory.lockMutex(at: 0, patienceMs: 0)
            memory.storeOrdered(SharedMemory.mutexNumbers, 1)
            while getppid() == parent { usleep(10_000) }
            _exit(0)
        }
        try #require(child > 0)
        let end = Date().addingTimeInterval(20)
        while memory.loadOrdered(SharedMemory.mutexNumbers) == 0, Date() < end { usleep(1000) }
        #expect(memory.lockMutex(at: 0, patienceMs: 20) == .refused)
        #expect(memory.lockMutex(at: 0, patienceMs: 0) == .refused)
        kill(child, SIGKILL)
        #expect(memory.lockMutex(at: 0, patienceMs: 20_000) == .bequeathed)
        memory.unlockMutex(at: 0)
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child)
    }
}
