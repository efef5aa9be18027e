import Foundation
import TestSupport
import Testing

@testable import Net

/// What a command asks of a service over its socket.
@Suite("A question over a UNIX socket") struct LocalQuestionTests {
    /// Takes one connection, reads the question, and answers with so many bytes; `nil`: never.
    private final class Service: Sendable {
        let directory: TemporaryDirectory
        private let fd: Int32

        var path: String { directory.path + "/socket" }

        init(answering count: Int?) throws {
            directory = try TemporaryDirectory()
            fd = try Socket.listen(SocketAddress(.unix(directory.path + "/socket")), ListenOptions())
            Thread.detachNewThread { [fd] in
                Service.wait(fd, POLLIN)
                guard let count, case .accepted(let client, _) = Socket.accept(fd) else { return }
                defer { Socket.close(client) }
                Service.wait(client, POLLIN)
                var question = [UInt8](repeating: 0, count: 64)
                _ = Socket.receive(client, into: &question)
                let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 16)
                var left = count
                while left > 0 {
                    let next = piece.prefix(left)
                    switch Socket.send(client, next.span) {
                    case .bytes(let sent): left -= sent
                    case .wouldBlock: Service.wait(client, POLLOUT)
                    case .closed, .failed: return
                    }
                }
            }
        }

        deinit { Socket.close(fd) }

        private static func wait(_ fd: Int32, _ event: Int32) {
            var entry = pollfd(fd: fd, events: Int16(event), revents: 0)
            _ = poll(&entry, 1, 20_000)
        }
    }

    private func ask(_ path: String, timeoutMs: Int64 = 20_000) throws(Errno) -> Int {
        try LocalQuestion.ask(path, Array("who?".utf8), timeoutMs: timeoutMs).count
    }

    @Test("is answered with all that comes until the other end closes", arguments: [0, 1, 300_000, 16 << 20])
    func whole(count: Int) throws {
        let service = try Service(answering: count)
        #expect(try ask(service.path) == count)
    }

    @Test("whose answer is too long has none: half of one would be taken for all")
    func tooLong() throws {
        let service = try Service(answering: 16 << 20 + 1)
        #expect(throws: Errno.fileTooLarge) { try ask(service.path) }
    }

    @Test("that nobody answers has an end, and so has one that nobody hears")
    func unanswered() throws {
        let service = try Service(answering: nil)
        #expect(throws: Errno.timedOut) { try ask(service.path, timeoutMs: 50) }
        #expect(throws: Errno.notFound) { try ask(service.directory.path + "/none") }
    }
}
