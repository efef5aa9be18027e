import Glibc
import Net
import Testing

@Suite("Event loop") struct EventLoopTests {
    /// One who is told what happens, and may do something about it.
    private final class Party {
        let name: String
        let token: Token
        var does: () -> Void = {}

        init(_ name: String, _ token: Token) {
            self.name = name
            self.token = token
        }
    }

    private enum Endpoint {
        case party(Party)
        case alone
    }

    private final class Diary {
        var lines: [String] = []
    }

    private struct Turn: LoopTurn {
        let loop: EventLoop<Endpoint>
        let diary: Diary

        func ready(_ endpoint: Endpoint, _ event: ReadyEvent) { note("ready", endpoint) }
        func timedOut(_ endpoint: Endpoint, kind: UInt8) { note("timed out \(kind)", endpoint) }
        func goOn(_ endpoint: Endpoint) { note("goes on", endpoint) }
        func willWait() { diary.lines.append("wait") }
        func didWait() { diary.lines.append("awake") }
        func willExpire() { diary.lines.append("deadlines") }
        func willGoOn(_ count: Int) { diary.lines.append("\(count) posted") }

        private func note(_ what: String, _ endpoint: Endpoint) {
            switch endpoint {
            case .party(let party):
                diary.lines.append("\(party.name) \(what)")
                party.does()
            case .alone: diary.lines.append("alone \(what)")
            }
        }

        /// What happens in a turn.
        func lines(waitMs: Int32 = 0) -> [String] {
            diary.lines = []
            take(waitMs: waitMs)
            return diary.lines
        }
    }

    private let loop: EventLoop<Endpoint>
    private let turn: Turn

    init() throws {
        loop = try EventLoop()
        turn = Turn(loop: loop, diary: Diary())
    }

    private func party(_ name: String) -> Party {
        loop.enroll(as: Endpoint.party) { Party(name, $0) }
    }

    /// A party whose descriptor is readable until `take` is called.
    private func readable(_ name: String) throws -> (party: Party, take: () -> Void) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let made = party(name)
        try loop.poller.addControl(ends[0], made.token)
        _ = write(ends[1], "x", 1)
        return (
            made,
            { [ends] in
                close(ends[0])
                close(ends[1])
            }
        )
    }

    @Test("events, then deadlines, then what was posted")
    func order() throws {
        let (first, take) = try readable("first")
        defer { take() }
        let timer = loop.timers.create(first.token, kind: 7)
        loop.timers.set(timer, deadlineMs: loop.clock.nowMs)
        loop.post(first.token)
        #expect(
            turn.lines() == [
                "wait", "awake", "first ready", "deadlines", "first timed out 7", "1 posted", "first goes on",
            ])
    }

    @Test("what was posted is done without waiting, and once")
    func posted() {
        let one = party("one")
        loop.post(one.token)
        let began = loop.clock.nowMs
        #expect(turn.lines(waitMs: 60_000).contains("one goes on"))
        #expect(loop.clock.nowMs - began < 30_000)
        #expect(!loop.hasPosted)
        #expect(turn.lines() == ["wait", "awake", "deadlines"])
    }

    @Test("who posts himself while he goes on waits for the next turn")
    func postedAgain() {
        let one = party("one")
        one.does = { [loop, token = one.token] in loop.post(token) }
        loop.post(one.token)
        for _ in 0..<3 { #expect(turn.lines().count { $0 == "one goes on" } == 1) }
        one.does = {}
    }

    @Test("a wait ends with the next deadline")
    func waits() {
        let timer = loop.timer(for: .alone)
        loop.timers.set(timer, deadlineMs: loop.clock.nowMs + 20)
        let began = loop.clock.nowMs
        var lines: [String] = []
        while !lines.contains("alone timed out 0"), loop.clock.nowMs - began < 30_000 {
            lines = turn.lines(waitMs: 60_000)
        }
        #expect(lines.contains("alone timed out 0"))
    }

    @Test("nothing reaches who was dismissed, nor his successor in the slot")
    func dismissed() throws {
        let (first, take) = try readable("first")
        defer { take() }
        let (second, takeSecond) = try readable("second")
        defer { takeSecond() }
        let timer = loop.timers.create(second.token, kind: 0)
        loop.timers.set(timer, deadlineMs: loop.clock.nowMs)
        loop.post(second.token)
        var successor: Party?
        first.does = {
            loop.dismiss(second.token)
            successor = party("successor")
        }
        #expect(turn.lines() == ["wait", "awake", "first ready", "deadlines", "1 posted"])
        #expect(successor?.token.slot == second.token.slot)
        #expect(loop[second.token] == nil)
        #expect(loop.count == 2)
    }

    @Test("who is made for a token may enrol others")
    func enrolsOthers() {
        var inner: Party?
        let outer = loop.enroll(as: Endpoint.party) { token in
            inner = party("inner")
            return Party("outer", token)
        }
        #expect(inner?.token != outer.token)
        if case .party(let found)? = loop[outer.token] { #expect(found === outer) } else { Issue.record() }
    }
}
