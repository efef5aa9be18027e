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
}
