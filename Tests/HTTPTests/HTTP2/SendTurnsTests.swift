import Core
import HTTP
import Testing

/// Whose content goes out when: RFC 9218 §10.
@Suite("Turns of sending") struct SendTurnsTests {
    /// Streams that want to send three pieces each, and the order in which they do.
    private func order(_ priorities: [String?]) -> [UInt32] {
        let client = ScriptedClient()
        for (index, priority) in priorities.enumerated() {
            let id = UInt32(2 * index + 1)
            if let priority {
                client.frame(.priorityUpdate, stream: 0, [0, 0, 0, UInt8(id)] + bytes(priority))
            }
            client.request(id)
        }
        _ = client.run()
        let connection = client.connection
        for slot in priorities.indices { connection.queue(slot) }
        var pieces = [Int](repeating: 3, count: priorities.count)
        var order: [UInt32] = []
        while let slot = connection.takeTurn() {
            order.append(connection.stream(slot).id)
            pieces[slot] -= 1
            if pieces[slot] > 0 { connection.wantsMore(slot) }
        }
        return order
    }

    @Test("who says nothing shares")
    func shares() {
        #expect(order([nil, nil, nil]) == [1, 3, 5, 1, 3, 5, 1, 3, 5])
    }

    @Test("whose parts are of no use goes out whole")
    func whole() {
        #expect(order(["u=3", "u=3"]) == [1, 1, 1, 3, 3, 3])
        #expect(order(["u=3, i", "u=3, i"]) == [1, 3, 1, 3, 1, 3])
    }

    @Test("the more urgent go first")
    func urgent() {
        #expect(order(["u=5", "u=0, i", nil]) == [3, 3, 3, 5, 5, 5, 1, 1, 1])
    }

    @Test("a stream that leaves or changes while it waits harms nobody")
    func leaves() {
        let client = ScriptedClient()
        for id: UInt32 in [1, 3, 5, 7] { client.request(id) }
        _ = client.run()
        for slot in 0..<4 { client.connection.queue(slot) }
        client.connection.reset(1, .cancel, client.out)
        client.connection.prioritise(3, StreamPriority(urgency: 0, isIncremental: true))
        client.connection.reset(2, .cancel, client.out)
        #expect(client.connection.takeTurn() == 3)
        #expect(client.connection.takeTurn() == 0)
        client.connection.queue(0)
        client.connection.queue(0)
        #expect(client.connection.takeTurn() == 0)
        #expect(client.connection.takeTurn() == nil)
    }

    @Test("slots and numbers stay together through any order of ends (seeded)")
    func table() {
        var generator = SplitMix(seed: 3)
        let client = ScriptedClient()
        var open: [UInt32: Int] = [:]
        var next: UInt32 = 1
        for _ in 0..<2000 {
            if open.count < 100, Bool.random(using: &generator) {
                client.request(next)
                for case .head(let slot, _) in client.run() { open[next] = slot }
                next += 2 * UInt32.random(in: 1...9, using: &generator)
            } else if let (id, slot) = open.randomElement(using: &generator) {
                #expect(client.connection.stream(slot).id == id)
                client.connection.sentLast(slot, out: client.out)
                open[id] = nil
            }
            #expect(client.connection.streamCount == open.count)
        }
        for (id, slot) in open { #expect(client.connection.stream(slot).id == id) }
    }
}
