internal import Core

/// Finds the attributes of a `Set-Cookie` value.
///
/// - SeeAlso: RFC 6265 §5.2.
enum CookieAttributes {
    /// The value of attribute `name`: the range without spaces around it; `nil` if it is absent.
    static func value(of name: StaticString, in cookie: Span<UInt8>) -> Range<Int>? {
        var start = end(ofPartAt: 0, in: cookie)
        while start < cookie.count {
            start += 1
            let end = end(ofPartAt: start, in: cookie)
            let nameStart = skipSpaces(cookie, from: start, to: end)
            let equals = position(of: UInt8(ascii: "="), in: cookie, from: nameStart, to: end)
            if let equals,
                equalsIgnoringCase(
                    cookie.extracting(nameStart..<trimmedEnd(cookie, from: nameStart, to: equals)), name)
            {
                let valueStart = skipSpaces(cookie, from: equals + 1, to: end)
                return valueStart..<trimmedEnd(cookie, from: valueStart, to: end)
            }
            start = end
        }
        return nil
    }

    private static func end(ofPartAt start: Int, in cookie: Span<UInt8>) -> Int {
        position(of: UInt8(ascii: ";"), in: cookie, from: start, to: cookie.count) ?? cookie.count
    }

    private static func position(of byte: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int?
    {
        var index = start
        while index < end {
            if bytes[index] == byte { return index }
            index += 1
        }
        return nil
    }

    private static func skipSpaces(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index < end && bytes[index] == .space { index += 1 }
        return index
    }

    private static func trimmedEnd(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = end
        while index > start && bytes[index - 1] == .space { index -= 1 }
        return index
    }
}
