import Foundation
import Testing

extension Server {
    /// How many requests for `other` are served one after the other, a thousand at the most, until the first
    /// byte of the answer to a request for `long` has come.
    func served(_ other: String, whileMaking long: String) throws -> Int {
        let socket = try Socket.connect(port: port)
        defer { close(socket) }
        #expect(
            Socket.write(
                Array("GET \(long) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8), to: socket))
        var served = 0
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while Foundation.poll(&poll, 1, 0) == 0, served < 1000 {
            #expect(try RawClient.get(port, other).status == 200)
            served += 1
        }
        return served
    }
}
