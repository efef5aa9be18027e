internal import CLinux
internal import Glibc

/// Locks that take no system call as long as nobody else holds them.
///
/// A robust mutex stands in the memory itself. When its holder dies, whoever takes it next is told so and
/// mends what was half done. Locks that are held for long are those of `SharedMemory.lock`.
extension SharedMemory {
    /// Numbers that a mutex takes.
    public static var mutexNumbers: Int { 8 }

    /// What became of an attempt to take a mutex.
    public enum Locking {
        case taken
        /// It is taken, and its former holder died with it.
        case bequeathed
        /// Another one holds it all the time.
        case refused
    }

    private func mutex(_ index: Int) -> UnsafeMutablePointer<pthread_mutex_t> {
        pointer(to: index, count: SharedMemory.mutexNumbers).assumingMemoryBound(to: pthread_mutex_t.self)
    }

    /// Makes a mutex of numbers that nobody uses yet.
    public func makeMutex(at index: Int) throws(Errno) {
        var attributes = pthread_mutexattr_t()
        guard pthread_mutexattr_init(&attributes) == 0 else { throw .outOfMemory }
        defer { pthread_mutexattr_destroy(&attributes) }
        guard
            pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED)) == 0,
            pthread_mutexattr_setrobust(&attributes, Int32(PTHREAD_MUTEX_ROBUST)) == 0,
            pthread_mutex_init(mutex(index), &attributes) == 0
        else { throw .invalidArgument }
    }

    /// Takes a mutex.
    ///
    /// - Parameter patienceMs: how long another one may hold it.
    public func lockMutex(at index: Int, patienceMs: Int) -> Locking {
        let mutex = mutex(index)
        var outcome = pthread_mutex_trylock(mutex)
        if outcome == EBUSY, patienceMs > 0 {
            var deadline = timespec()
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            deadline.tv_sec += patienceMs / 1000
            deadline.tv_nsec += patienceMs % 1000 * 1_000_000
            if deadline.tv_nsec >= 1_000_000_000 {
                deadline.tv_sec += 1
                deadline.tv_nsec -= 1_000_000_000
            }
            outcome = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline)
        }
        switch outcome {
        case 0: return .taken
        case EOWNERDEAD:
            pthread_mutex_consistent(mutex)
            return .bequeathed
        default: return .refused
        }
    }

    /// Lets others have it.
    public func unlockMutex(at index: Int) { pthread_mutex_unlock(mutex(index)) }
}
