public import Core

/// Values of fields that are made here rather than received.
public enum FieldValue {
    /// Drops control characters, tabs excepted, from what stands in `buffer` from `start` on: made of a
    /// decoded path, say. A line break would begin another field, or another message. RFC 9110 §5.5.
    @_effects(releasenone)
    public static func dropControls(of buffer: ByteBuffer, from start: Int) {
        let end = buffer.withReadable { ByteScan.endOfText(in: $0, from: start) }
        guard end < buffer.count else { return }
        let rest = buffer.bytes(of: Slice(from: end, to: buffer.count))
        buffer.truncate(to: end)
        for byte in rest where byte >= .space && byte != 0x7F || byte == .tab { buffer.append(byte) }
    }
}
