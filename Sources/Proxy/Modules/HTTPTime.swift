internal import HTTP

/// Dates in fields of requests: RFC 9110 §5.6.7.
enum HTTPTime {
    /// Seconds since the epoch; `nil` if `text` is no date.
    static func parse(_ text: Span<UInt8>) -> Int64? {
        // The longest form is "Wednesday, 06-Nov-94 08:49:37 GMT".
        guard text.count >= 24, text.count <= 40 else { return nil }
        return CivilTime.parseHTTPDate(text)
    }
}
