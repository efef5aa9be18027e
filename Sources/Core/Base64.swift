/// Base 64: RFC 4648 §4.
public enum Base64 {
    /// The six bits that a digit stands for.
    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - 0x41
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - 0x61 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// Appends the digits of bytes, padded.
    public static func encode(_ bytes: Span<UInt8>, to out: ByteBuffer) {
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let bits =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            out.append(digit(bits >> 18))
            out.append(digit(bits >> 12))
            out.append(left > 1 ? digit(bits >> 6) : UInt8(ascii: "="))
            out.append(left > 2 ? digit(bits) : UInt8(ascii: "="))
            index += 3
        }
    }

    private static func digit(_ bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 0x3F)
        return switch value {
        case 0..<26: value + 0x41
        case 26..<52: value - 26 + 0x61
        case 52..<62: value - 52 + 0x30
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    /// Appends what padded texts, one behind the other, stand for. The last need not be padded (RFC 4648
    /// §3.2).
    ///
    /// - Returns: `false`: they are none; what was appended is no use.
    public static func decode(_ text: Span<UInt8>, to out: ByteBuffer) -> Bool {
        let whole = text.count / 4 * 4
        guard decodeWhole(text.extracting(0..<whole), to: out) else { return false }
        guard whole < text.count else { return true }
        guard text.count - whole > 1, let first = value(text[whole]), let second = value(text[whole + 1])
        else { return false }
        out.append(first << 2 | second >> 4)
        guard text.count - whole > 2 else { return second & 0x0F == 0 }
        guard let third = value(text[whole + 2]), third & 0x03 == 0 else { return false }
        out.append(second << 4 | third >> 2)
        return true
    }

    /// Appends what `text` stands for, up to its first `=`. Padding may be missing, and bits that the last
    /// digit has too many are let be, as in nginx.
    ///
    /// - Returns: `false`: it is none; what was appended is no use.
    public static func decodeLoosely(_ text: Span<UInt8>, to out: ByteBuffer) -> Bool {
        var bits: UInt32 = 0
        var digits = 0
        for index in text.indices {
            if text[index] == UInt8(ascii: "=") { break }
            guard let value = value(text[index]) else { return false }
            bits = (bits << 6) | UInt32(value)
            digits += 1
            switch digits % 4 {
            case 2: out.append(UInt8(truncatingIfNeeded: bits >> 4))
            case 3: out.append(UInt8(truncatingIfNeeded: bits >> 2))
            case 0: out.append(UInt8(truncatingIfNeeded: bits))
            default: break
            }
        }
        return digits % 4 != 1
    }

    private static func decodeWhole(_ text: Span<UInt8>, to out: ByteBuffer) -> Bool {
        var index = 0
        while index < text.count {
            guard let first = value(text[index]), let second = value(text[index + 1]) else { return false }
            out.append(first << 2 | second >> 4)
            let isPadded = text[index + 3] == UInt8(ascii: "=")
            if isPadded, text[index + 2] == UInt8(ascii: "=") {
                guard second & 0x0F == 0 else { return false }
            } else {
                guard let third = value(text[index + 2]) else { return false }
                out.append(second << 4 | third >> 2)
                if isPadded {
                    guard third & 0x03 == 0 else { return false }
                } else {
                    guard let fourth = value(text[index + 3]) else { return false }
                    out.append(third << 6 | fourth)
                }
            }
            index += 4
        }
        return true
    }
}
