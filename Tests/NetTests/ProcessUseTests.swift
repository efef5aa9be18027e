import Glibc
import Net
import Testing

@Suite("Use of the machine") struct ProcessUseTests {
    @Test("this process has memory and descriptors, and time that grows")
    func own() throws {
        let use = try #require(ProcessUse(of: getpid()))
        #expect(use.residentBytes > 1 << 20 && use.descriptors >= 3)
        var sum = 0
        let isLater = (0..<1000).contains { _ in
            for number in 0..<1_000_000 { sum &+= number }
            return (ProcessUse(of: getpid())?.cpuMs ?? 0) > use.cpuMs
        }
        #expect(isLater && sum != 1)
        let pipes = [Int32](unsafeUninitializedCapacity: 2) { buffer, count in
            count = pipe(buffer.baseAddress) == 0 ? 2 : 0
        }
        defer { for fd in pipes { close(fd) } }
        #expect(try #require(ProcessUse(of: getpid())).descriptors >= use.descriptors)
        #expect(ProcessUse(of: -1) == nil)
    }
}
