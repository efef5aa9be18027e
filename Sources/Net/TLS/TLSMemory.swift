internal import CLinux
internal import Glibc
internal import Synchronization

/// Memory for OpenSSL, which asks for 790 pieces in a full handshake, and for 16.4 KiB a record read or sent.
///
/// One range of addresses, which can be used as far as it was needed yet, is cut into slabs of 64 KiB,
/// and a slab into objects of one kind: of one size. Nothing stands before an object; its slab says how long
/// it is. A free object holds the address of the next one of its slab. A slab whose objects are all free
/// serves any kind that needs one. What is too long, or comes when the range is used up, is malloc()'s.
///
///     range:  kinds, heads, sizes, counters, table of slabs │ slab │ slab │ …
///     heads[kind] ──▶ slab ◀──▶ slab ◀──▶ …                  those of the kind that have room
///
/// Beside malloc() a handshake takes 2.5 % fewer instructions, and what was lent to a crowd comes back: 2,000
/// busy connections took 97 MB, and as much when they had gone; now 58 MB and 31.
///
/// There are no locks: a process that uses it has one thread. A child has a copy, as of all memory.
///
/// In bounds: a kind is what the table of kinds holds, a slab is one whose objects' address was seen to be in
/// the range, and the links between objects are checked as they are followed.
struct TLSMemory: Sendable {
    static var slabBytes: Int { 1 << slabShift }
    static var slabShift: Int { 16 }
    /// The longest object; OpenSSL's buffers for a record take some 16.4 KiB.
    static var longest: Int { 17 << 10 }
    /// Steps of 16 to 1 KiB, of 64 to 8 KiB (OpenSSL's state of a connection takes 7.4), of 1,024 above.
    static var sizes: [Int] {
        Array(stride(from: 16, to: 1 << 10, by: 16)) + Array(stride(from: 1 << 10, to: 8 << 10, by: 64))
            + Array(stride(from: 8 << 10, through: longest, by: 1 << 10))
    }

    private let base: UInt
    /// Of the range; 0: there is none, and everything is malloc()'s.
    private let byteCount: UInt

    // Atomics, which cost nothing here: a global that is set after the start can be nothing else, and one
    // that is set when it is first used is asked each time whether it was (8 instructions).
    private static let sharedBase = Atomic<UInt>(0)
    private static let sharedByteCount = Atomic<UInt>(0)

    /// That of this process, once it was reserved.
    @inline(__always)
    static var shared: TLSMemory {
        TLSMemory(
            base: sharedBase.load(ordering: .relaxed), byteCount: sharedByteCount.load(ordering: .relaxed))
    }

    /// Reserves the one of this process; that takes addresses only.
    static func reserveShared() {
        guard !shared.isReserved else { return }
        let memory = TLSMemory(bytes: 16 << 30)
        sharedBase.store(memory.base, ordering: .relaxed)
        sharedByteCount.store(memory.byteCount, ordering: .relaxed)
    }

    private init(base: UInt, byteCount: UInt) {
        self.base = base
        self.byteCount = byteCount
    }

    /// - Parameter bytes: of the range, its tables among them. It is never given back.
    init(bytes: Int) {
        let slabBytes = TLSMemory.slabBytes
        let slabCount = bytes / slabBytes
        let first = (SlabTables.bytes(slabCount) + slabBytes - 1) / slabBytes
        let flags = Int32(MAP_PRIVATE) | Int32(MAP_ANONYMOUS) | Int32(MAP_NORESERVE)
        // One slab more, so that it can begin where a slab may.
        let mapped = mmap(nil, bytes + slabBytes, PROT_NONE, flags, -1, 0)
        guard let mapped, mapped != MAP_FAILED, first < slabCount else {
            (base, byteCount) = (0, 0)
            return
        }
        // Kinds that are seldom asked for would hold 2 MiB each.
        madvise(mapped, bytes + slabBytes, Int32(MADV_NOHUGEPAGE))
        let start = (UInt(bitPattern: mapped) + UInt(slabBytes) - 1) & ~UInt(slabBytes - 1)
        guard
            mprotect(UnsafeMutableRawPointer(bitPattern: start), first * slabBytes, PROT_READ | PROT_WRITE)
                == 0
        else {
            (base, byteCount) = (0, 0)
            return
        }
        base = start
        byteCount = UInt(slabCount * slabBytes)
        SlabTables(at: base)?.begin(slabCount: slabCount, firstSlab: first)
    }

    /// Whether there is a range.
    var isReserved: Bool { byteCount > 0 }

    func contains(_ object: UnsafeMutableRawPointer) -> Bool { UInt(bitPattern: object) &- base < byteCount }

    /// `malloc`, and `nil` for nothing.
    @inline(__always)
    func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
        guard count > 0 else { return nil }
        guard count <= TLSMemory.longest, let tables = SlabTables(at: base) else { return malloc(count) }
        let kind = tables.kind(count)
        if let object = tables.heads[kind].pointee.take() { return object }
        return tables.takeFromNext(kind) ?? malloc(count)
    }

    /// `free`
    @inline(__always)
    func free(_ object: UnsafeMutableRawPointer?) {
        // Nothing is what OpenSSL frees in 666 of the 1,460 calls of a handshake.
        guard let object else { return }
        guard contains(object), let tables = SlabTables(at: base) else { return Glibc.free(object) }
        let slab = tables.slab(of: object)
        if slab.pointee.give(object) { tables.gotRoom(slab) }
    }

    /// `realloc`; of nothing it allocates, and to nothing it frees.
    func reallocate(_ object: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
        guard let object else { return allocate(count) }
        guard count > 0 else {
            free(object)
            return nil
        }
        guard contains(object), let tables = SlabTables(at: base) else { return realloc(object, count) }
        let kind = Int(tables.slab(of: object).pointee.kind)
        if count <= TLSMemory.longest, tables.kind(count) == kind { return object }
        guard let moved = allocate(count) else { return nil }
        memcpy(moved, object, min(count, Int(tables.sizes[kind])))
        free(object)
        return moved
    }
}
