internal import Core

/// Writes bytes so that they can stand in a URI.
///
/// - SeeAlso: RFC 3986 §2.1.
enum PercentEncoding {
    /// Where the bytes will stand.
    enum Place {
        /// In a path.
        case path
        /// In the value of an argument.
        case argument
    }

    static func append(_ bytes: Span<UInt8>, in place: Place, to out: ByteBuffer) {
        for index in bytes.indices {
            let byte = bytes[index]
            guard needsEscape(byte, place) else {
                out.append(byte)
                continue
            }
            out.append(UInt8(ascii: "%"))
            out.append(UInt8.hexDigit(byte >> 4, uppercase: true))
            out.append(UInt8.hexDigit(byte & 0x0F, uppercase: true))
        }
    }

    /// Escapes the bytes of `buffer` from `start` on, in place.
    static func escapeTail(of buffer: ByteBuffer, from start: Int, in place: Place, using scratch: ByteBuffer)
    {
        let tail = Slice(from: start, to: buffer.count)
        let isClean = buffer.withBytes(of: tail) { bytes in
            for index in bytes.indices where needsEscape(bytes[index], place) { return false }
            return true
        }
        if isClean { return }
        scratch.removeAll()
        scratch.append(tail, of: buffer)
        buffer.truncate(to: start)
        scratch.withReadable { append($0, in: place, to: buffer) }
        scratch.removeAll()
    }

    private static func needsEscape(_ byte: UInt8, _ place: Place) -> Bool {
        switch byte {
        case 0...0x20, 0x7F...0xFF: true
        case UInt8(ascii: "#"), UInt8(ascii: "%"), UInt8(ascii: "?"): true
        case UInt8(ascii: "&"), UInt8(ascii: "+"), UInt8(ascii: ";"): place == .argument
        case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            place == .path
        default: false
        }
    }
}
