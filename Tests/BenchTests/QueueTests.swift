import Testing

@testable import portico_bench

@Suite("a queue")
struct QueueTests {
    @Test("gives back in order what it was given, also when it never runs empty")
    func order() {
        var queue = Queue<Int>()
        var expected = 0
        for number in 0..<10_000 {
            queue.append(number)
            guard number % 3 != 0 else { continue }
            #expect(queue.popFirst() == expected)
            expected += 1
        }
        #expect(queue.count == 10_000 - expected)
        while let number = queue.popFirst() {
            #expect(number == expected)
            expected += 1
        }
        #expect(expected == 10_000 && queue.isEmpty && queue.popFirst() == nil)
    }
}
