internal import CLinux
internal import Glibc

/// What is known of a slab.
struct Slab {
    /// The address of the first free object; 0: none.
    var free: UInt = 0
    /// Numbers of its neighbours in a list; 0: none.
    var next: UInt32 = 0
    var previous: UInt32 = 0
    /// Objects that are in use.
    var used: UInt32 = 0
    /// What lies behind these bytes has never been an object.
    var cutBytes: UInt32 = 0
    var kind: UInt8 = 0
    /// It stands in the list of its kind.
    var isListed = false

    /// - Returns: `nil`: no object is free.
    @inline(__always)
    mutating func take() -> UnsafeMutableRawPointer? {
        guard let object = UnsafeMutableRawPointer(bitPattern: free) else { return nil }
        let next = object.load(as: UInt.self)
        // A link that leads out of the slab was overwritten by somebody.
        precondition(next == 0 || (next ^ free) >> UInt(TLSMemory.slabShift) == 0)
        free = next
        used &+= 1
        return object
    }

    /// - Returns: whether its lists may have to change.
    @inline(__always)
    mutating func give(_ object: UnsafeMutableRawPointer) -> Bool {
        object.storeBytes(of: free, as: UInt.self)
        let hadNone = free == 0
        free = UInt(bitPattern: object)
        // Below zero something was freed twice.
        used -= 1
        return hadNone || used == 0
    }
}

/// What stands at the beginning of the range of a `TLSMemory`.
struct SlabTables {
    private struct Counters {
        /// Lists of slabs without a kind: with memory, and without.
        var warm: UInt32 = 0
        var cold: UInt32 = 0
        var warmCount: UInt32 = 0
        /// From here on slabs have never been used.
        var unused: UInt32
        let count: UInt32
    }

    /// So many slabs keep their memory while they have no kind: 1 MiB.
    private static var warmMax: UInt32 { 16 }
    static func bytes(_ slabCount: Int) -> Int { 8192 + slabCount * MemoryLayout<Slab>.stride }

    private let base: UnsafeMutableRawPointer
    /// The number of the kind by a size in steps of 16.
    private var kinds: UnsafeMutablePointer<UInt8> { base.assumingMemoryBound(to: UInt8.self) }
    /// The first slab with room of each kind; slab 0, which never has room, if there is none.
    var heads: UnsafeMutablePointer<UnsafeMutablePointer<Slab>> {
        (base + 2048).assumingMemoryBound(to: UnsafeMutablePointer<Slab>.self)
    }
    var sizes: UnsafeMutablePointer<UInt32> { (base + 4096).assumingMemoryBound(to: UInt32.self) }
    private var counters: UnsafeMutablePointer<Counters> {
        (base + 6144).assumingMemoryBound(to: Counters.self)
    }
    private var slabs: UnsafeMutablePointer<Slab> { (base + 8192).assumingMemoryBound(to: Slab.self) }

    init?(at address: UInt) {
        guard let base = UnsafeMutableRawPointer(bitPattern: address) else { return nil }
        self.base = base
    }

    func begin(slabCount: Int, firstSlab: Int) {
        slabs.pointee = Slab()
        for (kind, size) in TLSMemory.sizes.enumerated() {
            heads[kind] = slabs
            sizes[kind] = UInt32(size)
        }
        var kind = 0
        for units in 0...TLSMemory.longest / 16 {
            if units * 16 > Int(sizes[kind]) { kind += 1 }
            kinds[units] = UInt8(kind)
        }
        counters.pointee = Counters(unused: UInt32(firstSlab), count: UInt32(slabCount))
    }

    /// - Parameter count: 1 to `longest`.
    func kind(_ count: Int) -> Int { Int(kinds[(count &+ 15) >> 4]) }

