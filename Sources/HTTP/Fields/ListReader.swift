internal import Core

/// Reads a comma-separated list, one element after the other, without white space around it.
struct ListReader {
    private var position: Int
    private let end: Int

    init(_ slice: Slice) {
        position = Int(slice.start)
        end = slice.end
    }

    /// The next element that is not empty. RFC 9110 §5.6.1.2 has empty ones ignored.
    mutating func next(_ bytes: Span<UInt8>) -> Slice? {
        while position < end {
            var start = position
            while position < end, bytes[position] != UInt8(ascii: ",") { position += 1 }
            var stop = position
            position += 1
            while start < stop, bytes[start] == .space || bytes[start] == .tab { start += 1 }
            while stop > start, bytes[stop - 1] == .space || bytes[stop - 1] == .tab { stop -= 1 }
            if stop > start { return Slice(from: start, to: stop) }
        }
        return nil
    }
}

/// Decimal digits and nothing else, as `Content-Length` wants them; `nil`: malformed or too large.
func decimalValue(_ bytes: Span<UInt8>) -> Int64? {
    guard bytes.count > 0 else { return nil }
    var value: Int64 = 0
    for index in bytes.indices {
        guard bytes[index].isASCIIDigit else { return nil }
        let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
        let (sum, carried) = product.addingReportingOverflow(Int64(bytes[index] &- 0x30))
        guard !overflowed && !carried else { return nil }
        value = sum
    }
    return value
}
