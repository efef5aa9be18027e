internal import Core
internal import HTTP

/// `valid_referers`: the pages that requests of a location may come from.
final class Referers {
    /// Most bytes of a host, as in nginx.
    private static var hostMax: Int { 256 }

    /// A request without the field is valid.
    let allowsNone: Bool
    /// So is one whose field names no page.
    let allowsBlocked: Bool
    private let masks: HostMaskTable
    /// Where the path of each mask has to begin; empty: anywhere.
    private let paths: [[UInt8]]
    /// `server_name` expressions: they are held against the host.
    private let serverPatterns: ConfiguredPatternSet
    /// Expressions of the list: they are held against all that stands behind the scheme.
    private let patterns: ConfiguredPatternSet

    init(
        _ names: (masks: HostMaskTable, paths: [[UInt8]]), serverPatterns: ConfiguredPatternSet,
        patterns: ConfiguredPatternSet, words: RefererSettings.Words
    ) {
        (masks, paths) = names
        self.serverPatterns = serverPatterns
        self.patterns = patterns
        allowsNone = words.contains(.none)
        allowsBlocked = words.contains(.blocked)
    }

    func allow(_ exchange: Exchange) -> Bool {
        // As in nginx: a list that names nobody (`server_names` of a server without names) allows everybody.
        if paths.isEmpty, serverPatterns.isEmpty, patterns.isEmpty { return true }
        return exchange.withRequestField(.referer) { allow($0, exchange) } ?? allowsNone
    }

    private func allow(_ field: Span<UInt8>, _ exchange: Exchange) -> Bool {
        guard let start = Referers.schemeEnd(field) else { return allowsBlocked }
        let page = field.extracting(start..<field.count)
        var end = 0
        while end < page.count, page[end] != UInt8(ascii: "/"), page[end] != UInt8(ascii: ":") { end += 1 }
        guard end <= Referers.hostMax else { return false }
        let host = page.extracting(first: end)
        if let index = masks[host] { return begins(page, from: end, with: paths[index]) }
        if !serverPatterns.isEmpty, exchange.matchesAny(of: serverPatterns, host) { return true }
        return !patterns.isEmpty && exchange.matchesAny(of: patterns, page)
    }

    /// Whether the path of the page, which stands behind its host and port, begins with `path`.
    private func begins(_ page: Span<UInt8>, from hostEnd: Int, with path: [UInt8]) -> Bool {
        if path.isEmpty { return true }
        var start = hostEnd
        while start < page.count, page[start] != UInt8(ascii: "/") { start += 1 }
        guard page.count - start >= path.count else { return false }
        for index in path.indices where page[start + index] != path[index] { return false }
        return true
    }

    /// Where `http://` or `https://` ends; `nil`: there is none, or hardly anything behind it.
    private static func schemeEnd(_ field: Span<UInt8>) -> Int? {
        guard field.count >= 11 else { return nil }
        if starts(field, with: "http://") { return 7 }
        return starts(field, with: "https://") ? 8 : nil
    }

    private static func starts(_ field: Span<UInt8>, with text: StaticString) -> Bool {
        equalsIgnoringCase(field.extracting(first: text.utf8CodeUnitCount), text)
    }
}
