/// What a server of a group is called by those who are to find it again: at most 32 bytes, its `route` or a
/// digest of its address. Compared and hashed without memory of its own.
public struct ServerID: Hashable, Sendable {
    /// Most bytes: those of an MD5 digest in hexadecimal digits.
    public static var countMax: Int { 32 }
    /// Numbers that hold the bytes.
    public static var wordCount: Int { countMax / 8 }

    /// Bytes that there are.
    public let count: Int
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// - Returns: `nil`: no server can be called that.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count > 0, bytes.count <= ServerID.countMax else { return nil }
        count = bytes.count
        first = bytes.littleEndian(at: 0)
        second = bytes.littleEndian(at: 8)
        third = bytes.littleEndian(at: 16)
        fourth = bytes.littleEndian(at: 24)
    }

    /// One that was kept as numbers; `nil`: what was kept is none.
    public init?(count: Int, word: (Int) -> UInt64) {
        guard count > 0, count <= ServerID.countMax else { return nil }
        self.count = count
        first = word(0)
        second = word(1)
        third = word(2)
        fourth = word(3)
    }

    /// Eight of the bytes as a number, the first of them lowest; zeros stand for those beyond the end.
    public subscript(word index: Int) -> UInt64 {
        switch index {
        case 0: first
        case 1: second
        case 2: third
        default: fourth
        }
    }
}

extension ByteBuffer {
    /// Appends the bytes of a server's name.
    public func append(_ id: ServerID) {
        for index in 0..<id.count {
            append(UInt8(truncatingIfNeeded: id[word: index / 8] >> UInt64(index % 8 * 8)))
        }
    }
}
