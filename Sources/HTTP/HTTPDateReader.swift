internal import Core

/// Reads the three forms of an HTTP date, one token after the other. RFC 9110 §5.6.7.
struct HTTPDateReader {
    private var position = 0

    static func read(_ bytes: Span<UInt8>) -> Int64? {
        var reader = HTTPDateReader()
        reader.skip(bytes) { $0.isASCIIAlpha }
        guard reader.position >= 3 else { return nil }
        return reader.take(bytes, UInt8(ascii: ",")) ? reader.readModern(bytes) : reader.readAsctime(bytes)
    }

    /// `06 Nov 1994 08:49:37 GMT`, or RFC 850's `06-Nov-94 08:49:37 GMT`.
    private mutating func readModern(_ bytes: Span<UInt8>) -> Int64? {
        guard take(bytes, .space), let day = number(bytes, digits: 2) else { return nil }
        let separator: UInt8 = take(bytes, UInt8(ascii: "-")) ? UInt8(ascii: "-") : .space
        guard separator != .space || take(bytes, .space) else { return nil }
        guard let month = month(bytes), take(bytes, separator) else { return nil }
        let yearStart = position
        guard var year = number(bytes, digits: 2) else { return nil }
        if let rest = number(bytes, digits: 2) {
            year = year * 100 + rest
        } else {
            // Two digits mean this century up to 69, the last one from 70 on.
            year += year < 70 ? 2000 : 1900
        }
        guard separator == .space ? position - yearStart == 4 : true else { return nil }
        guard take(bytes, .space), let time = time(bytes), take(bytes, .space) else { return nil }
        guard take(bytes, UInt8(ascii: "G")), take(bytes, UInt8(ascii: "M")), take(bytes, UInt8(ascii: "T"))
        else { return nil }
        return finish(bytes, year, month, day, time)
    }

    /// `Nov  6 08:49:37 1994`.
    private mutating func readAsctime(_ bytes: Span<UInt8>) -> Int64? {
        guard take(bytes, .space), let month = month(bytes), take(bytes, .space) else { return nil }
        let day = take(bytes, .space) ? number(bytes, digits: 1) : number(bytes, digits: 2)
        guard let day, take(bytes, .space), let time = time(bytes), take(bytes, .space) else { return nil }
        guard let century = number(bytes, digits: 2), let rest = number(bytes, digits: 2) else { return nil }
        return finish(bytes, century * 100 + rest, month, day, time)
    }

    private func finish(_ bytes: Span<UInt8>, _ year: Int, _ month: Int, _ day: Int, _ time: (Int, Int, Int))
        -> Int64?
    {
        guard position == bytes.count else { return nil }
        return CivilTime.seconds(
            year: year, month: month, day: day, hour: time.0, minute: time.1, second: time.2)
    }

    private mutating func time(_ bytes: Span<UInt8>) -> (Int, Int, Int)? {
        guard let hour = number(bytes, digits: 2), take(bytes, UInt8(ascii: ":")),
            let minute = number(bytes, digits: 2),
            take(bytes, UInt8(ascii: ":")), let second = number(bytes, digits: 2)
        else { return nil }
        return (hour, minute, second)
    }

    private mutating func month(_ bytes: Span<UInt8>) -> Int? {
        guard position + 3 <= bytes.count else { return nil }
        let word = bytes.extracting(position..<(position + 3))
        for month in 1...12 where equalsIgnoringCase(word, CivilTime.monthName(month)) {
            position += 3
            return month
        }
        return nil
    }

    private mutating func number(_ bytes: Span<UInt8>, digits: Int) -> Int? {
        guard position + digits <= bytes.count else { return nil }
        var value = 0
        for index in position..<(position + digits) {
            guard bytes[index].isASCIIDigit else { return nil }
            value = value * 10 + Int(bytes[index] &- 0x30)
        }
        position += digits
        return value
    }

    private mutating func take(_ bytes: Span<UInt8>, _ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skip(_ bytes: Span<UInt8>, _ isSkipped: (UInt8) -> Bool) {
        while position < bytes.count, isSkipped(bytes[position]) { position += 1 }
    }
}
