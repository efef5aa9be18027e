internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Pattern

/// Whether a request may be answered with compressed content: what its client takes, and what proxies on the
/// way may do with it.
enum CompressionConsent {
    static func isGiven(_ exchange: Exchange) -> Bool {
        guard exchange.withRequestField(.acceptEncoding, { AcceptedCoding.takesGzip($0) }) == true,
            exchange.head.version >= exchange.location.settings.compression.minVersion
        else { return false }
        if exchange.hasRequestField(.via), !mayPassProxies(exchange) { return false }
        return !isDisabled(exchange)
    }

    // MARK: gzip_proxied

    private static func mayPassProxies(_ exchange: Exchange) -> Bool {
        let allowed = exchange.location.settings.compression.proxied
        if allowed.contains(.off) { return false }
        if allowed.contains(.any) { return true }
        if allowed.contains(.authorized), exchange.hasRequestField(.authorization) { return true }
        let response = exchange.response
        if let expires = field(.expires, of: response) {
            return allowed.contains(.expired) && isPast(expires, exchange)
        }
        if response.fields.contains(where: { $0.known == .cacheControl }) {
            return (allowed.contains(.noCache) && hasDirective("no-cache", response))
                || (allowed.contains(.noStore) && hasDirective("no-store", response))
                || (allowed.contains(.isPrivate) && hasDirective("private", response))
        }
        if allowed.contains(.noLastModified), field(.lastModified, of: response) != nil { return false }
        return !allowed.contains(.noTag) || field(.etag, of: response) == nil
    }

    private static func field(_ name: FieldName, of response: Response) -> Field? {
        response.fields.first { $0.known == name }
    }

    private static func isPast(_ expires: Field, _ exchange: Exchange) -> Bool {
        let lines = exchange.response.lines
        guard let time = lines.withBytes(of: expires.value, { HTTPTime.parse($0) }) else { return false }
        guard let date = field(.date, of: exchange.response) else {
            return time < exchange.worker.clock.wallSeconds
        }
        guard let sent = lines.withBytes(of: date.value, { HTTPTime.parse($0) }) else { return false }
        return time < sent
    }

    /// Whether a `Cache-Control` has a directive without a value. RFC 9111 §5.2.2.
    private static func hasDirective(_ name: StaticString, _ response: Response) -> Bool {
        response.fields.contains { field in
            field.known == .cacheControl
                && response.lines.withBytes(of: field.value) { contains(name, in: $0) }
        }
    }

    private static func contains(_ name: StaticString, in list: Span<UInt8>) -> Bool {
        var start = 0
        while start < list.count {
            while start < list.count, list[start] == .space { start += 1 }
            var end = start
            while end < list.count, list[end] != UInt8(ascii: ","), list[end] != UInt8(ascii: ";") {
                end += 1
            }
            var last = end
            while last > start, list[last - 1] == .space { last -= 1 }
            let isListed = end == list.count || list[end] == UInt8(ascii: ",")
            if isListed, equalsIgnoringCase(list.extracting(start..<last), name) { return true }
            start = end + 1
        }
        return false
    }

    // MARK: gzip_disable

    private static func isDisabled(_ exchange: Exchange) -> Bool {
        let settings = exchange.location.settings.compression
        guard settings.disablesOldExplorers || !settings.disabled.elements.isEmpty else { return false }
        return exchange.withRequestField(.userAgent) { agent in
            if settings.disablesOldExplorers, BrowserKinds.isOldExplorer(agent) { return true }
            let patterns = exchange.snapshot.configuration.patterns
            return settings.disabled.elements.contains { index in
                // Of one that takes too long nobody knows what it is: it gets what all can read.
                switch patterns[index].pattern.matches(agent, patterns.memory) {
                case .match, .limitExceeded: true
                case .noMatch: false
                }
            }
        } ?? false
    }
}
