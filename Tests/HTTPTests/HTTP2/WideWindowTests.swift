import Core
import HTTP
import Testing

/// Content of requests that nobody takes, beside others whose content is taken: RFC 9113 §5.2.2.
@Suite("Wide windows") struct WideWindowTests {
    /// What a client may send, by what it was told: it does not know what our streams hold.
    private final class Uploads {
        let client = ScriptedClient()
        private(set) var connectionWindow = 256 << 10
        private(set) var windows: [UInt32: Int] = [:]
        private let chunk = [UInt8](repeating: 0, count: 16_000)

        init() {
            client.frame(.settings, .ack, stream: 0)
            _ = client.run()
        }

        /// Begins a request whose content is wanted as it comes; `nil`: it did not begin.
        func begin(_ id: UInt32, _ fields: [PlainField] = [], mayStop: Bool = true) -> Int? {
            windows[id] = 65_535
            client.request(id, ScriptedClient.get + fields, isLast: false)
            guard case .head(let slot, _)? = client.run().last else { return nil }
            client.connection.wants(slot, mayStop: mayStop, out: client.out)
            hear()
            return slot
        }

        /// Sends as much of `count` bytes as windows let it, and hears what came back each time.
        ///
        /// - Parameter isTaken: what came is taken at once.
        /// - Returns: what was sent.
        func send(_ id: UInt32, _ slot: Int, _ count: Int = .max, isTaken: Bool = false) -> Int {
            var sent = 0
            while sent < count {
                let part = min(count - sent, min(chunk.count, windows[id] ?? 0, connectionWindow))
                guard part > 0 else { break }
                client.frame(.data, stream: id, Array(chunk[..<part]))
                windows[id, default: 0] -= part
                connectionWindow -= part
                sent += part
                let events = client.run()
                if case .failed? = events.last { return sent }
                if isTaken { client.connection.consumed(part, of: slot, out: client.out) }
                hear()
            }
            return sent
        }

        func hear() {
            for answer in client.answers() {
                let words = answer.split(separator: " ")
                guard words.count == 3, words[0] == "WINDOW_UPDATE", let amount = Int(words[2]) else {
                    continue
                }
                guard let id = UInt32(words[1]), id > 0 else {
                    connectionWindow += amount
                    continue
                }
                windows[id, default: 0] += amount
            }
        }
    }

    @Test("eight uploads that nobody takes leave the connection to others")
    func stuck() throws {
        let uploads = Uploads()
        var held = 0
        for index in 0..<8 {
            let id = UInt32(2 * index + 1)
            let slot = try #require(uploads.begin(id))
            let sent = uploads.send(id, slot)
            #expect((65_535...(256 << 10)).contains(sent))
            held += sent
        }
        #expect(uploads.client.connection.heldCount == held)
        #expect(held == 8 * 65_535 + (256 << 10))
        #expect(!uploads.client.connection.isWithholdingWindow)
        let slot = try #require(uploads.begin(101))
        #expect(uploads.send(101, slot, 1 << 20, isTaken: true) == 1 << 20)
    }

    @Test("what is held of all streams is bounded, whatever their number")
    func bounded() throws {
        let uploads = Uploads()
        for index in 0..<128 {
            let id = UInt32(2 * index + 1)
            let slot = try #require(uploads.begin(id))
            _ = uploads.send(id, slot)
        }
        #expect(uploads.client.connection.isWithholdingWindow)
        #expect(uploads.client.connection.heldCount <= 1 << 20)
    }

    @Test("streams that are gone with what was held of them open the window for the others")
    func reopened() throws {
        let uploads = Uploads()
        for index in 0..<128 {
            let id = UInt32(2 * index + 1)
            let slot = try #require(uploads.begin(id))
            _ = uploads.send(id, slot)
        }
        let connection = uploads.client.connection
        #expect(uploads.connectionWindow == 0 && !connection.mayOpenWindow)
        for index in 0..<100 {
            uploads.client.frame(.resetStream, stream: UInt32(2 * index + 1), [0, 0, 0, 8])
        }
        _ = uploads.client.run()
        #expect(connection.mayOpenWindow)
        connection.openWindow(out: uploads.client.out)
        uploads.hear()
        #expect(uploads.connectionWindow >= 256 << 10 && !connection.mayOpenWindow)
    }

    @Test("what windows are wider is shared, and is others' in the end")
    func spare() throws {
        let uploads = Uploads()
        for id: UInt32 in [1, 3, 5] { _ = try #require(uploads.begin(id)) }
        #expect(uploads.windows == [1: 256 << 10, 3: 131_070, 5: 65_535])
        // What is taken whatever comes needs no share.
        _ = try #require(uploads.begin(7, mayStop: false))
        #expect(uploads.windows[7] == 256 << 10)
        // A stream that is reset gives its share back; another once its content was taken.
        func wantsAgain() -> Int? {
            uploads.client.connection.wants(2, mayStop: true, out: uploads.client.out)
            uploads.hear()
            return uploads.windows[5]
        }
        uploads.client.frame(.data, .endStream, stream: 3, [1])
        _ = uploads.client.run()
        #expect(wantsAgain() == 65_535, "what came was not taken")
        uploads.client.connection.consumed(1, of: 1, out: uploads.client.out)
        #expect(wantsAgain() == 131_070)
        uploads.client.connection.reset(0, .cancel, uploads.client.out)
        #expect(wantsAgain() == 256 << 10)
    }

    @Test("a window that is wide enough for what was said is left as it is")
    func said() throws {
        let uploads = Uploads()
        _ = try #require(uploads.begin(1, [.init("content-length", "65535")]))
        #expect(uploads.windows[1] == 65_535)
        _ = try #require(uploads.begin(3, [.init("content-length", "100000")]))
        #expect(uploads.windows[3] == 100_000)
    }
}
