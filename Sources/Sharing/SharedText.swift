public import Net

/// A short text in shared memory, with one writer and any number of readers: a `Seqlock` holds it.
public struct SharedText {
    /// Numbers that a text of `SharedText.byteMax` bytes takes.
    public static var numbers: Int { 2 + wordCount }
    /// Longest text; what is longer is cut.
    public static var byteMax: Int { wordCount * 8 }

    private static var wordCount: Int { 14 }

    private let memory: SharedMemory
    private let base: Int

    /// - Parameter base: index of the first of its numbers.
    public init(_ memory: SharedMemory, at base: Int) {
        self.memory = memory
        self.base = base
    }

    private var lock: Seqlock { Seqlock(memory, base) }

    /// Replaces the text. Only one process may write.
    public func write(_ text: String) {
        let bytes = Array(text.utf8.prefix(SharedText.byteMax))
        lock.write {
            memory.storeOrdered(base + 1, bytes.count)
            memory.store(bytes, at: base + 2)
        }
    }

    /// The text; empty if it is being written all the time, or if its writer died in the middle.
    public func read() -> String {
        let bytes = lock.read { _ in
            let count = min(max(memory.loadOrdered(base + 1), 0), SharedText.byteMax)
            return memory.bytes(at: base + 2, count: count)
        }
        return String(decoding: bytes ?? [], as: UTF8.self)
    }
}
