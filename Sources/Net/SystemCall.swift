internal import Glibc

/// What a read or a write of a socket came to.
public enum IOOutcome: Equatable, Sendable {
    case bytes(Int)
    case wouldBlock
    /// The other end has sent its last byte (reads), or takes no more (writes).
    case closed
    case failed(Errno)
}

/// The one funnel for system calls that may be interrupted or would have to wait.
public enum SystemCall {
    /// Makes the call, and makes it again as long as a signal interrupts it.
    @inline(__always)
    public static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// The outcome of a read or write that returned `result`; negative: errno says why.
    @inline(__always)
    static func outcome(_ result: Int) -> IOOutcome {
        if result >= 0 { return .bytes(result) }
        let code = errno
        if code == EAGAIN || code == EWOULDBLOCK { return .wouldBlock }
        if code == EPIPE { return .closed }
        return .failed(Errno(code: code))
    }
}
