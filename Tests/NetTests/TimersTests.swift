import Core
import Net
import Testing

@Suite("Timers") struct TimersTests {
    private let token = Token(slot: 1, generation: 1)

    private func kinds(_ timers: Timers, at nowMs: Int64) -> [UInt8] {
        var fired: [UInt8] = []
        while let expired = timers.nextExpired(nowMs: nowMs) { fired.append(expired.kind) }
        return fired
    }

    @Test("a deadline fires at its time, once, and not before")
    func firesOnce() {
        let timers = Timers(nowMs: 0)
        let timer = timers.create(token, kind: 3)
        timers.set(timer, deadlineMs: 100)
        #expect(kinds(timers, at: 99) == [])
        #expect(timers.isSet(timer))
        #expect(kinds(timers, at: 100) == [3])
        #expect(!timers.isSet(timer))
        #expect(kinds(timers, at: 1000) == [])
    }

    @Test("a deadline that was moved later does not fire at its old time")
    func movedLater() {
        let timers = Timers(nowMs: 0)
        let timer = timers.create(token, kind: 1)
        timers.set(timer, deadlineMs: 10)
        timers.set(timer, deadlineMs: 50)
        #expect(kinds(timers, at: 49) == [])
        #expect(timers.waitMs(nowMs: 49, max: 1000) == 1)
        #expect(kinds(timers, at: 50) == [1])
    }

    @Test("a deadline that was moved earlier fires at its new time")
    func movedEarlier() {
        let timers = Timers(nowMs: 0)
        let timer = timers.create(token, kind: 1)
        timers.set(timer, deadlineMs: 500)
        timers.set(timer, deadlineMs: 20)
        #expect(timers.waitMs(nowMs: 0, max: 1000) == 20)
        #expect(kinds(timers, at: 20) == [1])
        #expect(kinds(timers, at: 500) == [])
    }

    @Test("cancelled and destroyed deadlines never fire")
    func cancelled() {
        let timers = Timers(nowMs: 0)
        let first = timers.create(token, kind: 1)
        let second = timers.create(token, kind: 2)
        timers.set(first, deadlineMs: 10)
        timers.set(second, deadlineMs: 10)
        timers.cancel(first)
        timers.destroy(second)
        #expect(timers.waitMs(nowMs: 0, max: 1000) == -1)
        #expect(kinds(timers, at: 100) == [])
        let third = timers.create(Token(slot: 9, generation: 9), kind: 7)
        #expect(!timers.isSet(third))
        timers.set(third, deadlineMs: 200)
        #expect(kinds(timers, at: 200) == [7])
    }

    @Test("a deadline set again while deadlines expire is honoured at its new time")
    func setWhileExpiring() {
        let timers = Timers(nowMs: 0)
        let timer = timers.create(token, kind: 1)
        timers.set(timer, deadlineMs: 10)
        #expect(timers.nextExpired(nowMs: 15)?.kind == 1)
        timers.set(timer, deadlineMs: 30)
        #expect(timers.nextExpired(nowMs: 15) == nil)
        #expect(timers.nextExpired(nowMs: 30)?.kind == 1)
    }

    @Test("the wait is bounded, 0 when something is due, -1 when nothing is set")
    func waits() {
        let timers = Timers(nowMs: 0)
        #expect(timers.waitMs(nowMs: 0, max: 500) == -1)
        let timer = timers.create(token, kind: 1)
        timers.set(timer, deadlineMs: 10_000)
        #expect(timers.waitMs(nowMs: 0, max: 500) == 500)
        #expect(timers.waitMs(nowMs: 20_000, max: 500) == 0)
        timers.set(timer, deadlineMs: .max)
        #expect(timers.waitMs(nowMs: 0, max: 500) == 500)
    }

    @Test("a random history agrees with a plain list", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func agreesWithModel(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let timers = Timers(nowMs: 0)
        var model: [UInt32: Int64] = [:]
        var ids: [UInt32: TimerID] = [:]
        var nowMs: Int64 = 0
        for serial in 0..<5000 as Range<UInt32> {
            let slot = UInt32(random.next() % 64)
            switch random.next() % 8 {
            case 0 where ids[slot] == nil:
                ids[slot] = timers.create(Token(slot: slot, generation: serial), kind: 0)
            case 1:
                if let id = ids.removeValue(forKey: slot) { timers.destroy(id) }
                model[slot] = nil
            case 2:
                if let id = ids[slot] { timers.cancel(id) }
                model[slot] = nil
            case 3:
                nowMs += Int64(random.next() % 40)
                var fired: [UInt32] = []
                while let expired = timers.nextExpired(nowMs: nowMs) { fired.append(expired.token.slot) }
                let due = model.filter { $0.value <= nowMs }.keys
                #expect(fired.sorted() == due.sorted())
                for slot in due { model[slot] = nil }
            default:
                guard let id = ids[slot] else { continue }
                let deadline = nowMs + Int64(random.next() % 300)
                timers.set(id, deadlineMs: deadline)
                model[slot] = deadline
            }
            for (slot, id) in ids { #expect(timers.isSet(id) == (model[slot] != nil)) }
            let wait = timers.waitMs(nowMs: nowMs, max: 1000)
            if let first = model.values.min() {
                #expect(wait >= 0 && Int64(wait) <= max(0, first - nowMs), "it would wake too late")
            } else {
                #expect(wait == -1)
            }
        }
    }
}
