/// Buffers of a worker that nobody needs at the moment, at most 512 of them.
public final class BufferPool {
    /// Capacity of a fresh buffer, in bytes: a head and a small body.
    public static var freshCapacity: Int { 4 << 10 }
    /// A buffer that grew beyond this is not kept.
    private static var keptCapacityMax: Int { 64 << 10 }

    /// Buffers that nobody has now are the first `count`. In place: of an array it would be asked with each
    /// change whether somebody else has it as well.
    private var held = InlineArray<512, ByteBuffer?>(repeating: nil)
    private var count = 0

    /// An empty pool.
    public init() {}

    /// An empty buffer.
    @_effects(releasenone)
    public func take() -> ByteBuffer {
        guard count > 0 else { return ByteBuffer(capacity: BufferPool.freshCapacity) }
        count -= 1
        return held[count].take() ?? ByteBuffer(capacity: BufferPool.freshCapacity)
    }

    /// Takes a buffer back; its bytes are dropped.
    public func give(_ buffer: consuming ByteBuffer) {
        guard count < held.count, buffer.capacity <= BufferPool.keptCapacityMax else { return }
        buffer.removeAll()
        held[count] = buffer
        count += 1
    }

    /// Lets go of all but so many.
    public func shrink(to most: Int) {
        while count > most {
            count -= 1
            held[count] = nil
        }
    }
}
