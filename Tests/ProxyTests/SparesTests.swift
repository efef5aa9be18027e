import Testing

@testable import Proxy

@Suite("Objects that are kept for whoever needs one next") struct SparesTests {
    @Test("as many are kept as may be, and the last one is taken first")
    func keepsSome() {
        var spares = Spares<Int>(countMax: 2)
        #expect(spares.take() == nil)
        #expect([1, 2, 3].map { spares.keep($0) } == [true, true, false])
        #expect([spares.take(), spares.take(), spares.take()] == [2, 1, nil])
    }

    @Test("what is more than so many is taken out, and the rest stays", arguments: 0...4)
    func letsGo(count: Int) {
        var spares = Spares<Int>(countMax: 3)
        for number in 1...3 { _ = spares.keep(number) }
        #expect(spares.takeSurplus(over: count) == [1, 2, 3].dropFirst(count))
        var rest: [Int] = []
        while let number = spares.take() { rest.insert(number, at: 0) }
        #expect(rest == Array((1...3).prefix(count)))
    }
}
