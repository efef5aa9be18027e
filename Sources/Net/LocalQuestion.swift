internal import CLinux
internal import Glibc

/// One question and its answer over a UNIX socket, for a command that waits for it.
public enum LocalQuestion {
    /// Longest answer.
    private static var answerMax: Int { 16 << 20 }

    /// Sends the bytes, and reads until the other end closes.
    ///
    /// - Parameter timeoutMs: of the whole, by the clock.
    /// - Throws: `.timedOut`, `.fileTooLarge` for more than the longest answer, or what the system says.
    public static func ask(_ path: String, _ bytes: [UInt8], timeoutMs: Int64) throws(Errno) -> [UInt8] {
        let clock = Clock()
        let deadline = clock.nowMs + timeoutMs
        let fd: Int32
        switch Socket.connect(SocketAddress(.unix(path)), from: nil) {
        case .connected(let found), .inProgress(let found): fd = found
        case .failed(let errno): throw errno
        }
        defer { Socket.close(fd) }
        var sent = 0
        while sent < bytes.count {
            try wait(fd, Int16(POLLOUT), clock, deadline)
            if let error = Socket.pendingError(fd) { throw error }
            let rest = bytes[sent...]
            switch Socket.send(fd, rest.span) {
            case .bytes(let count): sent += count
            case .wouldBlock: break
            case .closed: throw .connectionReset
            case .failed(let errno): throw errno
            }
        }
        var answer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while answer.count <= answerMax {
            try wait(fd, Int16(POLLIN), clock, deadline)
            switch Socket.receive(fd, into: &piece) {
            case .bytes(let count): answer += piece.prefix(count)
            case .wouldBlock: break
            case .closed: return answer
            case .failed(let errno): throw errno
            }
        }
        throw .fileTooLarge
    }

    private static func wait(
        _ fd: Int32, _ events: Int16, _ clock: Clock, _ deadline: Int64
    ) throws(Errno) {
        clock.update()
        var entry = pollfd(fd: fd, events: events, revents: 0)
        let left = deadline - clock.nowMs
        guard left > 0 else { throw .timedOut }
        let count = SystemCall.retrying { Int(poll(&entry, 1, Int32(clamping: left))) }
        guard count >= 0 else { throw .current }
        guard count > 0 else { throw .timedOut }
    }
}
