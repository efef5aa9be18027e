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
        private var initialWindow = 65_535
        /// Whether it says that it knows what it was told.
        var acknowledges = true
        private let chunk = [UInt8](repeating: 0, count: 16_000)

        init() {
            client.frame(.settings, .ack, stream: 0)
            _ = client.run()
        }

        /// Begins a request whose content is wanted as it comes; `nil`: it did not begin.
        func begin(_ id: UInt32, _ fields: [PlainField] = [], mayStop: Bool = true) -> Int? {
            windows[id] = initialWindow
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

        /// RFC 9113 §6.9.2.
        private func changeWindows(to size: Int) {
            guard acknowledges else { return }
            for id in windows.keys { windows[id, default: 0] += size - initialWindow }
            initialWindow = size
            client.frame(.settings, .ack, stream: 0)
            _ = client.run()
            hear()
        }

        func hear() {
            for answer in client.answers() {
                let words = answer.split(separator: " ")
                if words.count == 2, words[0] == "SETTINGS", let size = Int(words[1]) {
                    changeWindows(to: size)
                    continue
                }
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

    @Test("uploads that nobody takes leave the connection to others, however many there are")
    func stuck() throws {
        let uploads = Uploads()
        let connection = uploads.client.connection
        for index in 0..<126 {
            let id = UInt32(2 * index + 1)
            let slot = try #require(uploads.begin(id))
            #expect(uploads.send(id, slot) > 0, "\(id)")
            #expect(connection.heldCount <= 1 << 20)
        }
        // One that is streamed and one that is kept, which is taken whatever comes.
        for (id, mayStop) in [(UInt32(1001), true), (1003, false)] {
            let slot = try #require(uploads.begin(id, mayStop: mayStop))
            #expect(uploads.send(id, slot, 1 << 20, isTaken: true) == 1 << 20)
        }
    }

    @Test("who does not say that it knows of narrow windows cannot fill more than they would hold")
    func silent() throws {
        let uploads = Uploads()
        uploads.acknowledges = false
        var sent = 0
        for index in 0..<128 {
            let id = UInt32(2 * index + 1)
            let slot = try #require(uploads.begin(id))
            sent += uploads.send(id, slot)
        }
        #expect(uploads.connectionWindow == 0 && sent == uploads.client.connection.heldCount)
        #expect(sent <= 1 << 20)
    }

    @Test("windows are what they were when streams are gone with what was held of them")
    func widened() throws {
        let uploads = Uploads()
        for index in 0..<100 {
            let id = UInt32(2 * index + 1)
            let slot = try #require(uploads.begin(id))
            _ = uploads.send(id, slot)
        }
        let narrow = try #require(uploads.begin(1001, [.init("content-length", "5")]))
        #expect((uploads.windows[1001] ?? 0) < 10_000)
        for index in 0..<100 {
            uploads.client.frame(.resetStream, stream: UInt32(2 * index + 1), [0, 0, 0, 8])
        }
        _ = uploads.client.run()
        let connection = uploads.client.connection
        #expect(connection.owesWindows)
        connection.settleWindows(out: uploads.client.out)
        uploads.hear()
        #expect(!connection.owesWindows && uploads.windows[1001] == 65_535)
        #expect(uploads.send(1001, narrow, 5, isTaken: true) == 5)
        _ = try #require(uploads.begin(1003))
        #expect(uploads.windows[1003] == 256 << 10)
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
