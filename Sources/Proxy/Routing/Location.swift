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
        /// The settings of an `if` or a `limit_except` in a location.
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
    /// Some check decides who is let in.
    let asksForAccess: Bool
    /// Bytes of the path that the URI part of `proxy_pass` takes the place of.
    let replacedCount: Int
    /// `limit_except`: what holds for all methods but those named.
    let restriction: MethodRestriction?
    /// Where its block stands.
    let place: SourceLocation?

    /// - Parameter block: what is read, with its locations in it.
    init(_ block: Block, nested: LocationTree, plan: ProxyPlan) {
        name = block.path
        kind = block.kind
        settings = block.settings
        restriction = block.restriction
        place = block.statement?.location
        nameBytes = Array(name.utf8)
        self.nested = nested
        proxyPlan = plan
        asksForAccess = AccessCheck.areAsked(by: block.settings)
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
        asksForAccess = original.asksForAccess
        restriction = original.restriction
        place = original.place
        self.replacedCount = replacedCount
    }

    /// An `if`'s settings replace as much as the location that it stands in.
    func replacing(_ count: Int) -> Location { Location(self, replacedCount: count) }

    /// The location whose settings a request of this method obeys: itself, or what `limit_except` says.
    func governing(_ method: Method) -> Location {
        guard let restriction, !restriction.allowed.contains(MethodSet(method)) else { return self }
        return restriction.location
    }

    /// Found inside another location, nothing around that one is looked at any more.
    var endsSearch: Bool {
        switch kind {
        case .exact, .regex: true
        case .prefix, .prefixWithoutRegex, .named, .ifBlock, .server: false
        }
    }

    /// Proxies under a name that ends in a slash: the path without the slash is redirected to it.
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
    let sorted: [Location]
    private let shorter: [Int]
    /// Those that paths without their last slash are redirected to; sorted by name without that slash.
    private let slashed: [Location]
    /// Regular expressions in the order of the file.
    let patterns: [Location]
    /// The expressions of `patterns`, as one.
    let patternSet: ConfiguredPatternSet

    /// The first location with a path of its own that this module answers, nested ones too; `nil`: none.
    func location(of module: ContentModule, where isWanted: (Location) -> Bool) -> Location? {
        for location in sorted {
            if case .module(let found) = location.settings.content, found === module, isWanted(location) {
                return location
            }
            if let found = location.nested.location(of: module, where: isWanted) { return found }
        }
        return nil
    }

    init(_ locations: [Location], _ table: PatternTable) {
        var patterns: [Location] = []
        var indices: [Int] = []
        for location in locations {
            guard case .regex(let index) = location.kind else { continue }
            patterns.append(location)
            indices.append(index)
        }
        self.patterns = patterns
        patternSet = table.set(of: indices)
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
        slashed = sorted.filter(\.redirectsToSlash).sorted {
            $0.nameBytes.dropLast().lexicographicallyPrecedes($1.nameBytes.dropLast())
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

    /// Where the location stands in `sorted` whose name is the path, or else the longest prefix of it; -1:
    /// there is none.
    func place(of path: Span<UInt8>) -> Int {
        var index = lastNotAfter(path)
        while index >= 0 {
            if isPrefix(sorted[index].nameBytes, of: path),
                sorted[index].kind != .exact || sorted[index].nameBytes.count == path.count
            {
                return index
            }
            index = shorter[index]
        }
        return -1
    }

    /// The location that the path without its last slash is redirected to. One of exactly this name, at
    /// `index`, leaves nothing to redirect.
    func slash(_ path: Span<UInt8>, besides index: Int) -> Location? {
        if slashed.isEmpty || index >= 0 && sorted[index].nameBytes.count == path.count { return nil }
        return slash(path)
    }

    /// The location whose name is the path and a slash.
    private func slash(_ path: Span<UInt8>) -> Location? {
        var low = 0
        var high = slashed.count
        while low < high {
            let middle = (low + high) / 2
            let name = slashed[middle].nameBytes
            if name.count == path.count + 1, isPrefix(name, of: path, count: path.count) {
                return slashed[middle]
            }
            if comesAfter(name, path, count: name.count - 1) { high = middle } else { low = middle + 1 }
        }
        return nil
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
        comesAfter(name, path, count: name.count)
    }

    /// Whether the first `count` bytes of `name` sort behind `path`.
    private func comesAfter(_ name: [UInt8], _ path: Span<UInt8>, count: Int) -> Bool {
        for index in 0..<min(count, path.count) where name[index] != path[index] {
            return name[index] > path[index]
        }
        return count > path.count
    }

    private func isPrefix(_ name: [UInt8], of path: Span<UInt8>) -> Bool {
        isPrefix(name, of: path, count: name.count)
    }

    /// Whether `path` begins with the first `count` bytes of `name`.
    private func isPrefix(_ name: [UInt8], of path: Span<UInt8>, count: Int) -> Bool {
        guard count <= path.count else { return false }
        for index in 0..<count where name[index] != path[index] { return false }
        return true
    }
}