    /// - Parameter object: in the range.
    func slab(of object: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Slab> {
        slabs + Int((UInt(bitPattern: object) &- UInt(bitPattern: base)) >> UInt(TLSMemory.slabShift))
    }

    private func number(_ slab: UnsafeMutablePointer<Slab>) -> UInt32 {
        UInt32(truncatingIfNeeded: slab - slabs)
    }

    /// An object where the head of the list has none that is free.
    ///
    /// - Returns: `nil`: the range is used up.
    @inline(never)
    func takeFromNext(_ kind: Int) -> UnsafeMutableRawPointer? {
        while true {
            let head = heads[kind]
            if let object = head.pointee.take() { return object }
            if head == slabs {
                guard let slab = slabWithoutKind() else { return nil }
                slab.pointee = Slab(kind: UInt8(kind))
                list(slab)
            } else if Int(head.pointee.cutBytes) + Int(sizes[kind]) <= TLSMemory.slabBytes {
                cut(head, Int(sizes[kind]))
            } else {
                unlist(head)
            }
        }
    }

    /// Makes a page of objects, so that pages are touched only as they are needed.
    private func cut(_ slab: UnsafeMutablePointer<Slab>, _ size: Int) {
        let begin = Int(slab.pointee.cutBytes)
        let count = min(max(4096 / size, 1), (TLSMemory.slabBytes - begin) / size)
        let first = base + Int(number(slab)) << TLSMemory.slabShift + begin
        for index in (0..<count).reversed() {
            let object = first + index * size
            object.storeBytes(of: slab.pointee.free, as: UInt.self)
            slab.pointee.free = UInt(bitPattern: object)
        }
        slab.pointee.cutBytes += UInt32(count * size)
    }

    /// A slab's first free object has come, or its last one.
    @inline(never)
    func gotRoom(_ slab: UnsafeMutablePointer<Slab>) {
        if slab.pointee.used > 0 {
            if !slab.pointee.isListed { list(slab) }
        } else if slab != heads[Int(slab.pointee.kind)] {
            if slab.pointee.isListed { unlist(slab) }
            retire(slab)
        }
    }

    // MARK: Lists

    /// Behind the head, which goes on until it is full: so others have time to become empty.
    private func list(_ slab: UnsafeMutablePointer<Slab>) {
        let head = heads[Int(slab.pointee.kind)]
        slab.pointee.isListed = true
        if head == slabs {
            (slab.pointee.previous, slab.pointee.next) = (0, 0)
            heads[Int(slab.pointee.kind)] = slab
        } else {
            slab.pointee.previous = number(head)
            slab.pointee.next = head.pointee.next
            if head.pointee.next > 0 { slabs[Int(head.pointee.next)].previous = number(slab) }
            head.pointee.next = number(slab)
        }
    }

    private func unlist(_ slab: UnsafeMutablePointer<Slab>) {
        let (previous, next) = (Int(slab.pointee.previous), Int(slab.pointee.next))
        slab.pointee.isListed = false
        if next > 0 { slabs[next].previous = UInt32(previous) }
        if previous > 0 {
            slabs[previous].next = UInt32(next)
        } else {
            heads[Int(slab.pointee.kind)] = slabs + next
        }
    }

    private func slabWithoutKind() -> UnsafeMutablePointer<Slab>? {
        if case let warm = Int(counters.pointee.warm), warm > 0 {
            counters.pointee.warm = slabs[warm].next
            counters.pointee.warmCount -= 1
            return slabs + warm
        }
        if case let cold = Int(counters.pointee.cold), cold > 0 {
            counters.pointee.cold = slabs[cold].next
            return slabs + cold
        }
        guard counters.pointee.unused < counters.pointee.count else { return nil }
        let number = Int(counters.pointee.unused)
        // Not before, or whoever goes through all memory (valgrind, mlockall) would touch the whole range.
        let memory = base + number << TLSMemory.slabShift
        guard mprotect(memory, TLSMemory.slabBytes, PROT_READ | PROT_WRITE) == 0 else { return nil }
        counters.pointee.unused += 1
        return slabs + number
    }

    /// Whatever needs a slab next gets this one; the kernel gets its memory if there are enough of them.
    private func retire(_ slab: UnsafeMutablePointer<Slab>) {
        if counters.pointee.warmCount < SlabTables.warmMax {
            slab.pointee.next = counters.pointee.warm
            counters.pointee.warm = number(slab)
            counters.pointee.warmCount += 1
        } else {
            slab.pointee.next = counters.pointee.cold
            counters.pointee.cold = number(slab)
            madvise(
                base + Int(number(slab)) << TLSMemory.slabShift, TLSMemory.slabBytes, Int32(MADV_DONTNEED))
        }
    }
}
