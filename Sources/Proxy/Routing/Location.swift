internal import Config
internal import Core
internal import HTTP
internal import Net

/// A `location`: what its requests obey.
final class Location {
    enum Kind: Equatable {
        /// The settings of the server itself.
        case server
        case prefix
        /// `^~`: a prefix that regular expressions do not overrule.
        case prefixWithoutRegex
        /// `=`.
        case exact
        case regex(Int)
        /// `@name`.
        case named
        /// The settings of an `if` in a location.
        case ifBlock
    }

    let name: String
    let nameBytes: [UInt8]
    let kind: Kind
    let settings: LocationSettings
    /// Locations nested in it.
    let nested: LocationTree
    /// What the location's proxy directives amount to.
    let proxyPlan: ProxyPlan
    /// Bytes of the path that the URI part of `proxy_pass` takes the place of.
    let replacedCount: Int

    init(name: String, kind: Kind, settings: LocationSettings, nested: LocationTree, plan: ProxyPlan) {
        self.name = name
        nameBytes = Array(name.utf8)
        self.kind = kind
        self.settings = settings
        self.nested = nested
        proxyPlan = plan
        switch kind {
        case .prefix, .prefixWithoutRegex, .exact: replacedCount = nameBytes.count
        case .server, .regex, .named, .ifBlock: replacedCount = 0
        }
    }

    private init(_ original: Location, replacedCount: Int) {
        name = original.name
        nameBytes = original.nameBytes
        kind = original.kind
        settings = original.settings
        nested = original.nested
        proxyPlan = original.proxyPlan
        self.replacedCount = replacedCount
    }

    /// An `if`'s settings replace as much as the location that it stands in.
    func replacing(_ count: Int) -> Location { Location(self, replacedCount: count) }

    /// A prefix that ends in a slash and proxies: the path without the slash is redirected to it.
    var redirectsToSlash: Bool {
        guard nameBytes.last == UInt8(ascii: "/"), nameBytes.count > 1 else { return false }
        if case .proxy = settings.content { return true }
        return false
    }
}

/// What a path leads to.
enum LocationMatch {
    case location(Location)
    /// The path lacks the slash that the location's prefix ends in.
    case redirectToSlash(Location)
    case none
}

/// The locations of one block, for looking up: sorted, so that their number hardly matters.
final class LocationTree {
    /// Exact and prefix locations, by name; each with the next shorter prefix of it.
    private let sorted: [Location]
    private let shorter: [Int]
    /// Regular expressions in the order of the file.
    let patterns: [Location]

    init(_ locations: [Location]) {
        patterns = locations.filter {
            if case .regex = $0.kind { return true }
            return false
        }
        let plain = locations.filter {
            switch $0.kind {
            case .prefix, .prefixWithoutRegex, .exact: true
            case .regex, .named, .ifBlock, .server: false
            }
        }
        // Equal names: the exact one comes behind its prefix, so that a search finds it first.
        sorted = plain.sorted {
            if $0.nameBytes != $1.nameBytes { return $0.nameBytes.lexicographicallyPrecedes($1.nameBytes) }
            return $0.kind != .exact && $1.kind == .exact
        }
        var shorter: [Int] = []
        for index in sorted.indices {
            var candidate = index - 1
            while candidate >= 0, !sorted[index].nameBytes.starts(with: sorted[candidate].nameBytes) {
                candidate = shorter[candidate]
            }
            shorter.append(candidate)
        }
        self.shorter = shorter
    }

    var isEmpty: Bool { sorted.isEmpty && patterns.isEmpty }

    /// What the path leads to by name alone.
    struct NameMatch {
        var exact: Location?
        var prefix: Location?
        var slash: Location?
    }

    func match(_ path: Span<UInt8>) -> NameMatch {
        var found = NameMatch()
        var index = lastNotAfter(path)
        if index + 1 < sorted.count { found.slash = slash(sorted[index + 1], path) }
        while index >= 0 {
            let location = sorted[index]
            if isPrefix(location.nameBytes, of: path) {
                let isWhole = location.nameBytes.count == path.count
                if location.kind == .exact {
                    if isWhole { found.exact = location }
                } else {
                    found.prefix = location
                    return found
                }
            }
            index = shorter[index]
        }
        return found
    }

    /// The path plus a slash is this location's name.
    private func slash(_ location: Location, _ path: Span<UInt8>) -> Location? {
        guard location.redirectsToSlash, location.kind != .exact, location.nameBytes.count == path.count + 1,
            isPrefix(Array(location.nameBytes.dropLast()), of: path)
        else { return nil }
        return location
    }

    /// The last location whose name does not come behind `path`; -1: none.
    private func lastNotAfter(_ path: Span<UInt8>) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if comesAfter(sorted[middle].nameBytes, path) { high = middle } else { low = middle + 1 }
        }
        return low - 1
    }

    private func comesAfter(_ name: [UInt8], _ path: Span<UInt8>) -> Bool {
        let count = min(name.count, path.count)
        for index in 0..<count where name[index] != path[index] { return name[index] > path[index] }
        return name.count > path.count
    }

    private func isPrefix(_ name: [UInt8], of path: Span<UInt8>) -> Bool {
        guard name.count <= path.count else { return false }
        for index in name.indices where name[index] != path[index] { return false }
        return true
    }
}
