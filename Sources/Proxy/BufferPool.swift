internal import Core

/// Buffers of a worker that nobody needs at the moment, at most `heldMax` of them.
final class BufferPool {
    /// Capacity of a fresh buffer, in bytes: a head and a small body.
    static var freshCapacity: Int { 4 << 10 }
    /// A buffer that grew beyond this is not kept.
    private static var keptCapacityMax: Int { 64 << 10 }
    private static var heldMax: Int { 512 }

    private var held: [ByteBuffer] = []

    init() {
        held.reserveCapacity(BufferPool.heldMax)
    }

    /// An empty buffer.
    func take() -> ByteBuffer {
        held.popLast() ?? ByteBuffer(capacity: BufferPool.freshCapacity)
    }

    /// Takes a buffer back; its bytes are dropped.
    func give(_ buffer: ByteBuffer) {
        guard held.count < BufferPool.heldMax, buffer.capacity <= BufferPool.keptCapacityMax else { return }
        buffer.removeAll()
        held.append(buffer)
    }
}
