import Foundation
import TestSupport

/// The kernel's table of TCP sockets: what can be known of a port without connecting to it.
enum TCPTable {
    /// The rows of /proc/net/tcp (proc(5)) for a port of 127.0.0.1, in words: 3 is the state, 5 the timer, 9 the
    /// inode. The file is as long as the machine is busy, and is whole only where it is read on and on.
    static func rows(_ port: UInt16) throws -> [[Substring]] { try rows(port, column: 1) }

    /// The same for sockets whose other end has the port.
    static func rows(to port: UInt16) throws -> [[Substring]] { try rows(port, column: 2) }

    private static func rows(_ port: UInt16, column: Int) throws -> [[Substring]] {
        let file = open("/proc/net/tcp", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw HarnessError.call("open") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while case let count = read(file, &piece, piece.count), count > 0 { bytes += piece[..<count] }
        let address = "0100007F:" + String(format: "%04X", port)
        return bytes.split(separator: UInt8(ascii: "\n"))
            .map { String(decoding: $0, as: UTF8.self).split(separator: " ") }
            .filter { $0.count > 9 && $0[column] == address }
    }

    /// Whether somebody listens there.
    static func hasListener(_ port: UInt16) throws -> Bool { try rows(port).contains { $0[3] == "0A" } }
}
