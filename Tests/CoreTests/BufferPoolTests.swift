import Core
import Testing

@Suite("Buffer pool") struct BufferPoolTests {
    @Test("gives back what it was given, empty, the last first")
    func recycles() {
        let pool = BufferPool()
        let first = pool.take()
        let second = pool.take()
        #expect(first !== second)
        first.append("x")
        pool.give(second)
        pool.give(first)
        #expect(pool.take() === first)
        #expect(first.isEmpty)
        #expect(pool.take() === second)
        #expect(pool.take() !== first)
    }

    @Test("keeps no buffer that grew large")
    func dropsLargeOnes() {
        let pool = BufferPool()
        let large = pool.take()
        large.reserve(1 << 20)
        pool.give(large)
        #expect(pool.take() !== large)
    }
}
