import Foundation
import TestSupport
import Testing

/// `limit_rate`, from the configuration and from a gateway's own field.
@Suite("Pacing") struct PacingTests {
    /// Seconds that a response took, and the bytes of its content.
    private func timed(_ port: UInt16, _ path: String) throws -> (seconds: Double, count: Int) {
        let start = Deadline.nowNs()
        let response = try RawClient.get(port, path)
        return (Double(Deadline.nowNs() - start) / 1e9, response.body.count)
    }

    @Test("a response goes out no faster than limit_rate, and all of it")
    func limitRate() throws {
        let server = try Server(
            """
            events { }
            http { server { listen 127.0.0.1:%PORT1%; root %PREFIX%;
                location / { limit_rate 20k; }
                location = /after { alias %PREFIX%/file; limit_rate 1k; limit_rate_after 30k; }
                location = /free { alias %PREFIX%/file; } } }
            """)
        _ = try server.directory.write(String(repeating: "x", count: 30_000), to: "file")
        let port = server.ports[0]
        let slow = try timed(port, "/file")
        #expect(slow.count == 30_000)
        #expect((0.4...4).contains(slow.seconds), "\(slow.seconds) s")
        for path in ["/after", "/free"] {
            let fast = try timed(port, path)
            #expect(fast.count == 30_000)
            #expect(fast.seconds < 0.4, "\(path): \(fast.seconds) s")
        }
        server.finish()
    }
}
