import Foundation
import TestSupport
import Testing

@testable import Net

@Suite("Socket of a service manager") struct NotifySocketTests {
    @Test("lines arrive as one datagram, at a path or a name of the abstract namespace")
    func arrives() throws {
        let directory = try TemporaryDirectory()
        let long = directory.path + "/" + String(repeating: "n", count: 106 - directory.path.utf8.count)
        for name in [directory.path + "/n", long, "@portico-test-\(getpid())", "@" + UUID().uuidString] {
            let listener = try DatagramListener(name)
            try #require(NotifySocket(name)).send("READY=1\nSTATUS=x")
            #expect(listener.next(withinMs: 5000) == "READY=1\nSTATUS=x", "\(name)")
        }
    }

    @Test("what is no address of a UNIX socket is none", arguments: ["", "/", "@", "vsock:2:1", "relative"])
    func refuses(_ name: String) {
        #expect(NotifySocket(name) == nil)
        #expect(NotifySocket("/" + String(repeating: "n", count: 107)) == nil)
    }

    @Test("one that nobody reads is told no more, and nobody waits for it")
    func neverWaits() throws {
        let name = "@portico-full-\(UUID().uuidString)"
        let notify = try #require(NotifySocket(name))
        #expect(throws: Errno(code: ECONNREFUSED)) { try notify.send("READY=1") }
        let listener = try DatagramListener(name)
        // A queue is some hundred datagrams long at most.
        #expect(throws: Errno(code: EAGAIN)) { for _ in 0..<100_000 { try notify.send("WATCHDOG=1") } }
        #expect(listener.next(withinMs: 5000) == "WATCHDOG=1")
    }
}
