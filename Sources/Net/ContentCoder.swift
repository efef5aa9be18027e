internal import CLinux
public import Core

/// One content on its way through zlib: made smaller in gzip's format (RFC 1952), or as it was before that.
///
/// Owns zlib's state; after `restart` it is of use for another content.
public final class ContentCoder {
    /// What is done, and by what measures.
    public enum Kind: Equatable, Sendable {
        /// - Parameters:
        ///   - level: 1 (fast) to 9 (small).
        ///   - windowBits: how far back repetitions are looked for, as a power of two: 9 to 15.
        ///   - memoryLevel: how much is remembered: 1 to 9.
        case deflate(level: Int, windowBits: Int, memoryLevel: Int)
        case inflate
    }

    /// How much of what was taken has to be given.
    public enum Flush: Int32 {
        /// As much as suits zlib.
        case none = 0
        /// All, so that whoever has it can read all that was taken.
        case sync = 2
        /// All, and the end of the content.
        case finish = 4
    }

    /// What a step came to.
    public enum Step {
        /// All was taken, and given as far as was asked for.
        case wantsInput
        /// There is more to be given.
        case wantsRoom
        /// The content's end was reached.
        case ended
        /// The content is not what it is said to be.
        case failed
    }

    /// What it does; another kind needs another coder.
    public let kind: Kind
    private let zlib: Zlib
    private let stream: Zlib.Stream

    /// - Returns: `nil` if there is no zlib, no memory, or the measures are none.
    public init?(_ kind: Kind) {
        guard let zlib = Zlib.system, let version = zlib.version() else { return nil }
        let stream = Zlib.Stream.allocate(capacity: 1)
        stream.initialize(to: portico_zlib_stream())
        let size = Int32(MemoryLayout<portico_zlib_stream>.size)
        // 16 more bits of window ask for gzip's head and end.
        let result: Int32 =
            switch kind {
            case .deflate(let level, let windowBits, let memoryLevel):
                zlib.deflateInit(
                    stream, Int32(clamping: level), 8, Int32(clamping: windowBits) &+ 16,
                    Int32(clamping: memoryLevel), 0, version, size)
            case .inflate: zlib.inflateInit(stream, 15 + 16, version, size)
            }
        guard result == 0 else {
            stream.deallocate()
            return nil
        }
        self.kind = kind
        self.zlib = zlib
        self.stream = stream
    }

    deinit {
        switch kind {
        case .deflate: _ = zlib.deflateEnd(stream)
        case .inflate: _ = zlib.inflateEnd(stream)
        }
        stream.deallocate()
    }

    /// Forgets the content, for the next one.
    public func restart() {
        switch kind {
        case .deflate: _ = zlib.deflateReset(stream)
        case .inflate: _ = zlib.inflateReset(stream)
        }
    }

    /// Takes from the front of `input`, and appends to `out`, at most `atMost` bytes.
    ///
    /// After `wantsRoom` it is to be called again with the same `flush`.
    public func code(_ input: ByteBuffer, _ flush: Flush, into out: ByteBuffer, atMost: Int) -> Step {
        var result: Int32 = 0
        var isFull = false
        let taken = input.withUnsafeReadable { source in
            // zlib counts in 32 bits, and writes to the output alone.
            let offered = min(source.count, Int(Int32.max))
            stream.pointee.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(truncatingIfNeeded: offered)
            _ = out.withUnsafeWritable(atLeast: max(atMost, 1)) { free in
                let room = min(free.count, max(atMost, 1), Int(Int32.max))
                stream.pointee.next_out = free.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(truncatingIfNeeded: room)
                switch kind {
                case .deflate: result = zlib.deflate(stream, flush.rawValue)
                case .inflate: result = zlib.inflate(stream, 0)
                }
                isFull = stream.pointee.avail_out == 0
                return room - Int(stream.pointee.avail_out)
            }
            return offered - Int(stream.pointee.avail_in)
        }
        input.consume(taken)
        stream.pointee.next_in = nil
        stream.pointee.next_out = nil
        switch result {
        case 1: return .ended
        // It could not go on for want of one of the two, which is no mistake.
        case 0, -5: return isFull ? .wantsRoom : .wantsInput
        default: return .failed
        }
    }
}
