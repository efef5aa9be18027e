internal import Core
internal import HTTP

/// Finds fields by a variable's name: `$http_user_agent`, `$sent_http_etag`.
enum FieldLookup {
    /// Whether the bytes of `slice` are the field that a variable's `name` means: ASCII letters without case,
    /// `_` for `-`.
    static func isNamed(_ slice: Slice, of buffer: ByteBuffer, _ name: [UInt8]) -> Bool {
        guard Int(slice.count) == name.count else { return false }
        return buffer.withBytes(of: slice) { bytes in
            for index in bytes.indices {
                let byte =
                    bytes[index] == UInt8(ascii: "-") ? UInt8(ascii: "_") : bytes[index].asciiLowercased
                if byte != name[index] { return false }
            }
            return true
        }
    }

    /// Appends the values of all fields called `name`, joined by `separator`.
    ///
    /// - Returns: whether there is one.
    static func append(
        named name: [UInt8], among fields: borrowing FieldList, of buffer: ByteBuffer,
        separator: StaticString, to out: ByteBuffer
    ) -> Bool {
        var isFound = false
        for index in fields.indices where isNamed(fields[index].name, of: buffer, name) {
            if isFound { out.append(separator) }
            out.append(fields[index].value, of: buffer)
            isFound = true
        }
        return isFound
    }

    /// Appends the value of the cookie called `name` of a `Cookie` or `Set-Cookie` value.
    ///
    /// - Parameter isFirstOnly: only the first `name=value` counts: what follows it are attributes.
    /// - SeeAlso: RFC 6265 §4.2.1, §5.2.
    static func appendCookie(
        named name: [UInt8], of value: Span<UInt8>, isFirstOnly: Bool, to out: ByteBuffer
    ) -> Bool {
        var start = 0
        while start < value.count {
            if let found = cookieStart(named: name, in: value, from: start) {
                var end = found
                while end < value.count && value[end] != UInt8(ascii: ";") { end += 1 }
                out.append(value.extracting(found..<end))
                return true
            }
            if isFirstOnly { return false }
            // Commas part them as well, as in nginx (RFC 2965 §3.3.4).
            while start < value.count, value[start] != UInt8(ascii: ";"), value[start] != UInt8(ascii: ",") {
                start += 1
            }
            start = afterSpaces(in: value, from: start + 1)
        }
        return false
    }

    /// Where the value of a cookie begins, if the one at `start` has that name: spaces around `=` are let be.
    private static func cookieStart(named name: [UInt8], in value: Span<UInt8>, from start: Int) -> Int? {
        guard hasPrefix(name, in: value, from: start) else { return nil }
        let equals = afterSpaces(in: value, from: start + name.count)
        guard equals < value.count, value[equals] == UInt8(ascii: "=") else { return nil }
        return afterSpaces(in: value, from: equals + 1)
    }

    private static func afterSpaces(in value: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position < value.count && value[position] == .space { position += 1 }
        return position
    }

    /// Names are compared without case, as in nginx.
    private static func hasPrefix(_ name: [UInt8], in bytes: Span<UInt8>, from start: Int) -> Bool {
        guard bytes.count - start >= name.count else { return false }
        return equalsIgnoringCase(bytes.extracting(start..<(start + name.count)), name.span)
    }

    /// Appends the value of the argument called `name` of a query.
    static func appendArgument(named name: [UInt8], of query: Span<UInt8>, to out: ByteBuffer) -> Bool {
        var start = 0
        while start < query.count {
            var end = start
            while end < query.count && query[end] != UInt8(ascii: "&") { end += 1 }
            if let valueStart = afterName(name, in: query, from: start, to: end) {
                out.append(query.extracting(valueStart..<end))
                return true
            }
            start = end + 1
        }
        return false
    }

    /// Where the value begins, if `name=` stands at `start`.
    private static func afterName(_ name: [UInt8], in bytes: Span<UInt8>, from start: Int, to end: Int)
        -> Int?
    {
        guard end - start > name.count, bytes[start + name.count] == UInt8(ascii: "=") else { return nil }
        guard hasPrefix(name, in: bytes, from: start) else { return nil }
        return start + name.count + 1
    }
}
