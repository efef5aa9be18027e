internal import Config
internal import Core
internal import HTTP

/// Browsers with faults of their own, told by their `User-Agent`.
struct BrowserKinds: OptionSet {
    let rawValue: UInt8

    static let oldExplorer = BrowserKinds(rawValue: 1)
    static let safari = BrowserKinds(rawValue: 2)

    /// `keepalive_disable none | browser ...`
    static func read(_ statement: Statement) throws(ConfigError) -> BrowserKinds {
        var kinds: BrowserKinds = []
        for word in statement.arguments {
            switch word.lowercased() {
            case "none": break
            case "msie6": kinds.insert(.oldExplorer)
            case "safari": kinds.insert(.safari)
            default: throw ConfigError("invalid value \"\(word)\"", statement)
            }
        }
        return kinds
    }

    private static let explorerMark = Array("MSIE ".utf8)
    private static let repairMark = Array("SV1".utf8)
    private static let operaMark = Array("Opera".utf8)
    private static let safariMark = Array("Safari/".utf8)
    private static let macMark = Array("Mac OS X".utf8)
    private static let chromeMark = Array("Chrome/".utf8)
    private static let geckoMark = Array("Gecko/".utf8)
    /// Of engines that call themselves Safari's kin.
    private static let otherMarks = [geckoMark, chromeMark]

    /// `MSIE 4.` to `MSIE 6.`, but for the last without `SV1`, which came with repairs; and not Opera, which
    /// says that it is one of them.
    static func isOldExplorer(_ agent: Span<UInt8>) -> Bool {
        guard let found = position(of: explorerMark, in: agent, from: 0), found + 7 < agent.count,
            agent[found + 6] == UInt8(ascii: ".")
        else { return false }
        switch agent[found + 5] {
        case UInt8(ascii: "4"), UInt8(ascii: "5"): break
        case UInt8(ascii: "6"):
            if position(of: repairMark, in: agent, from: found + 8) != nil { return false }
        default: return false
        }
        return !contains(operaMark, agent)
    }

    /// `MSIE ` and something behind it; and not Opera, which says that it is one of them.
    static func isExplorer(_ agent: Span<UInt8>) -> Bool {
        guard let found = position(of: explorerMark, in: agent, from: 0) else { return false }
        return found + 7 < agent.count && !contains(operaMark, agent)
    }

    /// Safari on Mac OS X, and none of those that name it beside themselves.
    static func isSafari(_ agent: Span<UInt8>) -> Bool {
        contains(safariMark, agent) && contains(macMark, agent) && !contains(explorerMark, agent)
            && !contains(operaMark, agent) && !otherMarks.contains { contains($0, agent) }
    }

    /// Internet Explorer and Chrome, which have error pages of their own for those that are short.
    static func replacesShortPages(_ agent: Span<UInt8>) -> Bool {
        if isExplorer(agent) { return true }
        return contains(chromeMark, agent) && !contains(geckoMark, agent) && !contains(operaMark, agent)
    }

    static func contains(_ text: [UInt8], _ agent: Span<UInt8>) -> Bool {
        position(of: text, in: agent, from: 0) != nil
    }

    /// Where a text stands, at `start` or behind it.
    static func position(of text: [UInt8], in bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index + text.count <= bytes.count {
            if text.indices.allSatisfy({ bytes[index + $0] == text[$0] }) { return index }
            index += 1
        }
        return nil
    }
}

extension Exchange {
    /// `keepalive_disable`: browsers that stall, or send a POST to a connection that is closed.
    var isOfStallingBrowser: Bool {
        let kinds = location.settings.core.keepaliveDisable
        guard !kinds.isEmpty, method == .post || kinds.contains(.safari), head.version != .http2 else {
            return false
        }
        return withRequestField(.userAgent) { agent in
            (method == .post && kinds.contains(.oldExplorer) && BrowserKinds.isOldExplorer(agent))
                || (kinds.contains(.safari) && BrowserKinds.isSafari(agent))
        } ?? false
    }
}
