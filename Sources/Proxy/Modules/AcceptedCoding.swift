internal import Core

/// `Accept-Encoding`, as far as gzip is concerned.
///
/// - SeeAlso: RFC 9110 §12.5.3, of which this takes what nginx takes: no `*`, no `x-gzip`.
enum AcceptedCoding {
    /// Whether a client that sends `value` takes gzip.
    static func takesGzip(_ value: Span<UInt8>) -> Bool {
        var position = 0
        while let found = find(value, from: position) {
            if found == 0 || value[found - 1] == UInt8(ascii: ",") || value[found - 1] == .space {
                return isWanted(value, from: found + 4)
            }
            position = found + 4
        }
        return false
    }

    private static func find(_ value: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index + 4 <= value.count {
            if equalsIgnoringCase(value.extracting(index..<(index + 4)), "gzip") { return index }
            index += 1
        }
        return nil
    }

    /// What stands behind the name: nothing, or a quality above zero.
    private static func isWanted(_ value: Span<UInt8>, from start: Int) -> Bool {
        var index = start
        while index < value.count, value[index] == .space { index += 1 }
        guard index < value.count, value[index] != UInt8(ascii: ",") else { return true }
        guard value[index] == UInt8(ascii: ";") else { return false }
        index += 1
        while index < value.count, value[index] == .space { index += 1 }
        guard index < value.count else { return true }
        guard value[index].asciiLowercased == UInt8(ascii: "q"), index + 2 < value.count,
            value[index + 1] == UInt8(ascii: "=")
        else { return false }
        return hasQuality(value, from: index + 2)
    }

    /// `0.001` to `1.000`.
    private static func hasQuality(_ value: Span<UInt8>, from start: Int) -> Bool {
        let whole = value[start]
        guard whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return false }
        var sum = whole == UInt8(ascii: "1") ? 100 : 0
        var index = start + 1
        guard index < value.count, !isEnd(value[index]) else { return sum > 0 }
        guard value[index] == UInt8(ascii: ".") else { return false }
        index += 1
        var digits = 0
        while index < value.count, !isEnd(value[index]) {
            guard value[index].isASCIIDigit else { return false }
            sum += Int(value[index] &- UInt8(ascii: "0"))
            digits += 1
            guard digits <= 3 else { return false }
            index += 1
        }
        return sum > 0 && sum <= 100
    }

    private static func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ",") || byte == .space }
}
