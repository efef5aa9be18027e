public import Core

/// The host of a request: `name`, `name:port`, `1.2.3.4`, `[::1]:port`.
public enum HostName {
    /// RFC 3986 §3.2.2, without what nginx refuses: doubled dots and empty names.
    public static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0 else { return false }
        if bytes[0] == UInt8(ascii: "[") { return isValidLiteral(bytes) }
        // Most hosts are letters, digits and dots; what is more is looked at byte by byte.
        var index = ByteScan.plainHostCount(in: bytes)
        var previous: UInt8 = index > 0 ? bytes[index - 1] : 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ":") { break }
            if byte == UInt8(ascii: "."), previous == byte { return false }
            previous = byte
            index += 1
            if isNameByte(byte) { continue }
            guard byte == UInt8(ascii: "%"), isEscape(bytes, at: index - 1) else { return false }
        }
        guard index > 0, !(index == 1 && bytes[0] == UInt8(ascii: ".")) else { return false }
        return isValidPort(bytes, from: index)
    }

    private static func isEscape(_ bytes: Span<UInt8>, at index: Int) -> Bool {
        index + 2 < bytes.count && bytes[index + 1].hexDigitValue != nil
            && bytes[index + 2].hexDigitValue != nil
    }

    /// Unreserved characters and sub-delimiters.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        // A bit for each of `!$&'()*+,-.0123456789;=`, from 0x20 on; one for `_` and one for `~`.
        if byte.isASCIIAlpha { return true }
        let place = byte &- 0x20
        return place < 32 ? (0x2BFF_7FD2 as UInt32) &>> UInt32(place) & 1 == 1 : byte == 0x5F || byte == 0x7E
    }

    private static func isValidLiteral(_ bytes: Span<UInt8>) -> Bool {
        var index = 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
            let byte = bytes[index]
            guard byte.hexDigitValue != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") else {
                return false
            }
            index += 1
        }
        guard index > 1, index < bytes.count else { return false }
        return isValidPort(bytes, from: index + 1)
    }

    private static func isValidPort(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        guard start < bytes.count else { return true }
        guard bytes[start] == UInt8(ascii: ":"), bytes.count - start <= 6 else { return false }
        for index in (start + 1)..<bytes.count where !bytes[index].isASCIIDigit { return false }
        return true
    }

    /// How much of a valid host stands before its port; a dot at the end does not count.
    public static func lengthWithoutPort(_ bytes: Span<UInt8>) -> Int {
        guard bytes.count > 0 else { return 0 }
        var end = 0
        if bytes[0] == UInt8(ascii: "[") {
            while end < bytes.count, bytes[end] != UInt8(ascii: "]") { end += 1 }
            return min(end + 1, bytes.count)
        }
        end = ByteScan.colon(in: bytes, from: 0) ?? bytes.count
        if end > 0, bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
        return end
    }

    /// The same of all that is readable in `host`.
    public static func lengthWithoutPort(_ host: ByteBuffer) -> Int {
        host.withReadable { lengthWithoutPort($0) }
    }
}
