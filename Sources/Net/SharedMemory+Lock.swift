internal import CLinux
internal import Glibc

/// One process at a time.
extension SharedMemory {
    /// Takes the lock that goes with this memory. The system lets go of it when its holder dies.
    ///
    /// A record lock, which belongs to the process: it is not inherited over a fork, and does not keep
    /// threads or objects of one process apart.
    ///
    /// - Returns: false: another process held it all the time.
    public func lock(withinMs patienceMs: Int) -> Bool {
        guard let descriptor else { return true }
        for _ in 0...(patienceMs * 2) {
            if SharedMemory.setLock(descriptor, Int16(F_WRLCK)) { return true }
            usleep(500)
        }
        return false
    }

    /// Lets others have the lock.
    public func unlock() {
        if let descriptor { _ = SharedMemory.setLock(descriptor, Int16(F_UNLCK)) }
    }

    private static func setLock(_ descriptor: Int32, _ kind: Int16) -> Bool {
        var range = flock()
        range.l_type = kind
        range.l_whence = Int16(SEEK_SET)
        // Without the file, nobody but this process sees what it writes: `keepToOneself`.
        return fcntl(descriptor, F_SETLK, &range) == 0 || errno == EBADF
    }
}
