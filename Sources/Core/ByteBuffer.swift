internal import Glibc

/// A growable run of bytes: written at its end, read and consumed at its front.
///
/// One of the few types that touch raw memory; every access is bounds-checked here. It has identity
/// so that it can go back to a pool; it is confined to the worker that owns it.
///
///     |  consumed  |  readable (`count`)  |  writable  |
///     0          head                   tail       capacity
///
/// Positions (`Slice`, subscripts) count from the start of the readable bytes. They stay valid while
/// bytes are appended, and until `consume`, `removeAll` or `truncate` is called. A slice that reaches
/// beyond the readable bytes is of another buffer, or of another time: it stands for nothing.
///
/// What is appended may be the buffer's own bytes, even if it has to move or grow for them.
///
/// `@_effects(releasenone)` says of what other rooms call without its body, here and elsewhere, that it lets
/// go of no object: the compiler need not retain what is used behind the call. It must be true of all that
/// the function calls, and of arrays that somebody else may hold a copy of.
public final class ByteBuffer {
    @usableFromInline internal var base: UnsafeMutablePointer<UInt8>
    @usableFromInline internal var head = 0
    @usableFromInline internal var tail = 0
    @usableFromInline internal var size: Int

    /// So many bytes of memory; of none, a place where nothing is ever written.
    private static func memory(_ size: Int) -> UnsafeMutablePointer<UInt8> {
        size > 0 ? .allocate(capacity: size) : UnsafeMutablePointer(mutating: ("" as StaticString).utf8Start)
    }

    private func releaseMemory() {
        if size > 0 { base.deallocate() }
    }

    /// - Parameter capacity: bytes to hold before the first growth; 0: it has no memory until then.
    public init(capacity: Int) {
        size = capacity > 0 ? max(capacity, 16) : 0
        base = ByteBuffer.memory(size)
    }

    deinit { releaseMemory() }

    // MARK: Measures

    /// Readable bytes.
    @inlinable public var count: Int { tail &- head }
    /// Whether nothing is readable.
    @inlinable public var isEmpty: Bool { tail == head }
    /// Bytes of memory held, readable or not.
    @inlinable public var capacity: Int { size }
    /// Bytes that can be appended before the buffer moves or grows.
    @inlinable public var writableCount: Int { size &- tail }

    // MARK: Reading

