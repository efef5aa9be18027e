import Testing

@testable import Sharing

@Suite("Marks of loops") struct LoopMarksTests {
    @Test("the mark says what the loop is doing", arguments: LoopActivity.allCases)
    func activities(_ activity: LoopActivity) throws {
        let marks = try LoopMarks(slots: 2)
        let mark = marks.worker(1)
        mark.does(activity, number: 4711)
        mark.turn(nowMs: 99)
        #expect(mark.activity == activity.text(number: 4711) && mark.lastTurn == 99)
        #expect(marks.worker(0).lastTurn == 0 && marks.checker.lastTurn == 0)
        #expect(!mark.isLeaving)
        mark.leaves()
        #expect(mark.isLeaving && !marks.worker(0).isLeaving)
        mark.clear()
        #expect(!mark.isLeaving && mark.lastTurn == 0 && mark.activity == "while it started")
    }
}
