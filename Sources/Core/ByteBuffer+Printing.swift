/// Bytes and characters as logs and JSON show them.
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

    /// Appends a character of a string of JSON (RFC 8259 §7): what the grammar wants escaped, and what a
    /// terminal would obey.
    public func append(json scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x22, 0x5C:
            append("\\")
            append(UInt8(truncatingIfNeeded: scalar.value))
        case ..<0x20, 0x7F...0x9F:
            append("\\u00")
            append(UInt8.hexDigit(UInt8(truncatingIfNeeded: scalar.value >> 4)))
            append(UInt8.hexDigit(UInt8(truncatingIfNeeded: scalar.value & 15)))
        case ..<0x80: append(UInt8(truncatingIfNeeded: scalar.value))
        default: for byte in UTF8.encode(scalar) ?? .init() { append(byte) }
        }
    }

    /// All of it, each byte that is not printable as `\xHH`. For cold paths.
    public var printableText: String {
        let out = ByteBuffer(capacity: count + 16)
        for index in 0..<count { out.append(printable: self[index]) }
        return String(decoding: out.bytes, as: UTF8.self)
    }
}
