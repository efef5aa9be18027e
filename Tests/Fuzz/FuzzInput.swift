import CLinux
import Core
import Glibc

/// An input in memory that ends where the next page must not be touched.
///
/// A parser that reads behind its input, past all checks, ends the process there.
final class FuzzInput {
    /// Enough for the allocator to map pages for the buffer alone. 16 bytes before it are the allocator's own;
    /// what it needs behind it stands on one more page, which nobody uses.
    private static let capacity = (33 << 12) - 16

    /// M_MMAP_THRESHOLD of mallopt(3).
    private static let mapThreshold: Int32 = -3

    /// M_TRIM_THRESHOLD of mallopt(3).
    private static let trimThreshold: Int32 = -1

    private(set) var bytes: [UInt8] = []
    /// They stand at the very end of its memory.
    let buffer: ByteBuffer
    private let padding = [UInt8](repeating: 0xA5, count: FuzzInput.capacity)

    /// - Returns: `nil`: this allocator places buffers in another way.
    init?() {
        // A process that has freed large memory would take it from its heap; what is free there is used up.
        _ = mallopt(FuzzInput.mapThreshold, 128 << 10)
        // That ends glibc's own adapting: heaps would be cut to the last page at every other `free`, in
        // whatever process this is.
        _ = mallopt(FuzzInput.trimThreshold, 1 << 30)
        var others: [ByteBuffer] = []
        while others.count < 4096 {
            let candidate = ByteBuffer(capacity: FuzzInput.capacity)
            if FuzzInput.guardEnd(of: candidate) {
                buffer = candidate
                return
            }
            others.append(candidate)
        }
        return nil
    }

    /// - Returns: false: its memory is not its own.
    private static func guardEnd(of buffer: ByteBuffer) -> Bool {
        guard let start = buffer.withUnsafeReadable({ $0.baseAddress }) else { return false }
        let end = UnsafeMutableRawPointer(mutating: start + capacity)
        // malloc(3) of glibc: the size of its pages, and a bit that says that they are the buffer's alone.
        let size = (start - 8).load(as: UInt.self)
        return size & 2 != 0 && size & ~7 == 34 << 12 && UInt(bitPattern: end) % 4096 == 0
            && mprotect(end, 4096, PROT_NONE) == 0
    }

    /// Takes another input.
    func fill(_ bytes: [UInt8]) {
        self.bytes = bytes
        buffer.removeAll()
        padding.withUnsafeBufferPointer { all in
            buffer.append(UnsafeBufferPointer(rebasing: all.dropLast(bytes.count)))
        }
        buffer.append(bytes)
        buffer.consume(buffer.count - bytes.count)
    }

    /// Calls `take` with a buffer that the input arrives in, piece by piece, until it has enough.
    ///
    /// - Returns: what `take` said last.
    func inPieces<Result>(_ cuts: [Int], _ take: (ByteBuffer) -> Result?) -> Result? {
        let arriving = ByteBuffer(capacity: 16)
        var start = 0
        for cut in cuts + [bytes.count] {
            arriving.append(Array(bytes[start..<cut]))
            start = cut
            if let result = take(arriving) { return result }
        }
        return nil
    }
}
