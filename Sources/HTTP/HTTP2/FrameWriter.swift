public import Core

/// Writes frames: RFC 9113 §6.
public enum FrameWriter {
    /// The nine bytes in front of a payload.
    @inline(__always)
    public static func header(_ header: FrameHeader, to out: ByteBuffer) {
        let front =
            UInt64(header.length) << 16 | UInt64(header.kind.rawValue) << 8 | UInt64(header.flags.rawValue)
        out.append(bigEndian: front << 24 | UInt64(header.streamID) >> 8)
        out.append(UInt8(truncatingIfNeeded: header.streamID))
    }

    /// A field block as HEADERS and, where it is longer than a frame may be, CONTINUATION frames: §6.10.
    public static func headers(
        _ block: ByteBuffer, on streamID: UInt32, isLast: Bool, sizeMax: Int, to out: ByteBuffer
    ) {
        var start = 0
        var kind = FrameKind.headers
        repeat {
            let count = min(block.count - start, sizeMax)
            var flags: FrameFlags = kind == .headers && isLast ? .endStream : []
            if start + count == block.count { flags.insert(.endHeaders) }
            header(FrameHeader(length: count, kind: kind, flags: flags, streamID: streamID), to: out)
            out.append(Slice(from: start, to: start + count), of: block)
            start += count
            kind = .continuation
        } while start < block.count
    }

    /// One DATA frame.
    public static func data(
        _ slice: Slice, of content: ByteBuffer, on streamID: UInt32, isLast: Bool, to out: ByteBuffer
    ) {
        let flags: FrameFlags = isLast ? .endStream : []
        header(FrameHeader(length: Int(slice.count), kind: .data, flags: flags, streamID: streamID), to: out)
        out.append(slice, of: content)
    }

    /// Makes a DATA frame of the first `count` bytes of `content`, where they stand: its header is written
    /// in front of them.
    ///
    /// - Precondition: there is room for it in front.
    public static func prependData(
        _ count: Int, on streamID: UInt32, isLast: Bool, to content: ByteBuffer
    ) {
        let flags: FrameFlags = isLast ? .endStream : []
        content.prepend(bigEndian: UInt64(streamID), count: 4)
        content.prepend(
            bigEndian: UInt64(count) << 16 | UInt64(FrameKind.data.rawValue) << 8 | UInt64(flags.rawValue),
            count: 5)
    }

    /// RST_STREAM.
    public static func reset(_ streamID: UInt32, _ code: HTTP2ErrorCode, to out: ByteBuffer) {
        header(FrameHeader(length: 4, kind: .resetStream, streamID: streamID), to: out)
        out.append(bigEndian: code.rawValue)
    }

    /// GOAWAY: no stream after `lastStreamID` was or will be looked at.
    public static func goAway(_ lastStreamID: UInt32, _ code: HTTP2ErrorCode, to out: ByteBuffer) {
        header(FrameHeader(length: 8, kind: .goAway), to: out)
        out.append(bigEndian: lastStreamID)
        out.append(bigEndian: code.rawValue)
    }

    /// WINDOW_UPDATE; stream 0: the connection's window.
    public static func windowUpdate(_ streamID: UInt32, by increment: Int, to out: ByteBuffer) {
        header(FrameHeader(length: 4, kind: .windowUpdate, streamID: streamID), to: out)
        out.append(bigEndian: UInt32(truncatingIfNeeded: increment) & 0x7FFF_FFFF)
    }

    /// PING, with what its answer will say.
    public static func ping(_ opaque: UInt64, to out: ByteBuffer) {
        header(FrameHeader(length: 8, kind: .ping), to: out)
        out.append(bigEndian: opaque)
    }

    /// The answer to a PING, with its eight bytes.
    public static func pong(_ opaque: Slice, of payload: ByteBuffer, to out: ByteBuffer) {
        header(FrameHeader(length: 8, kind: .ping, flags: .ack), to: out)
        out.append(opaque, of: payload)
    }

    /// The answer to SETTINGS.
    public static func settingsAck(to out: ByteBuffer) {
        header(FrameHeader(length: 0, kind: .settings, flags: .ack), to: out)
    }

    /// SETTINGS with these values.
    public static func settings(_ values: [(HTTP2Setting, UInt32)], to out: ByteBuffer) {
        header(FrameHeader(length: values.count * 6, kind: .settings), to: out)
        for (setting, value) in values {
            out.append(bigEndian: setting.rawValue)
            out.append(bigEndian: value)
        }
    }
}
