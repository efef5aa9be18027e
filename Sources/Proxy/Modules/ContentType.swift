internal import Core

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
        let response = exchange.response
        let isForeign =
            if case .streamed = response.contentKind { true } else {
                !exchange.keptFields.contentType.isEmpty
            }
        return response.contentType.withReadable { type in
            body(type.extracting(0..<(isForeign ? charsetStart(type) : type.count)))
        }
    }

    /// Where `; charset=` begins. As nginx: another parameter is part of a gateway's type.
    private static func charsetStart(_ type: Span<UInt8>) -> Int {
        var index = 0
        while index < type.count {
            guard type[index] == UInt8(ascii: ";") else {
                index += 1
                continue
            }
            let start = index
            index += 1
            while index < type.count, type[index] == .space { index += 1 }
            if index + 8 <= type.count,
                equalsIgnoringCase(type.extracting(index..<(index + 8)), "charset=")
            {
                return start
            }
        }
        return type.count
    }
}
