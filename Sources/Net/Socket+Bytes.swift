internal import CLinux
internal import Glibc

/// Bytes through sockets.
extension Socket {
    /// Reads into `target` what is there.
    ///
    /// - Returns: `.closed` at the end of the stream.
    public static func receive(_ fd: Int32, _ target: UnsafeMutableRawBufferPointer) -> IOOutcome {
        let result = SystemCall.retrying { recv(fd, target.baseAddress, target.count, 0) }
        return result == 0 && target.count > 0 ? .closed : SystemCall.outcome(result)
    }

    /// Copies what is there without taking it.
    ///
    /// - Returns: `.closed` at the end of the stream.
    static func peek(_ fd: Int32, _ target: UnsafeMutableRawBufferPointer) -> IOOutcome {
        let result = SystemCall.retrying {
            recv(fd, target.baseAddress, target.count, Int32(MSG_PEEK))
        }
        return result == 0 && target.count > 0 ? .closed : SystemCall.outcome(result)
    }

    /// - Parameter more: more follows at once, or the end of the connection does: the kernel may wait for it
    ///   to fill a packet. `close` and `shutdown` send what waited, with their FIN.
    public static func send(_ fd: Int32, _ bytes: UnsafeRawBufferPointer, more: Bool = false) -> IOOutcome {
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        return SystemCall.outcome(
            SystemCall.retrying { Glibc.send(fd, bytes.baseAddress, bytes.count, flags) })
    }

    /// Sends what the socket takes of `bytes`.
    static func send(_ fd: Int32, _ bytes: Span<UInt8>) -> IOOutcome {
        bytes.withUnsafeBytes { send(fd, $0) }
    }

    /// Reads what is there into the front of `bytes`.
    ///
    /// - Returns: `.closed` at the end of the stream.
    static func receive(_ fd: Int32, into bytes: inout [UInt8]) -> IOOutcome {
        bytes.withUnsafeMutableBytes { receive(fd, $0) }
    }

    /// What a connection begins with, before the bytes of a transport, which follow at once.
    public static func sendFirst(_ fd: Int32, _ bytes: [UInt8]) -> IOOutcome {
        bytes.withUnsafeBytes { send(fd, $0, more: true) }
    }

    /// Two pieces in one system call.
    public static func send(
        _ fd: Int32, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, more: Bool = false
    ) -> IOOutcome {
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { pieces in
            pieces.initializeElement(at: 0, to: piece(first))
            pieces.initializeElement(at: 1, to: piece(second))
            var message = msghdr()
            message.msg_iov = pieces.baseAddress
            message.msg_iovlen = 2
            return SystemCall.outcome(SystemCall.retrying { sendmsg(fd, &message, flags) })
        }
    }

    private static func piece(_ bytes: UnsafeRawBufferPointer) -> iovec {
        // Sending does not write to it.
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    /// The next byte that waits, left where it is; `nil`: none, or the stream has ended.
    public static func peek(_ fd: Int32) -> UInt8? {
        var byte: UInt8 = 0
        let result = SystemCall.retrying { recv(fd, &byte, 1, Int32(MSG_PEEK)) }
        return result == 1 ? byte : nil
    }
}
