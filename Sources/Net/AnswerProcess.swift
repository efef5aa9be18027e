internal import CLinux
internal import Glibc

/// A short-lived child that works out some bytes and ends: for what a loop must not wait for.
///
/// It is forked, so the process that starts it must have one thread. The child keeps nothing open but its end
/// of a pipe, runs a little less urgently than its parent, and dies with it.
///
/// A fork takes some 17 µs for each MiB that the process has touched: 1 ms with 20,000 idle connections.
public final class AnswerProcess {
    /// What the child has said.
    public enum News: Equatable, Sendable {
        case nothing
        case answer([UInt8])
        /// It says nothing more: `reap` tells how it ended.
        case ended
    }

    /// Its number.
    public let pid: Int32
    /// Readable when there is news; for `Poller.addControl`. -1 after the end.
    public private(set) var fd: Int32
    private var isReaped = false

    /// What the child sees of `SharedMemory`.
    public enum View: Sendable {
        /// What all see; what it writes there, all see.
        case shared
        /// What was there when it began, or comes later; what it writes there is its own.
        case own
    }

    /// Niceness on top of the parent's: a child that computes must not crowd out those who serve.
    private static var niceness: Int32 { 5 }

    /// Forks.
    ///
    /// - Parameters:
    ///   - cpuSecondsMax: processor time after which the system kills the child.
    ///   - view: of shared memory. Where it cannot have one of its own, the child ends without an answer.
    ///   - work: runs in the child, and makes the answer.
    /// - Throws: what pipe2(2) or fork(2) left.
    public init(
        _ name: StaticString, cpuSecondsMax: Int, view: View = .shared, _ work: () -> [UInt8]
    ) throws(Errno) {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw Errno.current }
        // The child may wait until its answer has been read.
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let parent = getpid()
        let child = portico_fork()
        if child == 0 {
            if view == .own, !SharedMemory.keepToOneself() { _exit(1) }
            AnswerProcess.takeRole(name, output: ends[1], parent, cpuSecondsMax)
            AnswerProcess.say(work()[...])
            _exit(0)
        }
        let error = Errno.current
        close(ends[1])
        guard child > 0 else {
            close(ends[0])
            throw error
        }
        pid = child
        fd = ends[0]
    }

    deinit { end() }

    /// What the child is before it works. Signals that its parent waits for stay blocked: what the terminal
    /// sends to all processes is for the parent to obey.
    private static func takeRole(
        _ name: StaticString, output: Int32, _ parent: Int32, _ cpuSecondsMax: Int
    ) {
        // A client's connection that is closed by the parent must not stay open here.
        if output != 0 { dup2(output, 0) }
        closefrom(1)
        // For `ps`; the name itself is what `top` shows.
        ProcessTitle.set("\(name)".replacing("portico-", with: "") + " process")
        name.withUTF8Buffer { bytes in
            _ = bytes.withMemoryRebound(to: CChar.self) { portico_set_name($0.baseAddress) }
        }
        _ = portico_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL))
        if getppid() != parent { _exit(1) }
        _ = nice(niceness)
        var limit = rlimit(rlim_cur: rlim_t(cpuSecondsMax), rlim_max: rlim_t(cpuSecondsMax))
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
    }

    private static func say(_ answer: ArraySlice<UInt8>) {
        var rest = answer
        while !rest.isEmpty {
            let piece = Array(rest.prefix(AnswerProcess.pieceMax))
            let count = SystemCall.retrying { write(0, piece, piece.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Bytes that are read at once.
    private static var pieceMax: Int { 4096 }

    /// The next thing that the child said. After `.ended` its descriptor is closed.
    public func read() -> News {
        guard fd >= 0 else { return .ended }
        var answer = [UInt8](repeating: 0, count: AnswerProcess.pieceMax)
        switch SystemCall.outcome(SystemCall.retrying { Glibc.read(fd, &answer, answer.count) }) {
        case .bytes(let count) where count > 0: return .answer(Array(answer.prefix(count)))
        case .wouldBlock: return .nothing
        case .bytes, .closed, .failed:
            close(fd)
            fd = -1
            return .ended
        }
    }

    /// Collects the child.
    ///
    /// - Returns: how it ended, as waitpid(2) says it; `nil`: it is not quite gone.
    public func reap() -> Int32? {
        guard !isReaped else { return 0 }
        var status: Int32 = 0
        let result = SystemCall.retrying { waitpid(pid, &status, WNOHANG) }
        if result == 0 { return nil }
        // Where children's ends are ignored (an inherited SIG_IGN), the system has collected it.
        isReaped = true
        return result == pid ? status : 0
    }

    /// Ends the child at once; it is still to be reaped.
    public func kill() {
        if !isReaped { _ = Glibc.kill(pid, SIGKILL) }
    }

    /// Ends the child, if it lives, and collects it.
    public func end() {
        if fd >= 0 { close(fd) }
        fd = -1
        guard !isReaped else { return }
        kill()
        _ = SystemCall.retrying { waitpid(pid, nil, 0) }
        isReaped = true
    }
}
