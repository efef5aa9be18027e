public import Net

/// A short text in shared memory, with one writer and any number of readers.
///
/// A seqlock: the number in front is odd while the text is being written, and another one afterwards, so
/// that a reader never takes half of two texts for one.
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

    /// Replaces the text. Only one process may write.
    public func write(_ text: String) {
        let bytes = Array(text.utf8.prefix(SharedText.byteMax))
        let sequence = memory.load(base) | 1
        memory.storeOrdered(base, sequence)
        memory.storeOrdered(base + 1, bytes.count)
        for word in 0..<SharedText.wordCount {
            var number: UInt64 = 0
            for index in 0..<8 where word * 8 + index < bytes.count {
                number |= UInt64(bytes[word * 8 + index]) << UInt64(index * 8)
            }
            memory.storeOrdered(base + 2 + word, Int(bitPattern: UInt(number)))
        }
        memory.storeOrdered(base, sequence &+ 1)
    }

    /// The text; empty if it is being written all the time, or if its writer died in the middle.
    public func read() -> String {
        for _ in 0..<100 {
            let before = memory.loadOrdered(base)
            guard before & 1 == 0 else { continue }
            let count = min(max(memory.loadOrdered(base + 1), 0), SharedText.byteMax)
            var bytes: [UInt8] = []
            for word in 0..<SharedText.wordCount {
                let number = UInt64(UInt(bitPattern: memory.loadOrdered(base + 2 + word)))
                for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8))) }
            }
            guard memory.loadOrdered(base) == before else { continue }
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        return ""
    }
}
