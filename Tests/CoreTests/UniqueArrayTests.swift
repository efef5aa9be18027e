import Core
import Testing

@Suite("Unique array") struct UniqueArrayTests {
    @Test("grows and keeps what is in it")
    func grows() {
        var array = UniqueArray<Int32>()
        for number in 0..<1000 { array.append(Int32(number)) }
        let count = array.count
        #expect(count == 1000)
        var isInOrder = true
        for index in 0..<1000 where array[index] != Int32(index) { isInOrder = false }
        #expect(isInOrder)
    }

    @Test("values are changed where they stand")
    func changes() {
        var array = UniqueArray<UInt64>(capacity: 1)
        array.append(1)
        array.append(2)
        array[0] += 10
        let values = [array[0], array[1]]
        #expect(values == [11, 2])
    }

    @Test("the last value comes out first, and then none")
    func pops() {
        var array = UniqueArray<UInt8>()
        array.append(1)
        array.append(2)
        let taken = [array.popLast(), array.popLast(), array.popLast()]
        #expect(taken == [2, 1, nil])
        let isEmpty = array.isEmpty
        #expect(isEmpty)
    }

    @Test("emptied, it takes values from the front again")
    func empties() {
        var array = UniqueArray<UInt8>()
        for _ in 0..<20 { array.append(7) }
        array.removeAll()
        let before = (array.isEmpty, array.count)
        #expect(before == (true, 0))
        array.append(9)
        let after = (array.count, array[0])
        #expect(after == (1, 9))
    }

    @Test("two of them are swapped without a copy")
    func swaps() {
        var first = UniqueArray<UInt8>()
        var second = UniqueArray<UInt8>()
        first.append(1)
        swap(&first, &second)
        let swapped = (first.isEmpty, second.count, second[0])
        #expect(swapped == (true, 1, 1))
    }
}
