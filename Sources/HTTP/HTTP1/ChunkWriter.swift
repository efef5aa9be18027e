public import Core

/// Frames content of unknown length. RFC 9112 §7.1.
public enum ChunkWriter {
    /// What ends a chunk's content.
    public static var end: StaticString { "\r\n" }
    /// What follows the last chunk, where there are no trailers.
    public static var last: StaticString { "0\r\n\r\n" }

    /// Appends what stands before the `size` bytes of a chunk; 0 bytes make none.
    public static func begin(_ size: Int, to out: ByteBuffer) {
        out.append(hexadecimal: UInt(size))
        out.append("\r\n")
    }

    /// Appends the last chunk, with trailers in lines: §7.1.2.
    public static func appendLast(_ trailers: ByteBuffer?, to out: ByteBuffer) {
        guard let trailers, !trailers.isEmpty else { return out.append(last) }
        out.append("0\r\n")
        out.append(contentsOf: trailers)
        out.append("\r\n")
    }
}
