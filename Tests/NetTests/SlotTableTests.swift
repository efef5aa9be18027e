import Net
import Testing

@Suite("Slot table") struct SlotTableTests {
    @Test("a token finds what was inserted under it")
    func findsElements() {
        var table = SlotTable<String>()
        let first = table.insert { _ in "first" }
        let second = table.insert { token in "slot \(token.slot)" }
        #expect(table[first] == "first")
        #expect(table[second] == "slot \(second.slot)")
        #expect(table.count == 2)
    }

    @Test("a token of a removed element finds nothing, even when its slot is used again")
    func staleTokensFindNothing() {
        var table = SlotTable<Int>()
        let old = table.insert { _ in 1 }
        #expect(table.remove(old) == 1)
        #expect(table[old] == nil)
        let new = table.insert { _ in 2 }
        #expect(new.slot == old.slot)
        #expect(new.generation != old.generation)
        #expect(table[old] == nil)
        #expect(table.remove(old) == nil)
        #expect(table[new] == 2)
    }

    @Test("tokens of slots that never were find nothing")
    func inventedTokensFindNothing() {
        var table = SlotTable<Int>()
        _ = table.insert { _ in 1 }
        #expect(table[Token(slot: 7, generation: 1)] == nil)
        #expect(table[Token(rawValue: .max)] == nil)
        #expect(table[Token(slot: 0, generation: 0)] == nil)
    }

    @Test("a token survives the kernel's 64 bits")
    func tokenRoundTrip() {
        let token = Token(slot: 0xDEAD_BEEF, generation: 0xFEED_FACE)
        #expect(Token(rawValue: token.rawValue) == token)
    }

    @Test("slots are reused before the table grows")
    func reusesSlots() {
        var table = SlotTable<Int>()
        for round in 0..<1000 {
            let token = table.insert { _ in round }
            #expect(token.slot == 0)
            table.remove(token)
        }
        #expect(table.count == 0)
    }

    @Test("a walk may remove what it visits")
    func walkMayRemove() {
        var table = SlotTable<Int>()
        for value in 0..<10 { _ = table.insert { _ in value } }
        var seen: [Int] = []
        let snapshot = table
        snapshot.forEach { token, value in
            seen.append(value)
            if value % 2 == 0 { table.remove(token) }
        }
        #expect(seen.sorted() == Array(0..<10))
        #expect(table.count == 5)
    }
}
