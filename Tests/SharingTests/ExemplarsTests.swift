import Net
import Testing

@testable import Sharing

@Suite("Exemplars") struct ExemplarsTests {
    private func exemplar(_ us: Int, atMs: Int = 1000, _ id: String = "id") -> Exemplars.Exemplar {
        Exemplars.Exemplar(atMs: atMs, us: us, requestID: id)
    }

    @Test("the last of each range stays, and is as it was noted")
    func ranges() throws {
        let exemplars = try Exemplars()
        #expect(exemplars.all.allSatisfy { $0 == nil } && exemplars.all.count == 16)
        let long = String(repeating: "0123456789abcdef", count: 2)
        for (us, range) in [(400, 0), (499, 1), (505, 1), (50_000_000, 14), (70_000_000, 15)] {
            #expect(Exemplars.range(ofMicroseconds: Int64(us)) == range)
            exemplars.note(exemplar(us, long + "more"), in: range)
            #expect(exemplars.all[range] == exemplar(us, long))
        }
        exemplars.note(exemplar(7, "b"), in: 0)
        #expect(exemplars.all[0] == exemplar(7, "b"))
        exemplars.note(exemplar(7, "b"), in: 16)
    }

    @Test("a writer that died in the middle is waited for, and then taken for dead")
    func died() throws {
        let memory = try SharedMemory(count: 128)
        let exemplars = Exemplars(memory)
        exemplars.note(exemplar(1, atMs: 1000), in: 0)
        memory.storeOrdered(0, memory.loadOrdered(0) | 1)
        exemplars.note(exemplar(2, atMs: 5999), in: 0)
        #expect(exemplars.all[0] == nil)
        exemplars.note(exemplar(3, atMs: 6000), in: 0)
        #expect(exemplars.all[0] == exemplar(3, atMs: 6000))
    }
}
