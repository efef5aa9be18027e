internal import Core

/// The ranges that a `Range` field asks for, clipped to the content.
///
/// - SeeAlso: RFC 9110 §14.1.2 and §14.2.
struct ByteRanges {
    /// What to answer.
    enum Verdict: Equatable {
        /// The field is to be ignored: the whole content.
        case whole
        /// 206 with `ranges`.
        case partial
        /// 416.
        case unsatisfiable
    }

    /// Bytes of the content, each `lowerBound ..< upperBound`.
    private(set) var ranges: [Range<Int64>] = []

    /// Reads the value of a `Range` field, which nginx's rules decide on: a list that would send more
    /// bytes than there are, or more ranges than `rangesMax`, is ignored.
    mutating func parse(_ value: Span<UInt8>, length: Int64, rangesMax: Int) -> Verdict {
        ranges.removeAll(keepingCapacity: true)
        guard value.count >= 7, rangesMax > 0, equalsIgnoringCase(value.extracting(first: 6), "bytes=") else {
            return .whole
        }
        var cursor = Cursor(position: 6)
        var sum: Int64 = 0
        repeat {
            guard let (start, end) = cursor.range(in: value, length: length) else { return .unsatisfiable }
            if start < end {
                let (newSum, overflow) = sum.addingReportingOverflow(end - start)
                if overflow { return .unsatisfiable }
                sum = newSum
                if ranges.count == rangesMax { return .whole }
                ranges.append(start..<end)
            } else if start == 0 {
                return .whole
            }
        } while cursor.skipComma(in: value)
        if ranges.isEmpty { return .unsatisfiable }
        return sum > length ? .whole : .partial
    }

    private struct Cursor {
        var position: Int

        /// The next `first-last`, `first-` or `-suffix`; `nil` if malformed or out of range of numbers.
        mutating func range(in value: Span<UInt8>, length: Int64) -> (Int64, Int64)? {
            skipSpaces(in: value)
            if peek(value) == UInt8(ascii: "-") {
                position += 1
                guard let suffix = number(in: value), atEndOfRange(value) else { return nil }
                return (suffix < length ? length - suffix : 0, length)
            }
            guard let first = number(in: value) else { return nil }
            skipSpaces(in: value)
            guard peek(value) == UInt8(ascii: "-") else { return nil }
            position += 1
            if atEndOfRange(value) { return (first, length) }
            guard let last = number(in: value), atEndOfRange(value) else { return nil }
            return (first, last >= length ? length : last + 1)
        }

        /// Steps over a comma, if one is next.
        mutating func skipComma(in value: Span<UInt8>) -> Bool {
            guard peek(value) == UInt8(ascii: ",") else { return false }
            position += 1
            return true
        }

        private mutating func atEndOfRange(_ value: Span<UInt8>) -> Bool {
            skipSpaces(in: value)
            return position == value.count || value[position] == UInt8(ascii: ",")
        }

        private mutating func number(in value: Span<UInt8>) -> Int64? {
            guard let first = peek(value), first.isASCIIDigit else { return nil }
            var result: Int64 = 0
            while let digit = peek(value), digit.isASCIIDigit {
                let (scaled, tooLarge) = result.multipliedReportingOverflow(by: 10)
                let (sum, overflow) = scaled.addingReportingOverflow(Int64(digit &- 0x30))
                if tooLarge || overflow { return nil }
                result = sum
                position += 1
            }
            return result
        }

        private mutating func skipSpaces(in value: Span<UInt8>) {
            while peek(value) == .space { position += 1 }
        }

        private func peek(_ value: Span<UInt8>) -> UInt8? { position < value.count ? value[position] : nil }
    }
}
