import CLinux
import Glibc
import Net
import Testing

@testable import Sharing

/// A process that stands still while it holds a table's mutex.
struct StoppedHolder {
    let process: pid_t

    /// - Parameter memory: of the table.
    init(_ memory: SharedMemory) throws {
        let flag = try SharedMemory(count: 1)
        let parent = getpid()
        process = portico_fork()
        if process == 0 {
            _ = memory.lockMutex(at: 0, patienceMs: 0)
            flag.storeOrdered(0, 1)
            while getppid() == parent { usleep(10_000) }
            _exit(0)
        }
        try #require(process > 0)
        for _ in 0..<20_000 where flag.loadOrdered(0) == 0 { usleep(1000) }
        try #require(flag.loadOrdered(0) == 1)
    }

    func kill() {
        Glibc.kill(process, SIGKILL)
        var status: Int32 = 0
        _ = waitpid(process, &status, 0)
    }
}
