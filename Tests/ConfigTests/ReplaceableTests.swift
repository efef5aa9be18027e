import Config
import Testing

@Suite("Inherited lists") struct ReplaceableTests {
    @Test("the first element that a block writes replaces what it inherited; the next are added")
    func replaces() {
        var list = Replaceable<Int>()
        list.append(1)
        list.append(2)
        #expect(list.elements == [1, 2])
        var child = list
        child.inherit()
        #expect(child.elements == [1, 2])
        #expect(!child.isOwn)
        child.append(3)
        child.append(4)
        #expect(child.elements == [3, 4])
        #expect(child.isOwn)
        #expect(list.elements == [1, 2])
    }

    @Test("a list that was given counts as inherited")
    func begins() {
        var list = Replaceable([1])
        #expect(list.elements == [1])
        list.append(2)
        #expect(list.elements == [2])
    }

    @Test("a block may say that its list is empty")
    func clears() {
        var list = Replaceable([1])
        list.clear()
        #expect(list.elements.isEmpty)
        #expect(list.isOwn)
    }
}
