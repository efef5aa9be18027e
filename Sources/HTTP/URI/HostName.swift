public import Core

/// The host of a request: `name`, `name:port`, `1.2.3.4`, `[::1]:port`.
public enum HostName {
    /// RFC 3986 §3.2.2, without what nginx refuses: doubled dots and empty names.
    @_effects(releasenone)
    public static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0 else { return false }
        if bytes[0] == UInt8(ascii: "[") { return isValidLiteral(bytes) }
        let end = ByteScan.colon(in: bytes, from: 0) ?? bytes.count
        return isValidName(bytes.extracting(0..<end)) && isValidPort(bytes, from: end)
    }

    private static func isValidName(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0, !(bytes.count == 1 && bytes[0] == UInt8(ascii: ".")) else { return false }
        // Most hosts are letters, digits and dots; what is more is looked at byte by byte.
        var index = ByteScan.plainHostCount(in: bytes)
        var previous: UInt8 = index > 0 ? bytes[index - 1] : 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), previous == byte { return false }
            previous = byte
            index += 1
            if isNameByte(byte) { continue }
            guard byte == UInt8(ascii: "%"), isEscape(bytes, at: index - 1) else { return false }
        }
        return true
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
        var end = 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "]") { end += 1 }
        guard end < bytes.count else { return false }
        let address = bytes.extracting(1..<end)
        return (isIPv6(address) || isFutureAddress(address)) && isValidPort(bytes, from: end + 1)
    }

    /// `IPv6address` of RFC 3986: eight groups, some of which `::` may stand for, the last two perhaps as an
    /// IPv4 address.
    private static func isIPv6(_ bytes: Span<UInt8>) -> Bool {
        var groups = 0
        var hasGap = false
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: ":"), index + 1 < bytes.count, bytes[index + 1] == bytes[index] {
                guard !hasGap else { return false }
                hasGap = true
                index += 2
                continue
            }
            let start = index
            while index < bytes.count, bytes[index].hexDigitValue != nil { index += 1 }
            groups += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
                guard isIPv4(bytes.extracting(start..<bytes.count)) else { return false }
                groups += 1
                break
            }
            guard 1...4 ~= index - start else { return false }
            if index == bytes.count { break }
            guard bytes[index] == UInt8(ascii: ":"), index + 1 < bytes.count else { return false }
            if bytes[index + 1] != UInt8(ascii: ":") { index += 1 }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    /// Four numbers up to 255, without zeros before them.
    private static func isIPv4(_ bytes: Span<UInt8>) -> Bool {
        var numbers = 0
        var index = 0
        while numbers < 4 {
            let start = index
            var value = 0
            while index < bytes.count, index - start < 3, bytes[index].isASCIIDigit {
                value = value * 10 + Int(bytes[index] &- 0x30)
                index += 1
            }
            guard index > start, value < 256, index - start == 1 || bytes[start] != UInt8(ascii: "0") else {
                return false
            }
            numbers += 1
            guard numbers < 4 else { break }
            guard index < bytes.count, bytes[index] == UInt8(ascii: ".") else { return false }
            index += 1
        }
        return index == bytes.count
    }

    /// `IPvFuture` of RFC 3986: `v`, a version in hexadecimal, a dot, and what only its reader understands.
    private static func isFutureAddress(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0, bytes[0] | 0x20 == UInt8(ascii: "v") else { return false }
        var index = 1
        while index < bytes.count, bytes[index].hexDigitValue != nil { index += 1 }
        guard index > 1, index + 1 < bytes.count, bytes[index] == UInt8(ascii: ".") else { return false }
        for position in (index + 1)..<bytes.count {
            guard isNameByte(bytes[position]) || bytes[position] == UInt8(ascii: ":") else { return false }
        }
        return true
    }

    private static func isValidPort(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        guard start < bytes.count else { return true }
        guard bytes[start] == UInt8(ascii: ":") else { return false }
        return start + 1 == bytes.count || port(of: bytes.extracting((start + 1)..<bytes.count)) != nil
    }

    private static func port(of digits: Span<UInt8>) -> UInt16? {
        var port = 0
        for index in digits.indices {
            guard digits[index].isASCIIDigit else { return nil }
            port = port * 10 + Int(digits[index] &- 0x30)
            guard port <= Int(UInt16.max) else { return nil }
        }
        return UInt16(port)
    }

    /// The port of a valid host; `nil`: it names none, or 0.
    public static func port(_ bytes: Span<UInt8>) -> UInt16? {
        var start = 0
        if bytes.count > 0, bytes[0] == UInt8(ascii: "[") {
            while start < bytes.count, bytes[start] != UInt8(ascii: "]") { start += 1 }
        }
        guard let colon = ByteScan.colon(in: bytes, from: start), colon + 1 < bytes.count else { return nil }
        let port = port(of: bytes.extracting((colon + 1)..<bytes.count))
        return port == 0 ? nil : port
    }

    /// How much of a valid host stands before its port; a dot at the end does not count.
    @_effects(releasenone)
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

    /// Appends the name that servers are found by: the host without its port, in small letters.
    public static func appendName(of host: Slice, in bytes: ByteBuffer, to out: ByteBuffer) {
        let length = bytes.withBytes(of: host) { lengthWithoutPort($0) }
        let start = Int(host.start)
        out.append(lowercased: Slice(from: start, to: start + length), of: bytes)
    }
}
