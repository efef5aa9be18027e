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
        result >= 0 ? .bytes(result) : failure(errno)
    }

    /// The outcome of a send of io_uring: `result` is the error's number below zero.
    static func outcome(completion result: Int32) -> IOOutcome {
        result >= 0 ? .bytes(Int(result)) : failure(-result)
    }

    private static func failure(_ code: Int32) -> IOOutcome {
        if code == EAGAIN || code == EWOULDBLOCK { return .wouldBlock }
        if code == EPIPE { return .closed }
        return .failed(Errno(code: code))
    }
}
