internal import Config

/// A block of the configuration, with what stands in it by name, and the blocks around it.
final class LintBlock {
    let opening: Statement
    /// `nil`: it is the file itself.
    unowned let parent: LintBlock?
    private let lines: [String: [Statement]]
    private(set) var blocks: [LintBlock] = []

    init(_ opening: Statement, in parent: LintBlock?) {
        self.opening = opening
        self.parent = parent
        lines = Dictionary(grouping: opening.block ?? [], by: \.name)
        blocks = (opening.block ?? []).filter { $0.block != nil }.map { LintBlock($0, in: self) }
    }

    var name: String { opening.name }

    /// Itself, and all blocks in it, in the order of the file.
    var all: [LintBlock] {
        var found: [LintBlock] = []
        gather(into: &found)
        return found
    }

    private func gather(into found: inout [LintBlock]) {
        found.append(self)
        for block in blocks { block.gather(into: &found) }
    }

    /// The lines of this very block.
    func own(_ name: String) -> [Statement] { lines[name] ?? [] }

    func has(_ name: String) -> Bool { lines[name] != nil }

    /// The lines that hold in it: its own, or those of the nearest block around it that has some.
    func inForce(_ name: String) -> [Statement] { nearest(with: name)?.own(name) ?? [] }

    /// The nearest block, from this one outwards, that has such lines.
    func nearest(with name: String) -> LintBlock? { has(name) ? self : parent?.nearest(with: name) }

    /// The word behind the directive that holds in it; `nil`: there is none.
    func word(_ name: String) -> String? { inForce(name).last?.argument(0) }

    /// The `server` that it is, or is in.
    var server: LintBlock? { name == "server" ? self : parent?.server }

    /// `location /api` and the like.
    var title: String { opening.words.joined(separator: " ") }
}

/// How a `location` is looked for.
struct LintPath {
    enum Kind { case prefix, prefixWithoutRegex, exact, regex, named }

    let kind: Kind
    let text: String

    /// `nil`: the block is none.
    init?(_ block: LintBlock) {
        guard block.name == "location" else { return nil }
        let words = block.opening.arguments.map { $0 }
        guard let first = words.first else { return nil }
        let modifiers: [(String, Kind)] = [
            ("^~", .prefixWithoutRegex), ("~*", .regex), ("~", .regex), ("=", .exact),
        ]
        if let (sign, kind) = modifiers.first(where: { first.hasPrefix($0.0) }) {
            self.kind = kind
            text = words.count > 1 ? words[1] : String(first.dropFirst(sign.utf8.count))
        } else {
            kind = first.hasPrefix("@") ? .named : .prefix
            text = first
        }
    }

    var isPrefix: Bool { kind == .prefix || kind == .prefixWithoutRegex }
}

/// The URL of a `proxy_pass`.
struct LintURL {
    let isTLS: Bool
    /// With its port.
    let host: String
    /// From the slash on; `nil`: there is none.
    let path: String?

    init?(_ statement: Statement) {
        let url = statement.argument(0)
        guard let scheme = ["http://", "https://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            return nil
        }
        isTLS = scheme == "https://"
        let rest = url.dropFirst(scheme.utf8.count)
        if rest.hasPrefix("unix:") {
            host = "unix:"
            path = nil
            return
        }
        host = String(rest.prefix { $0 != "/" && $0 != "?" })
        let behind = rest.dropFirst(host.count)
        path = behind.isEmpty ? nil : String(behind)
    }

    /// Nothing of it leaves this machine.
    var isLocal: Bool { LintURL.isLocal(host) }

    static func isLocal(_ host: String) -> Bool {
        host.hasPrefix("unix:") || host.hasPrefix("127.") || host.hasPrefix("[::1]")
            || host == "localhost" || host.hasPrefix("localhost:")
    }
}
