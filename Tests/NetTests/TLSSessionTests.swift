import Testing

@testable import Net

@Suite("TLS sessions")
struct TLSSessionTests {
    /// Shakes hands twice, the second time with the session of the first.
    private func resumes(
        _ first: TLSServerContext, _ second: TLSServerContext, _ protocols: TLSProtocols,
        closesWell: Bool = true
    ) throws -> Bool {
        let client = try TLSClientContext.make { $0.protocols = protocols }
        let pair = try TLSPair(first, client, serverName: "one.test")
        pair.shakeHands()
        _ = TLSPair.send("x", pair.server)
        _ = TLSPair.receive(pair.client)
        let session = pair.client.currentSession
        if closesWell { pair.server.shutdown() }
        pair.server = TLSConnection(server: second, fd: -1)
        let again = try TLSPair(second, client, serverName: "one.test", session: session)
        let errors = again.shakeHands()
        #expect(errors.server == nil && errors.client == nil)
        #expect(again.server.isSessionReused == again.client.isSessionReused)
        return again.server.isSessionReused
    }

    @Test("a ticket resumes a session", arguments: [TLSProtocols.tls12, .tls13])
    func tickets(_ protocols: TLSProtocols) throws {
        let context = try TLSServerContext.make()
        #expect(try resumes(context, context, protocols))
        #expect(try resumes(context, context, protocols, closesWell: false))
    }

    @Test("another context's ticket, or another block's, is of no use")
    func foreignTickets() throws {
        let context = try TLSServerContext.make()
        #expect(try !resumes(context, try .make(), .tls13))
        let store = try TLSSessionStore(byteCount: 1 << 16)
        func block(_ name: String) throws -> TLSServerContext {
            try .make(store: store) {
                $0.sessionCache = .shared(name: "SSL", size: 1 << 16)
                $0.sessionContextID = name
                $0.ticketSecret = [UInt8](repeating: 7, count: 80)
            }
        }
        #expect(try !resumes(try block("a"), try block("b"), .tls13))
        #expect(try resumes(try block("a"), try block("a"), .tls13))
    }

    @Test("without tickets and cache nothing is resumed", arguments: [SessionCacheSettings.none, .off])
    func nothing(_ cache: SessionCacheSettings) throws {
        let context = try TLSServerContext.make {
            $0.sessionTickets = false
            $0.sessionCache = cache
        }
        #expect(try !resumes(context, context, .tls12))
        #expect(try !resumes(context, context, .tls13))
    }

    @Test("the cache inside a worker resumes a session", arguments: [TLSProtocols.tls12, .tls13])
    func builtin(_ protocols: TLSProtocols) throws {
        let context = try TLSServerContext.make {
            $0.sessionTickets = false
            $0.sessionCache = .builtin(size: 100)
        }
        #expect(try resumes(context, context, protocols))
    }

    @Test(
        "two contexts with one store resume each other's sessions", arguments: [TLSProtocols.tls12, .tls13])
    func shared(_ protocols: TLSProtocols) throws {
        let store = try TLSSessionStore(byteCount: 1 << 16)
        func context() throws -> TLSServerContext {
            try .make(store: store) {
                $0.sessionTickets = false
                $0.sessionCache = .shared(name: "SSL", size: 1 << 16)
            }
        }
        #expect(try resumes(try context(), try context(), protocols))
        #expect(try resumes(try context(), try context(), protocols, closesWell: false))
    }

    @Test(
        "a session of a server that the name chose is resumed there", arguments: [TLSProtocols.tls12, .tls13])
    func chosenServer(_ protocols: TLSProtocols) throws {
        final class One: TLSServerSelector {
            let chosen: TLSServerContext
            init(_ chosen: TLSServerContext) { self.chosen = chosen }
            func context(forServerName name: [UInt8]) -> TLSServerContext? { chosen }
        }
        let first = try TLSServerContext.make { $0.sessionContextID = "first" }
        let selector = One(try .make(TLSFixtures.two) { $0.sessionContextID = "second" })
        first.selector = selector
        defer { withExtendedLifetime(selector) {} }
        #expect(try resumes(first, first, protocols))
    }
}

@Suite("Shared session store")
struct TLSSessionStoreTests {
    private let id = [UInt8](1...32)

    @Test("what was put in comes out until it expires or is removed")
    func keeps() throws {
        let store = try TLSSessionStore(byteCount: 1 << 16)
        let session = [UInt8]((0..<200).map { UInt8($0) })
        store.insert(session, id: id, expiry: 100, now: 0)
        #expect(store.find(id: id, now: 99) == session)
        #expect(store.find(id: id, now: 100) == nil)
        #expect(store.find(id: Array(id.dropLast()), now: 0) == nil)
        store.insert([1, 2, 3], id: id, expiry: 200, now: 0)
        #expect(store.find(id: id, now: 150) == [1, 2, 3])
        store.remove(id: id)
        #expect(store.find(id: id, now: 0) == nil)
    }

    @Test("a full bucket drops what expires first")
    func drops() throws {
        let store = try TLSSessionStore(byteCount: 0)
        let ids = (0..<5).map { [UInt8($0) + 1] }
        for (index, id) in ids.enumerated() { store.insert([9], id: id, expiry: 100 + index, now: 0) }
        #expect(ids.map { store.find(id: $0, now: 0) != nil } == [false, true, true, true, true])
    }

    @Test("what is too large or has no proper name is not kept")
    func bounds() throws {
        let store = try TLSSessionStore(byteCount: 1 << 12)
        let largest = [UInt8](repeating: 255, count: TLSSessionStore.sessionBytesMax)
        store.insert(largest, id: id, expiry: 9, now: 0)
        #expect(store.find(id: id, now: 0) == largest)
        store.insert(largest + [1], id: id + [], expiry: 9, now: 0)
        #expect(store.find(id: id, now: 0) == largest)
        for bad in [[], [UInt8](repeating: 1, count: 33)] {
            store.insert([1], id: bad, expiry: 9, now: 0)
            #expect(store.find(id: bad, now: 0) == nil)
        }
        #expect(throws: TLSError.self) { _ = try TLSSessionStore(byteCount: .max) }
    }
}
