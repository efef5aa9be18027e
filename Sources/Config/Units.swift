internal import Core

/// Numbers of the configuration language: digits and units, nothing else, and never out of range.
///
/// Each kind has a bound far beyond what anybody means, so that what is reckoned with them (a moment and a
/// time, a number of buffers and their size) cannot overflow.
public enum Units {
    /// The largest number of things.
    public static var numberMax: Int { 1 << 40 }
    /// The largest size: a tebibyte.
    public static var sizeMax: Int { 1 << 40 }
    /// The largest size of what memory holds in one piece: slices count in 32 bits.
    public static var memoryMax: Int { Int(Int32.max) }
    /// The largest size of a file or a body: an exbibyte.
    public static var offsetMax: Int64 { 1 << 60 }
    /// The longest time: a thousand years.
    public static var secondsMax: Int { 31_536_000_000 }

    /// Decimal digits.
    public static func number(_ text: String) -> Int? {
        number(Array(text.utf8)[...]).flatMap { $0 <= numberMax ? $0 : nil }
    }

    /// `10`, `4k`, `1m`: bytes.
    public static func size(_ text: String) -> Int? {
        let bytes = scaled(text) { (unit) in
            switch unit {
            case UInt8(ascii: "k"): 1 << 10
            case UInt8(ascii: "m"): 1 << 20
            default: nil
            }
        }
        return bytes.flatMap { $0 <= sizeMax ? $0 : nil }
    }

    /// The same, of what memory holds in one piece.
    public static func memory(_ text: String) -> Int? {
        size(text).flatMap { $0 <= memoryMax ? $0 : nil }
    }

    /// `number size`, of buffers that together are one piece of memory; neither may be 0.
    public static func buffers(_ count: String, _ size: String) -> (count: Int, size: Int)? {
        guard let count = number(count), count > 0, let size = memory(size), size > 0,
            count <= memoryMax / size
        else { return nil }
        return (count, size)
    }

    /// `10`, `4k`, `1m`, `2g`: bytes.
    public static func offset(_ text: String) -> Int64? {
        let bytes = scaled(text) { (unit) in
            switch unit {
            case UInt8(ascii: "k"): 1 << 10
            case UInt8(ascii: "m"): 1 << 20
            case UInt8(ascii: "g"): 1 << 30
            default: nil
            }
        }
        return bytes.map(Int64.init).flatMap { $0 <= offsetMax ? $0 : nil }
    }

    /// `500ms`, `30s`, `1h 30m`, `2w`: milliseconds; without a unit, seconds.
    ///
    /// As in nginx, months and years are refused where milliseconds are kept.
    public static func milliseconds(_ text: String) -> Int? {
        time(
            text,
            units: [
                ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
                ("ms", 1),
            ], plain: 1000
        ).flatMap { $0 <= secondsMax * 1000 ? $0 : nil }
    }

    /// `30s`, `1h 30m`, `6M`, `1y`: whole seconds. Milliseconds are refused.
    public static func seconds(_ text: String) -> Int? {
        time(
            text,
            units: [
                ("y", 31_536_000), ("M", 2_592_000), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60),
                ("s", 1),
            ], plain: 1
        ).flatMap { $0 <= secondsMax ? $0 : nil }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty else { return nil }
        var total = 0
        for digit in digits {
            guard digit.isASCIIDigit else { return nil }
            let (tenfold, overflowed) = total.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tenfold.addingReportingOverflow(Int(digit &- 0x30))
            guard !overflowed, !carried else { return nil }
            total = sum
        }
        return total
    }

    private static func scaled(_ text: String, _ unit: (UInt8) -> Int?) -> Int? {
        let bytes = Array(text.utf8)
        guard let last = bytes.last else { return nil }
        guard let scale = unit(last.asciiLowercased) else { return number(bytes[...]) }
        guard let value = number(bytes.dropLast()) else { return nil }
        let (result, overflowed) = value.multipliedReportingOverflow(by: scale)
        return overflowed ? nil : result
    }

    /// Parts from the largest unit to the smallest, each at most once; spaces may stand between them.
    private static func time(_ text: String, units: [(name: StaticString, scale: Int)], plain: Int) -> Int? {
        var rest = Array(text.utf8)[...]
        var smaller = units[...]
        var total = 0
        repeat {
            let digits = rest.prefix { $0.isASCIIDigit }
            guard let value = number(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isASCIIAlpha }
            rest = rest.dropFirst(name.count)
            let scale: Int
            if name.isEmpty {
                guard rest.isEmpty else { return nil }
                scale = plain
            } else {
                guard let index = smaller.firstIndex(where: { $0.name.description.utf8.elementsEqual(name) })
                else { return nil }
                scale = smaller[index].scale
                smaller = smaller[(index + 1)...]
            }
            let (part, overflowed) = value.multipliedReportingOverflow(by: scale)
            let (sum, carried) = total.addingReportingOverflow(part)
            guard !overflowed, !carried else { return nil }
            total = sum
            if !rest.isEmpty { rest = rest.drop { $0 == .space } }
        } while !rest.isEmpty
        return total
    }
}
