internal import Core
internal import HTTP

/// Whether a browser is a modern one, by its `User-Agent`.
struct BrowserRules {
    /// In the order in which they are looked for.
    private let modern: [ModernBrowser]
    private let takesUnlisted: Bool
    private let ancient: [[UInt8]]
    private let knowsNetscape: Bool

    /// - Parameters:
    ///   - modern: lines in the order of the file.
    ///   - takesUnlisted: browsers that no line is about are modern.
    ///   - ancient: texts by which a browser is not.
    ///   - knowsNetscape: neither is Mozilla before 5.
    init(modern: [ModernBrowser], takesUnlisted: Bool, ancient: [[UInt8]], knowsNetscape: Bool) {
        var lines = modern
        // Opera calls itself by the names of others: it is looked for first, and is modern only if listed.
        if !lines.isEmpty, !lines.contains(where: { $0.kind == .opera }) {
            lines.append(ModernBrowser(kind: .opera, version: .max))
        }
        self.modern = ModernBrowser.Kind.allCases.flatMap { kind in lines.filter { $0.kind == kind } }
        self.takesUnlisted = takesUnlisted
        self.ancient = ancient
        self.knowsNetscape = knowsNetscape
    }

    /// Whether this is a modern browser; `nil`: the client does not say what it is.
    func isModern(_ agent: Span<UInt8>?) -> Bool {
        guard let agent else { return takesUnlisted }
        for browser in modern {
            let found = BrowserKinds.position(of: browser.mark, in: agent, from: browser.kind.markStart)
            guard let found else { continue }
            let start = found + browser.mark.count + browser.kind.gap
            guard start < agent.count else { continue }
            return BrowserRules.version(in: agent, from: start) >= browser.version
        }
        if knowsNetscape, BrowserRules.isNetscape(agent) { return false }
        return takesUnlisted && !ancient.contains { BrowserKinds.contains($0, agent) }
    }

    private static func version(in agent: Span<UInt8>, from start: Int) -> UInt64 {
        var reader = BrowserVersion()
        var index = start
        while index < agent.count, reader.take(agent[index]) { index += 1 }
        return reader.value
    }

    private static let mozilla = Array("Mozilla/".utf8)

    /// `Mozilla/1` to `Mozilla/4`, with something behind it.
    private static func isNetscape(_ agent: Span<UInt8>) -> Bool {
        agent.count > 13 && BrowserKinds.position(of: mozilla, in: agent, from: 0) == 0
            && agent[8] > UInt8(ascii: "0") && agent[8] < UInt8(ascii: "5")
    }
}

/// Reads `1.2.3.4` as 1020304.
struct BrowserVersion {
    private var whole: UInt64 = 0
    private var part: UInt64 = 0
    private var scale: UInt64 = 1_000_000
    /// Longer numbers mean nothing, and are not added up.
    private static var partMax: UInt64 { 1 << 32 }

    var value: UInt64 { whole + part * scale }

    /// - Returns: false for what is no part of a version.
    mutating func take(_ byte: UInt8) -> Bool {
        if byte.isASCIIDigit {
            part = min(part * 10 + UInt64(byte - 0x30), BrowserVersion.partMax)
            return true
        }
        guard byte == UInt8(ascii: ".") else { return false }
        whole = min(value, BrowserVersion.partMax * 1_000_000)
        part = 0
        scale /= 100
        return true
    }
}

extension Exchange {
    /// Whether the client is a modern browser, as `modern_browser` and `ancient_browser` say.
    var isOfModernBrowser: Bool {
        let rules = location.settings.browsers.rules
        return withRequestField(.userAgent) { rules.isModern($0) } ?? rules.isModern(nil)
    }
}
