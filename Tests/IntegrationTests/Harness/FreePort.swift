import Foundation
import Synchronization
import TestSupport

/// Ports nobody else has: not another test, not another test process, not a client's ephemeral port.
///
/// A port is claimed by a lock on a file named after it, held until this process ends. They lie below
/// the kernel's ephemeral range, all have five digits, and none is a run of digits that bodies hold (12345).
enum FreePort {
    private static let range: Range<UInt16> = 13_000..<32_000
    private static let last = Mutex<UInt16?>(nil)

    static func next() throws -> UInt16 {
        let folder = "/tmp/portico-test-ports"
        mkdir(folder, 0o777)
        return try last.withLock { last in
            for _ in range {
                let start = range.lowerBound + UInt16(UInt32(getpid()) * 37 % UInt32(range.count))
                var port = (last ?? start) + 1
                if port >= range.upperBound { port = range.lowerBound }
                last = port
                if claim(port, in: folder) { return port }
            }
            throw HarnessError("no free port left")
        }
    }

    private static func claim(_ port: UInt16, in folder: String) -> Bool {
        let lock = open("\(folder)/\(port)", O_CREAT | O_RDWR | O_CLOEXEC, 0o666)
        guard lock >= 0 else { return false }
        if flock(lock, LOCK_EX | LOCK_NB) == 0, let probe = try? Socket.listen(port: port) {
            close(probe)
            return true
        }
        close(lock)
        return false
    }
}
