import CLinux
import Core
import Glibc
import Synchronization

/// How often memory was asked for since the start.
///
/// The linker puts these functions in the place of the allocator's (`--wrap`) in everything that is linked
/// statically: our code and Swift's runtime, in a release build. Shared libraries are not counted.
enum AllocationCount {
    fileprivate static let number = Atomic<Int>(0)

    static var current: Int { number.load(ordering: .relaxed) }

    /// Whether it counts at all: a debug build's runtime is a shared library.
    static let isCounting: Bool = {
        let before = current
        // Of another module, so that it is not put on the stack.
        return !ByteBuffer(capacity: 64).isEmpty || current > before
    }()

    fileprivate static func add() { number.wrappingAdd(1, ordering: .relaxed) }
}

@_cdecl("__wrap_malloc")
func countedAllocation(_ size: Int) -> UnsafeMutableRawPointer? {
    AllocationCount.add()
    return __libc_malloc(size)
}

@_cdecl("__wrap_calloc")
func countedZeroedAllocation(_ count: Int, _ size: Int) -> UnsafeMutableRawPointer? {
    AllocationCount.add()
    return __libc_calloc(count, size)
}

@_cdecl("__wrap_realloc")
func countedReallocation(_ memory: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer? {
    AllocationCount.add()
    return __libc_realloc(memory, size)
}

@_cdecl("__wrap_posix_memalign")
func countedAlignedAllocation(
    _ memory: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: Int, _ size: Int
) -> Int32 {
    AllocationCount.add()
    memory.pointee = __libc_memalign(alignment, size)
    return memory.pointee == nil ? ENOMEM : 0
}
