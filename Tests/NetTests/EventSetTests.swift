import Net
import Testing

@Suite("Events of a wait, by their numbers") struct EventSetTests {
    @Test("come out once each, the lowest first")
    func comeOutInOrder() {
        var set = EventSet()
        for index in [511, 0, 64, 63, 200, 64] { set.insert(index) }
        var taken: [Int] = []
        while let index = set.popFirst() { taken.append(index) }
        #expect(taken == [0, 63, 64, 200, 511])
        let end = set.popFirst()
        #expect(end == nil)
    }

    @Test("every number that a wait counts has its place")
    func everyNumberHasAPlace() {
        var set = EventSet()
        for index in 0..<512 { set.insert(index) }
        var taken: [Int] = []
        while let index = set.popFirst() { taken.append(index) }
        #expect(taken == Array(0..<512))
    }
}
