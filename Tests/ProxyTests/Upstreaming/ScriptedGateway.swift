import Core
import Foundation
import Glibc
import HTTP
import Synchronization
import Testing

@testable import Proxy

/// A gateway that a test plays: a socket that listens, and the connections that a worker makes to it.
final class ScriptedGateway {
    private static let serial = Atomic<Int>(0)

    let path: String
    private let listener: Int32

    init() throws {
        let number = ScriptedGateway.serial.wrappingAdd(1, ordering: .relaxed).newValue
        path = "/tmp/portico-scripted-\(getpid())-\(number).sock"
        unlink(path)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        listener = socket(AF_UNIX, type, 0)
        try #require(listener >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(listener, 64) == 0)
    }

    deinit {
        Glibc.close(listener)
        unlink(path)
    }

    /// Directives of a group that this gateway is the one server of.
    func upstream(_ more: String = "", servers: Int = 1) -> String {
        let lines = String(repeating: "server unix:\(path) max_fails=0; ", count: servers)
        return "upstream gateway { \(lines)keepalive 8; \(more) }"
    }

    /// The next connection that was made; `nil`: there is none.
    func accept() -> Connection? {
        let fd = Glibc.accept(listener, nil, nil)
        guard fd >= 0 else { return nil }
        _ = fcntl(fd, F_SETFL, O_NONBLOCK)
        return Connection(fd)
    }

    /// One connection, seen from the gateway.
    final class Connection {
        private let fd: Int32
        private var isOpen = true
        private(set) var received: [UInt8] = []
        /// The worker has ended its side.
        private(set) var isEnded = false

        init(_ fd: Int32) { self.fd = fd }

        deinit { close() }

        var text: String { String(decoding: received, as: UTF8.self) }

        /// Takes what is there.
        func read() {
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = recv(fd, &chunk, chunk.count, 0)
                guard count > 0 else {
                    if count == 0 || errno == ECONNRESET { isEnded = true }
                    return
                }
                received += chunk[..<count]
            }
        }

        /// - Returns: what the socket took.
        @discardableResult
        func send(_ part: some Sequence<UInt8>) -> Int {
            let bytes = Array(part)
            return max(0, Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL)))
        }

        /// Takes all that comes until the worker ends its side, which may show late: a process that another
        /// test starts holds copies of all descriptors until it is what it is to be.
        ///
        /// - Returns: whether it did.
        func ends() -> Bool {
            read()
            while !isEnded, awaitReadable(fd) { read() }
            return isEnded
        }

        /// Sends no more, and hears the rest.
        func endSending() { shutdown(fd, Int32(SHUT_WR)) }

        /// Ends both ways, also where somebody holds a copy of the descriptor.
        func close() {
            guard isOpen else { return }
            shutdown(fd, Int32(SHUT_RDWR))
            Glibc.close(fd)
            isOpen = false
        }
    }
}

/// A response as a client reads it.
struct ReadResponse: Equatable {
    var status: UInt16 = 0
    var body: [UInt8] = []
    /// Its end has come.
    var isWhole = false

    /// - Parameter isEnded: nothing more will come.
    init(_ bytes: [UInt8], isEnded: Bool, method: HTTP.Method = .get) {
        let input = ByteBuffer(capacity: 1024)
        input.append(bytes)
        let head = ResponseHead()
        var parser = HTTP1ResponseParser()
        guard case .complete(let length) = parser.parse(input, into: head, sizeMax: 64 << 10) else { return }
        status = head.status
        var reader = ContentReader(head.framing(requestMethod: method))
        var position = length
        while case .content(let range)? = try? reader.next(in: input, from: position) {
            body += input.bytes[range]
            position = range.upperBound
        }
        isWhole = isEnded ? reader.closed() : reader.isEnded
    }
}
