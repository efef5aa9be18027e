import Core
import Foundation
import Net

/// Two connected, non-blocking stream sockets.
struct SocketPair {
    let near: Int32
    let far: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno.current }
        (near, far) = (ends[0], ends[1])
    }

    func write(_ text: String) -> IOOutcome { Array(text.utf8).withUnsafeBytes { Socket.send(far, $0) } }
}

/// A buffer with this text in it.
func buffer(_ text: String = "") -> ByteBuffer {
    let buffer = ByteBuffer(capacity: 64)
    buffer.append(text)
    return buffer
}

func text(_ buffer: ByteBuffer) -> String { String(decoding: buffer.bytes, as: UTF8.self) }

/// Waits until one of the descriptors in the set has an event, at most five seconds.
func nextEvents(of poller: Poller) -> [ReadyEvent] {
    let count = poller.wait(timeoutMs: 5000)
    return (0..<count).map { poller.event(at: $0) }
}

extension SocketAddress {
    /// Without the port; a UNIX socket is `unix:`.
    var addressText: String {
        let out = buffer()
        append(addressTo: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }
}

extension OpenedFile {
    /// Opens a file by a path that is text.
    convenience init(_ path: String) throws(FileError) {
        let bytes = ByteBuffer(capacity: 64)
        bytes.append(path)
        try self.init(bytes)
    }
}
