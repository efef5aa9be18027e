internal import Core
internal import HTTP

/// `types`, `default_type`: the `Content-Type` of what is made here.
enum ContentType {
    /// Sets the response's type: what the upstream said that named the content, or else by the extension
    /// of the path in force.
    static func set(for exchange: Exchange) {
        let type = exchange.response.contentType
        type.removeAll()
        guard exchange.keptFields.contentType.isEmpty else {
            return type.append(contentsOf: exchange.keptFields.contentType)
        }
        let isKnown = exchange.uri.withReadable { path in
            guard let range = MediaTypeTable.extensionRange(of: path) else { return false }
            return exchange.location.settings.core.types.append(typeOf: path.extracting(range), to: type)
        }
        if !isKnown { exchange.location.settings.core.defaultType.append(for: exchange, to: type) }
    }

    /// Calls `body` with the response's type without `; charset=`.
    static func withBare<R>(of exchange: Exchange, _ body: (Span<UInt8>) -> R) -> R {
        let end = charset(in: exchange)?.start
        return exchange.response.contentType.withReadable { type in
            body(type.extracting(0..<(end ?? type.count)))
        }
    }

    /// What a type says of its charset.
    struct Charset {
        /// Where `; charset=` begins.
        let start: Int
        /// The charset's name.
        let name: Range<Int>
    }

    /// What a gateway's type says of its charset; another parameter is a part of the type, as in nginx. A
    /// type of our own is taken as it is configured: `nil`.
    static func charset(in exchange: Exchange) -> Charset? {
        let response = exchange.response
        if case .streamed = response.contentKind {
        } else if exchange.keptFields.contentType.isEmpty {
            return nil
        }
        return response.contentType.withReadable { charset(in: $0) }
    }

    private static func charset(in type: Span<UInt8>) -> Charset? {
        var index = 0
        while index < type.count {
            guard type[index] == UInt8(ascii: ";") else {
                index += 1
                continue
            }
            let start = index
            index += 1
            while index < type.count, type[index] == .space { index += 1 }
            let nameStart = index + 8
            guard nameStart <= type.count,
                equalsIgnoringCase(type.extracting(index..<nameStart), "charset=")
            else { continue }
            return Charset(start: start, name: unquoted(nameStart..<type.count, of: type))
        }
        return nil
    }

    private static func unquoted(_ range: Range<Int>, of text: Span<UInt8>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        if start < end, text[start] == UInt8(ascii: "\"") { start += 1 }
        if end > start, text[end - 1] == UInt8(ascii: "\"") { end -= 1 }
        return start..<end
    }
}
