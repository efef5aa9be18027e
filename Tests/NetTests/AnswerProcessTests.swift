import Glibc
import Testing

@testable import Net

@Suite("Answers from a child")
struct AnswerProcessTests {
    /// All that a child says, and how it ended.
    private func outcome(_ process: AnswerProcess) -> (answers: [UInt8], status: Int32?) {
        var answers: [UInt8] = []
        for _ in 0..<2000 {
            switch process.read() {
            case .answer(let bytes): answers += bytes
            case .nothing:
                var entry = pollfd(fd: process.fd, events: Int16(POLLIN), revents: 0)
                _ = poll(&entry, 1, 100)
            case .ended:
                if let status = process.reap() { return (answers, status) }
                usleep(1000)
            }
        }
        return (answers, nil)
    }

    @Test("a child answers, ends and is collected")
    func answers() throws {
        let process = try AnswerProcess("test-answer", cpuSecondsMax: 5) { [42] }
        let said = outcome(process)
        #expect(said.answers == [42])
        #expect(said.status == 0)
        #expect(waitpid(process.pid, nil, WNOHANG) == -1, "it was collected")
        #expect(process.reap() == 0)
    }

    @Test("a child that is killed ends without an answer")
    func killed() throws {
        let process = try AnswerProcess("test-answer", cpuSecondsMax: 5) {
            while true { pause() }
        }
        #expect(process.read() == .nothing)
        #expect(process.reap() == nil)
        process.kill()
        let said = outcome(process)
        #expect(said.answers == [])
        #expect(said.status == SIGKILL)
    }

    @Test("a child that is let go of is ended and collected")
    func released() throws {
        let pid: Int32
        do {
            let process = try AnswerProcess("test-answer", cpuSecondsMax: 5) {
                while true { pause() }
            }
            pid = process.pid
        }
        #expect(waitpid(pid, nil, WNOHANG) == -1)
    }

    @Test("the system ends a child that computes for too long")
    func tooLong() throws {
        let process = try AnswerProcess("test-answer", cpuSecondsMax: 1) {
            while getpid() > 0 {}
            return [1]
        }
        let said = outcome(process)
        #expect(said.answers == [])
        #expect(said.status == SIGKILL)
    }

    @Test("a child has no descriptor of its parent's")
    func descriptors() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let process = try AnswerProcess("test-answer", cpuSecondsMax: 5) {
            let isOpen = fcntl(reading, F_GETFD) >= 0 || fcntl(writing, F_GETFD) >= 0
            return [isOpen || fcntl(1, F_GETFD) >= 0 || fcntl(2, F_GETFD) >= 0 ? 1 : 0]
        }
        #expect(outcome(process).answers == [0])
        close(reading)
        close(writing)
    }

    @Test("a long answer comes as it is read")
    func long() throws {
        let wanted = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let process = try AnswerProcess("test-answer", cpuSecondsMax: 5) { wanted }
        let said = outcome(process)
        #expect(said.answers == wanted)
        #expect(said.status == 0)
    }

    @Test("a child with a view of its own finds what was there, and writes what nobody sees")
    func ownMemory() throws {
        let memory = try SharedMemory(count: 100_000)
        memory.store(7, 41)
        memory.store(90_000, 5)
        func child(_ view: AnswerProcess.View) throws -> [UInt8] {
            let process = try AnswerProcess("test-answer", cpuSecondsMax: 5, view: view) {
                memory.add(7, 1)
                let isLocked = memory.lock(withinMs: 10)
                return [UInt8(memory.load(7)), UInt8(memory.load(90_000)), isLocked ? 1 : 0]
            }
            return outcome(process).answers
        }
        #expect(try child(.own) == [42, 5, 1])
        #expect(memory.load(7) == 41)
        #expect(try child(.shared) == [42, 5, 1])
        #expect(memory.load(7) == 42)
    }
}
