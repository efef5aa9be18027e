internal import CLinux
internal import Config
internal import Glibc
internal import Net

/// A process that has left its terminal. The command that started it waits until the service stands.
struct Daemon {
    /// The command reads its other end.
    private let report: Int32

    /// Goes into the background: only the child returns, and the command ends when that one has `arrived`, or
    /// with 1 when it is gone.
    static func leave() throws(ConfigError) -> Daemon {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else {
            throw ConfigError("pipe2() failed \(Errno.current.logText)")
        }
        let pid = portico_fork()
        guard pid >= 0 else { throw ConfigError("fork() failed \(Errno.current.logText)") }
        if pid > 0 {
            close(ends[1])
            var answer: UInt8 = 0
            let count = SystemCall.retrying { read(ends[0], &answer, 1) }
            _exit(count == 1 ? 0 : 1)
        }
        close(ends[0])
        guard setsid() >= 0 else { throw ConfigError("setsid() failed \(Errno.current.logText)") }
        umask(0)
        let null = open("/dev/null", O_RDWR)
        guard null >= 0 else { throw ConfigError("open(\"/dev/null\") failed \(Errno.current.logText)") }
        dup2(null, STDIN_FILENO)
        dup2(null, STDOUT_FILENO)
        if null > STDERR_FILENO { close(null) }
        return Daemon(report: ends[1])
    }

    /// The service can be found by its pid file: the command may end.
    func arrived() {
        var answer: UInt8 = 1
        _ = SystemCall.retrying { write(report, &answer, 1) }
        close(report)
    }
}
