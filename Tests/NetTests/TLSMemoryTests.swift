import Glibc
import Testing

@testable import Net

/// What `TLSMemory` gives and takes, in ranges of the tests' own.
@Suite("memory for OpenSSL") struct TLSMemoryTests {
    /// Room for a few slabs beside the tables.
    private static func memory(slabs: Int) -> TLSMemory {
        TLSMemory(bytes: (slabs + 1) * TLSMemory.slabBytes)
    }

    private static func fill(_ object: UnsafeMutableRawPointer, _ count: Int, _ seed: Int) {
        for index in 0..<count {
            object.storeBytes(
                of: UInt8(truncatingIfNeeded: index &* 31 &+ seed), toByteOffset: index, as: UInt8.self)
        }
    }

    private static func holds(_ object: UnsafeMutableRawPointer, _ count: Int, _ seed: Int) -> Bool {
        (0..<count).allSatisfy {
            object.load(fromByteOffset: $0, as: UInt8.self) == UInt8(truncatingIfNeeded: $0 &* 31 &+ seed)
        }
    }

    @Test("every size from 1 to 40,000 is aligned to 16, holds its bytes, and is malloc()'s if it is long")
    func sizes() throws {
        let memory = TLSMemory(bytes: 1 << 30)
        #expect(memory.isReserved)
        var kept: [(UnsafeMutableRawPointer, Int)] = []
        for size in 1...40_000 {
            let object = try #require(memory.allocate(size))
            #expect(UInt(bitPattern: object) % 16 == 0)
            #expect(memory.contains(object) == (size <= TLSMemory.longest))
            memset(object, Int32(size & 0xFF), size)
            kept.append((object, size))
            guard kept.count == 100 else { continue }
            // Neighbours have left each other's bytes alone.
            for (object, size) in kept {
                let last = object.load(fromByteOffset: size - 1, as: UInt8.self)
                #expect(object.load(as: UInt8.self) == size & 0xFF && last == size & 0xFF)
                memory.free(object)
            }
            kept.removeAll()
        }
    }

    @Test("nothing and less than nothing are no memory, and to free nothing does nothing")
    func nothing() {
        let memory = TLSMemoryTests.memory(slabs: 1)
        #expect(memory.allocate(0) == nil)
        #expect(memory.allocate(-1) == nil)
        memory.free(nil)
    }

    @Test("what was freed comes again")
    func reuse() throws {
        let memory = TLSMemoryTests.memory(slabs: 1)
        let object = try #require(memory.allocate(100))
        memory.free(object)
        #expect(memory.allocate(112) == object)
    }

    @Test("slabs that are free serve other sizes, and the kernel has their memory")
    func slabsChangeHands() throws {
        let slabCount = 64
        let memory = TLSMemoryTests.memory(slabs: slabCount)
        for size in [16, 7552, 304, TLSMemory.longest, 1024, 48] {
            var objects: [UnsafeMutableRawPointer] = []
            while let object = memory.allocate(size) {
                objects.append(object)
                guard memory.contains(object) else { break }
                object.storeBytes(of: UInt8(size & 0xFF), as: UInt8.self)
            }
            // All slabs but those whose last objects of other sizes were here before.
            #expect(objects.count > (slabCount - 8) * (TLSMemory.slabBytes / size))
            #expect(objects.dropLast().allSatisfy { $0.load(as: UInt8.self) == size & 0xFF })
            #expect(Set(objects).count == objects.count)
            for object in objects { memory.free(object) }
        }
    }

    @Test("a range that is used up, and one that is too small for its tables, fall back to malloc()")
    func exhaustion() throws {
        for memory in [TLSMemoryTests.memory(slabs: 1), TLSMemory(bytes: 0)] {
            var objects: [UnsafeMutableRawPointer] = []
            for index in 0..<100 {
                let object = try #require(memory.allocate(4096))
                TLSMemoryTests.fill(object, 4096, index)
                objects.append(object)
            }
            #expect(objects.count(where: memory.contains) == (memory.isReserved ? 16 : 0))
            for (index, object) in objects.enumerated() {
                #expect(TLSMemoryTests.holds(object, 4096, index))
                let longer = try #require(memory.reallocate(object, 5000))
                #expect(TLSMemoryTests.holds(longer, 4096, index))
                memory.free(longer)
            }
        }
    }

    @Test("realloc() keeps what both sizes have, in and out of the range, and knows nothing at either end")
    func reallocation() throws {
        let memory = TLSMemory(bytes: 16 << 20)
        for (from, to) in [
            (1, 16), (16, 17), (17, 1), (1024, 1025), (1000, 17_408), (17_408, 17_409), (40_000, 100),
            (100, 40_000), (40_000, 80_000), (7552, 7553), (300, 300),
        ] {
            let object = try #require(memory.reallocate(nil, from))
            TLSMemoryTests.fill(object, from, to)
            let other = try #require(memory.reallocate(object, to))
            #expect(TLSMemoryTests.holds(other, min(from, to), to), "\(from) to \(to)")
            #expect(memory.reallocate(other, 0) == nil)
        }
    }

    @Test("200,000 steps of a random pattern leave every object's bytes as they were written")
    func randomPattern() throws {
        let memory = TLSMemory(bytes: 64 << 20)
        var state: UInt64 = 42
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var objects: [(object: UnsafeMutableRawPointer, count: Int, seed: Int)] = []
        for step in 0..<200_000 {
            // It grows and shrinks by turns, to nothing in the end.
            let grows = (step / 4000) % 2 == 0
            if objects.isEmpty || random(10) < (grows ? 7 : 3) {
                let count = 1 + (random(50) == 0 ? random(20_000) : random(600))
                let object = try #require(memory.allocate(count))
                TLSMemoryTests.fill(object, min(count, 64), step)
                objects.append((object, count, step))
            } else {
                let index = random(objects.count)
                objects.swapAt(index, objects.count - 1)
                let (object, count, seed) = objects.removeLast()
                #expect(TLSMemoryTests.holds(object, min(count, 64), seed))
                if random(4) == 0, let moved = memory.reallocate(object, random(3000) + 1) {
                    memory.free(moved)
                } else {
                    memory.free(object)
                }
            }
        }
        for (object, count, seed) in objects {
            #expect(TLSMemoryTests.holds(object, min(count, 64), seed))
            memory.free(object)
        }
    }
}
