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
            if settings.disablesOldExplorers, isOldExplorer(agent) { return true }
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

    private static let explorerMark = Array("MSIE ".utf8)
    private static let repairMark = Array("SV1".utf8)

    /// `MSIE 4.` to `MSIE 6.`, but for the last without `SV1`, which came with repairs.
    private static func isOldExplorer(_ agent: Span<UInt8>) -> Bool {
        guard let found = position(of: explorerMark, in: agent, from: 0), found + 7 < agent.count,
            agent[found + 6] == UInt8(ascii: ".")
        else { return false }
        switch agent[found + 5] {
        case UInt8(ascii: "4"), UInt8(ascii: "5"): return true
        case UInt8(ascii: "6"): return position(of: repairMark, in: agent, from: found + 8) == nil
        default: return false
        }
    }

    private static func position(of text: [UInt8], in bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index + text.count <= bytes.count {
            if text.indices.allSatisfy({ bytes[index + $0] == text[$0] }) { return index }
            index += 1
        }
        return nil
    }
}
