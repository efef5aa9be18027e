internal import Config
internal import Core
internal import Net
internal import Sharing
internal import Upstream

/// `upstream` blocks, and the groups that `proxy_pass` makes of addresses.
extension ConfigurationBuilder {
    func readUpstream(_ statement: Statement) throws(ConfigError) {
        let name = statement.argument(0)
        guard groupPlaces.block(named: name) == nil else {
            throw ConfigError("duplicate upstream \"\(name)\"", statement)
        }
        let block = UpstreamBlock(
            name: name, resolve: { self.files.resolve(host: $0, port: $1) },
            readState: { (state) throws(ConfigError) in try self.readState(state) }, warn: { self.warn($0) })
        // What passes to it is not to blame if something in it is wrong.
        defer { append(block.settings) }
        try block.read(statement, Directives.upstream)
        if let zone = block.settings.zoneName {
            let line = statement.block?.last { $0.name == "zone" } ?? statement
            try limitZones.take(zone, for: .servers, byteCount: block.settings.zoneByteCount, line)
        }
        if let key = block.settings.method.key {
            hashKeys[upstreams.count] = try template(key, statement)
        }
        if let sticky = block.settings.sticky {
            let line = statement.block?.first { $0.name == "sticky" } ?? statement
            stickyRules[upstreams.count] = try StickyRule(sticky, of: name, self, line)
        }
    }

    /// The group that a target names, or one made of its address: the same host by another scheme, and so at
    /// another port, is another group.
    func group(of target: ProxyTarget, _ statement: Statement) throws(ConfigError) -> Int {
        var name = target.groupName
        if let index = groupPlaces.block(named: name) ?? groupPlaces.group(named: name) {
            if !upstreams[index].isImplicit || upstreams[index].implicitPort == target.port { return index }
            name += ":\(target.defaultPort)"
            if let index = groupPlaces.group(named: name) { return index }
        }
        return try makeGroup(name, port: target.defaultPort, statement)
    }

    private func append(_ settings: UpstreamSettings) {
        groupPlaces.add(settings, at: upstreams.count)
        upstreams.append(settings)
    }

    private func makeGroup(_ name: String, port: UInt16, _ statement: Statement) throws(ConfigError) -> Int {
        let addresses: [SocketAddress]
        if let address = SocketAddress.parse(name, defaultPort: port) {
            guard address.port != 0 || name.hasPrefix("unix:") else {
                throw ConfigError("invalid port in upstream \"\(name)\"", statement)
            }
            addresses = [address]
        } else {
            let place = try HostAndPort.read(
                name, defaultPort: port, in: "upstream \"\(name)\"", statement)
            guard groupPlaces.block(named: place.host) == nil else {
                throw ConfigError(
                    "upstream \"\(place.host)\" may not have port \(place.port)", statement)
            }
            addresses = files.resolve(host: place.host, port: place.port)
            guard !addresses.isEmpty else {
                guard place.mayBeFound else {
                    throw ConfigError("host not found in upstream \"\(place.host)\"", statement)
                }
                warn(
                    ConfigError(
                        "host not found in upstream \"\(place.host)\"; it is unavailable until it is found"
                            + Spelling.hint(
                                for: place.host, in: upstreams.filter { !$0.isImplicit }.map(\.name)),
                        statement))
                let sought = DynamicName(host: place.host, port: place.port, isFollowed: false)
                append(UpstreamSettings(implicit: name, unresolved: sought))
                return upstreams.count - 1
            }
        }
        append(UpstreamSettings(implicit: name, addresses: addresses))
        return upstreams.count - 1
    }
}

/// Where groups stand among all, by their names: thousands of locations ask for them.
struct GroupPlaces {
    private var blocks: [String: Int] = [:]
    private var all: [String: Int] = [:]

    /// Takes in one that stands behind those that there are.
    mutating func add(_ settings: UpstreamSettings, at place: Int) {
        if !settings.isImplicit { blocks[settings.name.lowercased()] = place }
        if all[settings.name] == nil { all[settings.name] = place }
    }

    /// The block of that name, whatever its case.
    func block(named name: String) -> Int? { blocks[name.lowercased()] }

    /// The first group of exactly that name, block or not.
    func group(named name: String) -> Int? { all[name] }
}
