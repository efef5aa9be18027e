import Config
import Testing

@Suite("Inheritance") struct InheritanceTests {
    private func list(_ rule: Inheritance, _ outer: [Int], _ own: [Int]) -> [Int] {
        var list = Inheritable<Int>()
        for element in outer { list.append(element) }
        list.inherit()
        list.rule = rule
        for element in own { list.append(element) }
        return list.elements
    }

    @Test("a block has its own lines, those around it, or both")
    func rules() {
        #expect(list(.whole, [1, 2], []) == [1, 2] && list(.whole, [1, 2], [3, 4]) == [3, 4])
        #expect(list(.nothing, [1, 2], []) == [] && list(.nothing, [1, 2], [3, 4]) == [3, 4])
        #expect(
            list(.merged, [1, 2], []) == [1, 2] && list(.merged, [1, 2], [3, 4, 5]) == [3, 4, 5, 1, 2])
        #expect(list(.merged, [], [3, 4]) == [3, 4])
    }

    @Test("the rule may come behind the lines")
    func ruleBehind() {
        var list = Inheritable<Int>()
        list.append(1)
        list.inherit()
        list.append(2)
        list.append(3)
        list.rule = .merged
        #expect(list.elements == [2, 3, 1])
        list.append(4)
        #expect(list.elements == [2, 3, 4, 1])
        list.rule = .whole
        list.begin()
        #expect(list.elements == [2, 3, 4])
    }

    /// Each of which once copied all lines before it: 5,000,000,000 elements.
    @Test(
        "many lines take no longer than they are many", .timeLimit(.minutes(1)),
        arguments: [Inheritance.whole, .merged])
    func isLinear(rule: Inheritance) {
        let list = list(rule, [0], Array(1...100_000))
        #expect(list.count == (rule == .merged ? 100_001 : 100_000))
    }
}
