/// Bytes as error logs show them.
extension ByteBuffer {
    /// Appends a byte, as `\xHH` unless it is printable ASCII: a terminal must not obey it, and a line must
    /// stay one line.
    public func append(printable byte: UInt8) {
        guard !ByteBuffer.isPrintable(byte) else { return append(byte) }
        append("\\x")
        append(UInt8.hexDigit(byte >> 4, uppercase: true))
        append(UInt8.hexDigit(byte & 15, uppercase: true))
    }

    /// Whether `append(printable:)` leaves the byte as it is.
    public static func isPrintable(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }

    /// All of it, each byte that is not printable as `\xHH`. For cold paths.
    public var printableText: String {
        let out = ByteBuffer(capacity: count + 16)
        for index in 0..<count { out.append(printable: self[index]) }
        return String(decoding: out.bytes, as: UTF8.self)
    }
}