    /// The readable byte at `index`; traps outside of them.
    @inlinable public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "index out of range")
        return base[head &+ index]
    }

    /// Calls `body` with the readable bytes. It must not change the buffer.
    @inlinable
    public func withReadable<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeBufferPointer(start: base + head, count: count).span)
    }

    /// Calls `body` with the bytes of `slice`. It must not change the buffer.
    @inlinable
    public func withBytes<R, E: Error>(
        of slice: Slice, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try body(pointer(to: slice).span)
    }

    /// The memory of `slice`; of one that reaches beyond the readable bytes, none.
    @inlinable
    @inline(__always)
    internal func pointer(to slice: Slice) -> UnsafeBufferPointer<UInt8> {
        guard slice.end <= count else { return UnsafeBufferPointer(start: base, count: 0) }
        return UnsafeBufferPointer(start: base + head + Int(slice.start), count: Int(slice.count))
    }

    /// Calls `body` with the readable bytes as raw memory, for system calls.
    @inlinable
    public func withUnsafeReadable<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base + head, count: count))
    }

    /// Whether the bytes of `slice` are `text`, ASCII letters compared without case.
    @inlinable
    public func equalsIgnoringCase(_ slice: Slice, _ text: StaticString) -> Bool {
        withBytes(of: slice) { Core.equalsIgnoringCase($0, text) }
    }

    /// Whether the readable bytes of both are the same.
    @_effects(releasenone)
    public func isEqual(to other: ByteBuffer) -> Bool {
        count == other.count && memcmp(base + head, other.base + other.head, count) == 0
    }

    /// Whether the readable bytes are those of a slice of `other`.
    @_effects(releasenone)
    public func isEqual(to slice: Slice, of other: ByteBuffer) -> Bool {
        isEqual(Slice(from: 0, to: count), to: slice, of: other)
    }

    /// Whether the first readable bytes are these.
    @_effects(releasenone)
    public func begins(with bytes: Span<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { wanted in
            guard wanted.count <= count, let start = wanted.baseAddress else { return wanted.isEmpty }
            return memcmp(base + head, start, wanted.count) == 0
        }
    }

    /// Whether the bytes of `slice` are those of a slice of `other`.
    @_effects(releasenone)
    public func isEqual(_ slice: Slice, to otherSlice: Slice, of other: ByteBuffer) -> Bool {
        let left = pointer(to: slice)
        let right = other.pointer(to: otherSlice)
        guard left.count == right.count, let start = left.baseAddress, let otherStart = right.baseAddress
        else {
            return false
        }
        return memcmp(start, otherStart, left.count) == 0
    }

    /// The bytes of `slice`, copied. For cold paths.
    public func bytes(of slice: Slice) -> [UInt8] { Array(pointer(to: slice)) }

    /// The readable bytes, copied. For cold paths.
    public var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base + head, count: count)) }

    /// The bytes of `slice` as text, malformed UTF-8 repaired. For logs and cold paths.
    public func string(of slice: Slice) -> String { String(decoding: bytes(of: slice), as: UTF8.self) }

    /// Calls `body` with the readable bytes and a zero behind them, for system calls that take a path.
    ///
    /// - Returns: `nil`, without a call, if a zero is among them: the system would read a shorter path.
    public func withPath<R>(_ body: (UnsafePointer<CChar>) -> R) -> R? {
        guard memchr(base + head, 0, count) == nil else { return nil }
        reserve(1)
        base[tail] = 0
        return body(UnsafeRawPointer(base + head).assumingMemoryBound(to: CChar.self))
    }

    // MARK: Consuming

    /// Drops `amount` bytes from the front.
    @inlinable
    public func consume(_ amount: Int) {
        precondition(amount >= 0 && amount <= count, "consumes more than there is")
        head &+= amount
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Drops bytes from the end until `newCount` are left.
    @inlinable
    public func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "truncates to more than there is")
        tail = head &+ newCount
    }

    /// Drops all that is readable; keeps the memory.
    @inlinable
    public func removeAll() {
        head = 0
        tail = 0
    }

    /// Drops all that is readable, and leaves bytes in front of what is appended next for `prepend`.
    public func removeAll(leaving count: Int) {
        precondition(count >= 0 && count <= size, "leaves more than there is")
        head = count
        tail = count
    }

    /// Bytes in front of the readable ones that `prepend` may write: they were left, or consumed.
    @inlinable public var prependableCount: Int { head }

    /// Puts the last `count` bytes of `value`, the highest first, in front of what is readable.
    public func prepend(bigEndian value: UInt64, count: Int) {
        precondition(count >= 0 && count <= 8 && count <= head, "no room in front")
        var rest = value
        for _ in 0..<count {
            head &-= 1
            base[head] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
    }

    /// Gives memory back that one large use needed, if the buffer is empty and larger than `limit`.
    @_effects(releasenone)
    public func shrink(toCapacity limit: Int) {
        guard isEmpty, size > limit else { return }
        releaseMemory()
        size = limit > 0 ? max(limit, 16) : 0
        base = ByteBuffer.memory(size)
        head = 0
        tail = 0
    }

    /// Gives back what growing took beyond the readable bytes, if the buffer is larger than `limit` and that
    /// is much.
    @_effects(releasenone)
    public func trim(above limit: Int) {
        guard size > limit, size - count > size / 8 else { return }
        let held = count
        let exact = ByteBuffer.memory(max(held, 16))
        memcpy(exact, base + head, held)
        releaseMemory()
        base = exact
        size = max(held, 16)
        head = 0
        tail = held
    }

    // MARK: Writing

    /// Makes room for `amount` more bytes: by moving the readable bytes to the front, or by growing.
    @inlinable
    public func reserve(_ amount: Int) {
        if size &- tail < amount { makeRoom(amount) }
    }

    /// Makes room for as many bytes as `bytes` has, which may be this buffer's own.
    ///
    /// - Returns: where they stand now.
    @usableFromInline
    @_effects(releasenone)
    internal func makeRoom(for bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard let start = bytes.baseAddress, start >= base + head, start < base + tail else {
            makeRoom(bytes.count)
            return bytes
        }
        let offset = start - UnsafePointer(base + head)
        makeRoom(bytes.count)
        return UnsafeBufferPointer(start: base + offset, count: bytes.count)
    }

    @usableFromInline
    @_effects(releasenone)
    internal func makeRoom(_ amount: Int) {
        let held = count
        if size - held >= amount && head >= held {
            memmove(base, base + head, held)
        } else {
            // Doubled, so that many small steps cost little; more than half of what an address can say is
            // more than there is, and refused by the allocator.
            let wanted = max(held.saturatingSum(amount), size.saturatingSum(size), 16)
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
            memcpy(larger, base + head, held)
            releaseMemory()
            base = larger
            size = wanted
        }
        head = 0
        tail = held
    }

    /// Lets `body` fill up to `atLeast` or more free bytes at the end; it returns how many it wrote.
    ///
    /// - Returns: what `body` returned. A negative count writes nothing.
    @inlinable
    public func withUnsafeWritable(
        atLeast: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> Int {
        reserve(atLeast)
        let written = body(UnsafeMutableRawBufferPointer(start: base + tail, count: size &- tail))
        precondition(written <= size &- tail, "wrote past the end")
        if written > 0 { tail &+= written }
        return written
    }

    /// Appends one byte.
    @inlinable
    public func append(_ byte: UInt8) {
        reserve(1)
        base[tail] = byte
        tail &+= 1
    }

    /// Appends the UTF-8 of a literal: a few moves where it stands, a third of what a call takes.
    @inlinable
    @inline(__always)
    public func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        (base + tail).initialize(from: text.utf8Start, count: length)
        tail &+= length
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { append($0) }
    }

    /// Appends the eight bytes of `value`, the highest first.
    @_effects(releasenone)
    public func append(bigEndian value: UInt64) {
        reserve(8)
        // In bounds: eight bytes were just reserved.
        UnsafeMutableRawPointer(base + tail).storeBytes(of: value.bigEndian, as: UInt64.self)
        tail &+= 8
    }

    /// Appends the bytes of `slice` of `other`, `A`–`Z` as `a`–`z`.
    @_effects(releasenone)
    public func append(lowercased slice: Slice, of other: ByteBuffer) {
        guard slice.end <= other.count else { return }
        let count = Int(slice.count)
        reserve(count)
        // Both runs are in bounds: the slice as was just checked, the target as was just reserved. They do
        // not overlap: even a slice of this buffer ends where the target begins, or before.
        let source = UnsafeRawPointer(other.base + other.head + Int(slice.start))
        let target = UnsafeMutableRawPointer(base + tail)
        var offset = 0
        while count >= 8 {
            let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            target.storeBytes(of: ByteBuffer.lowercased(word), toByteOffset: offset, as: UInt64.self)
            guard offset < count &- 8 else { break }
            // The last step does some bytes again rather than go past the end.
            offset = min(offset &+ 8, count &- 8)
        }
        if count < 8 {
            for index in 0..<count {
                base[tail + index] = other.base[other.head + Int(slice.start) + index].asciiLowercased
            }
        }
        tail &+= count
    }

    /// `A`–`Z` in each of the eight bytes as `a`–`z`. Sums of seven bits carry nowhere.
    private static func lowercased(_ word: UInt64) -> UInt64 {
        let low = word & 0x7F7F_7F7F_7F7F_7F7F
        let letters = (low &+ 0x3F3F_3F3F_3F3F_3F3F) & ~(low &+ 0x2525_2525_2525_2525) & ~word
        return word | (letters & 0x8080_8080_8080_8080) >> 2
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append($0) }
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        let settled = size &- tail < bytes.count ? makeRoom(for: bytes) : bytes
        guard let start = settled.baseAddress else { return }
        (base + tail).initialize(from: start, count: bytes.count)
        tail &+= bytes.count
    }

    /// Appends the UTF-8 of `text`. For cold paths.
    ///
    /// Disfavoured, or every literal would be a `String`: that took 21 calls and 2,300 instructions a
    /// proxied request.
    @_disfavoredOverload
    public func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    /// Appends the bytes of `slice` of `other`.
    @inlinable
    @inline(__always)
    public func append(_ slice: Slice, of other: ByteBuffer) {
        guard slice.end <= other.count else { return }
        let count = Int(slice.count)
        reserve(count)
        // Looked up only now: making room may have moved the bytes, if they are this buffer's.
        (base + tail).initialize(from: other.base + other.head + Int(slice.start), count: count)
        tail &+= count
    }

    /// Appends all that is readable in `other`.
    @inlinable
    @inline(__always)
    public func append(contentsOf other: ByteBuffer) {
        let count = other.count
        reserve(count)
        (base + tail).initialize(from: other.base + other.head, count: count)
        tail &+= count
    }
}

extension Int {
    /// The sum of two sizes; where that is more than an `Int` says, the most that it does.
    @inlinable
    public func saturatingSum(_ other: Int) -> Int {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? (other < 0 ? .min : .max) : sum
    }
}

extension [UInt8] {
    /// Appends a copy of `bytes`, at once.
    public mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}
