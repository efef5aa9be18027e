public import Config
internal import HTTP
public import Net
internal import Sharing

/// An `upstream` block while it is read.
public final class UpstreamBlock {
    /// What was read so far.
    public internal(set) var settings: UpstreamSettings
    var keepalive: KeepaliveSettings {
        get { settings.keepalive }
        set { settings.keepalive = newValue }
    }
    var resolverTimeoutMs: Int {
        get { settings.resolverTimeoutMs ?? 30_000 }
        set { settings.resolverTimeoutMs = newValue }
    }
    /// Finds the addresses of a host name; none: it is not known.
    let resolve: (_ host: String, _ port: UInt16) -> [SocketAddress]
    /// Reads the file that `state` names.
    let readState: (Statement) throws(ConfigError) -> (file: StateFile, lines: [Statement])
    /// Takes a `[warn]` for the operator.
    let warn: (ConfigError) -> Void
    private var stateStatement: Statement?

    /// An empty block; names are resolved, state files read and warnings taken by the caller.
    public init(
        name: String, resolve: @escaping (_ host: String, _ port: UInt16) -> [SocketAddress],
        readState:
            @escaping (Statement) throws(ConfigError) -> (file: StateFile, lines: [Statement]),
        warn: @escaping (ConfigError) -> Void
    ) {
        settings = UpstreamSettings(name: name)
        self.resolve = resolve
        self.readState = readState
        self.warn = warn
    }

    func choose(_ method: BalancingMethod, _ statement: Statement) {
        if settings.method.name != nil { warn(ConfigError("load balancing method redefined", statement)) }
        settings.method = method
    }

    private func takeState(_ statement: Statement) throws(ConfigError) {
        guard settings.peers.isEmpty else { throw UpstreamBlock.stateBesideServers(statement) }
        let (file, lines) = try readState(statement)
        stateStatement = statement
        try StateFile.read(lines, into: self)
        settings.stateFile = file
        // Numbers in the API grow longer with time.
        let list = GroupMemberList(settings)
        guard list.text.utf8.count + list.members.count * 8 <= GroupMembers.byteMax else {
            throw ConfigError("too many servers in \"\(file.path)\"", statement)
        }
    }

    private static func stateBesideServers(_ statement: Statement) -> ConfigError {
        ConfigError("\"state\" and \"server\" cannot stand in one upstream", statement)
    }

    /// Reads the block's statements.
    ///
    /// - Throws: in nginx's words; also where there is no server, or none but backups, and no `state`.
    public func read(_ statement: Statement, _ table: DirectiveTable<UpstreamBlock>) throws(ConfigError) {
        settings.location = statement.location
        try table.apply(statement.block ?? [], to: self, in: .upstream)
        if let state = stateStatement {
            guard settings.zoneName != nil else {
                throw ConfigError("\"state\" requires \"zone\" in upstream \"\(settings.name)\"", state)
            }
        } else if !settings.peers.contains(where: { !$0.isBackup }) {
            let what = settings.peers.isEmpty ? "are inside upstream" : "in upstream \"\(settings.name)\""
            throw .unknownReference("no servers \(what)", statement)
        }
        guard !settings.method.ranksServers else { return }
        if settings.peers.contains(where: { $0.slowStartMs > 0 }) {
            throw ConfigError("balancing method does not support parameter \"slow_start\"", statement)
        }
    }
}

/// The directives of `upstream` blocks.
extension UpstreamBlock {
    /// The rows of all directives that may stand in the block.
    public static var directives: [Directive<UpstreamBlock>] {
        servers + [proxyProtocol] + BalancingMethod.directives + [StickySettings.directive] + keepaliveRows
            + healthRows
    }

    /// An address of the group, in the block or in its state file.
    static var serverLine: Directive<UpstreamBlock> {
        Directive(
            "server", "An address of the group, with its weight and how failures are dealt with.",
            "address [weight=n] [max_conns=n|auto|auto:floor-ceiling] [max_fails=n] [fail_timeout=time]"
                + " [slow_start=time] [backup] [down] [drain] [resolve] [route=string]",
            in: .upstream, arity: 1...Int.max
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            guard block.settings.stateFile == nil else { throw stateBesideServers(statement) }
            try ServerLine.read(statement, into: block)
        }.repeatable
    }

    /// Of several lines the last one counts, as in nginx.
    private func takeZone(_ statement: Statement) throws(ConfigError) {
        let name = statement.argument(0)
        guard !name.isEmpty else { throw ConfigError("invalid zone name \"\"", statement) }
        settings.hasZone = true
        settings.zoneName = name
        settings.zoneByteCount = nil
        guard statement.arguments.count == 2 else { return }
        guard let size = Units.size(statement.argument(1)) else {
            throw ConfigError("invalid zone size \"\(statement.argument(1))\"", statement)
        }
        guard size >= 8 * 4096 else { throw ConfigError("zone \"\(name)\" is too small", statement) }
        settings.zoneByteCount = size
    }

    private static var servers: [Directive<UpstreamBlock>] {
        [
            serverLine,
            Directive(
                "state",
                "Reads the group's servers from a file, and writes them there when the API has changed them.",
                "file", in: .upstream, arity: 1...1
            ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
                try block.takeState(statement)
            },
            Directive(
                "zone", "Shares the state of the group's servers between all workers.", "name [size]",
                in: .upstream,
                arity: 1...2
            ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
                try block.takeZone(statement)
            }.repeatable,
        ]
    }

    private static var proxyProtocol: Directive<UpstreamBlock> {
        Directive(
            "proxy_protocol",
            "Whether each connection to a server begins with a header that tells the client's address.",
            "on | v2 | off", default: "off", in: .upstream, arity: 1...1
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            switch statement.argument(0) {
            case "on": block.settings.proxyProtocol = .text
            case "v2": block.settings.proxyProtocol = .binary
            case "off": block.settings.proxyProtocol = nil
            default: throw .invalidValue(statement)
            }
        }
    }

    private static var healthRows: [Directive<UpstreamBlock>] {
        [
            Directive(
                "health_check", "Asks the group's servers how they are.", HealthCheckSettings.syntax,
                in: .upstream, arity: 0...Int.max
            ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
                block.settings.checks.append(try HealthCheckSettings(statement))
            }.repeatable,
            Directive(
                "panic_threshold",
                "When a smaller part of the servers is healthy, all are used, whatever the checks say.",
                "n%", default: "0%", in: .upstream, arity: 1...1
            ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
                guard let percent = HealthCheckSettings.percent(statement.argument(0)) else {
                    throw .invalidValue(statement)
                }
                block.settings.panicThreshold = percent
            },
            Directive(
                "queue", "Requests that wait in each worker while no server can take them.",
                "number [timeout=time]", in: .upstream, arity: 1...2
            ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
                guard let count = Units.number(statement.argument(0)), count > 0 else {
                    throw ConfigError(
                        "invalid value \"\(statement.argument(0))\" in \"queue\" directive", statement)
                }
                block.settings.queue.count = count
                guard statement.arguments.count == 2 else { return }
                let word = statement.argument(1)
                guard word.hasPrefix("timeout="), let ms = Units.milliseconds(String(word.dropFirst(8))),
                    ms > 0
                else { throw ConfigError("invalid parameter \"\(word)\"", statement) }
                block.settings.queue.timeoutMs = ms
            },
            Directive(
                "resolver", "Name servers that are asked for the group's servers.", ResolverLine.syntax,
                in: .upstream, arity: 1...Int.max
            ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
                block.settings.resolver = try ResolverLine(statement, resolve: block.resolve)
            },
            .milliseconds(
                "resolver_timeout", "Longest time for looking up one of the group's servers.",
                in: .upstream, default: "30s", \.resolverTimeoutMs),
        ]
    }

    private static var keepaliveRows: [Directive<UpstreamBlock>] {
        [
            Directive(
                "keepalive",
                "Idle connections that each worker keeps open; with `local`, locations do not share them.",
                "connections [local]",
                default: "32 local", in: .upstream, arity: 1...2
            ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
                guard let count = Units.number(statement.argument(0)) else {
                    throw ConfigError(
                        "invalid value \"\(statement.argument(0))\" in \"keepalive\" directive", statement)
                }
                let word = statement.argument(1)
                guard statement.arguments.count == 1 || word == "local" else {
                    throw ConfigError("invalid parameter \"\(word)\"", statement)
                }
                block.settings.keepalive.count = count
                block.settings.keepalive.isLocal = word == "local"
            },
            .number(
                "keepalive_requests", "Requests over one connection to a server.", in: .upstream,
                default: "1000",
                \.keepalive.requests),
            .milliseconds(
                "keepalive_time", "Age at which a connection to a server is not used again.", in: .upstream,
                default: "1h", \.keepalive.timeMs),
            .milliseconds(
                "keepalive_timeout", "How long a connection to a server stays open idle.", in: .upstream,
                default: "60s",
                \.keepalive.timeoutMs),
        ]
    }
}

/// `server address [parameters]` in an `upstream` block.
enum ServerLine {
    static func read(_ statement: Statement, into block: UpstreamBlock) throws(ConfigError) {
        let written = statement.argument(0)
        var prototype = PeerSettings(server: written, address: SocketAddress(.unix("")))
        var isFollowed = false
        var service: String?
        for parameter in statement.arguments.dropFirst() {
            if parameter == "resolve" {
                isFollowed = true
            } else if parameter.hasPrefix("service=") {
                service = String(parameter.dropFirst("service=".count))
            } else {
                try apply(parameter, to: &prototype, statement)
            }
        }
        // As in nginx: a method that stands further on has nothing against it, and backups serve when it
        // finds no other server.
        guard !prototype.isBackup || block.settings.method.ranksServers else {
            throw ConfigError("balancing method does not support parameter \"backup\"", statement)
        }
        if let service {
            prototype.dynamicName = try name(service, of: written, isFollowed, statement)
            return block.settings.peers += peers([], like: prototype, named: written)
        }
        if let address = SocketAddress.parse(written, defaultPort: 80) {
            guard address.port != 0 else {
                throw ConfigError("invalid port in upstream \"\(written)\"", statement)
            }
            prototype.address = address
            prototype.name = address.text
            return block.settings.peers.append(prototype)
        }
        let place = try HostAndPort.read(
            written, defaultPort: 80, in: "upstream \"\(written)\"", statement)
        let found = block.resolve(place.host, place.port)
        guard !place.host.contains("/") else {
            throw ConfigError("invalid host in upstream \"\(written)\"", statement)
        }
        guard !found.isEmpty || place.mayBeFound else {
            throw ConfigError("host not found in upstream \"\(written)\"", statement)
        }
        // A name that is not known yet must not keep the other servers from serving.
        if isFollowed || found.isEmpty {
            prototype.dynamicName = DynamicName(host: place.host, port: place.port, isFollowed: isFollowed)
        }
        block.settings.peers += peers(found, like: prototype, named: written)
        if found.isEmpty {
            block.warn(
                ConfigError(
                    "host not found in upstream \"\(written)\"; it is unavailable until it is found",
                    statement))
        }
    }

    /// `service=name`: RFC 2782.
    private static func name(
        _ service: String, of host: String, _ isFollowed: Bool, _ statement: Statement
    ) throws(ConfigError) -> DynamicName {
        guard isFollowed else {
            throw ConfigError("service upstream \"\(host)\" requires \"resolve\" parameter", statement)
        }
        guard SocketAddress.parse(host, defaultPort: 80) == nil else {
            throw ConfigError("service upstream \"\(host)\" requires a domain name", statement)
        }
        guard HostAndPort.split(host).port == nil else {
            throw ConfigError("service upstream \"\(host)\" may not have port", statement)
        }
        let name = DynamicName(host: host, port: 0, isFollowed: true, service: service)
        guard !service.isEmpty, name.serviceName.flatMap({ DNSName($0) }) != nil else {
            throw ConfigError("invalid parameter \"service=\(service)\"", statement)
        }
        return name
    }

    /// A peer for each address; without one, a peer that waits for its address.
    static func peers(
        _ addresses: [SocketAddress], like prototype: PeerSettings, named written: String
    ) -> [PeerSettings] {
        var unresolved = prototype
        unresolved.isUnresolved = true
        unresolved.name = written
        guard !addresses.isEmpty else { return [unresolved] }
        return addresses.map { address in
            var peer = prototype
            peer.address = address
            peer.name = address.text
            return peer
        }
    }

    /// Weights are added up over a group, and `hash consistent` makes 160 points of each.
    private static var weightMax: Int { 65_535 }
    /// While a weight grows it is multiplied by milliseconds and by 1024.
    private static var slowStartMsMax: Int { Int(Int32.max) }

    private static func apply(
        _ parameter: String, to peer: inout PeerSettings, _ statement: Statement
    ) throws(ConfigError) {
        let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let value = parts.count > 1 ? parts[1] : nil
        func number(_ range: ClosedRange<Int>) throws(ConfigError) -> Int {
            guard let value, let number = Units.number(value), range.contains(number) else {
                throw ConfigError("invalid parameter \"\(parameter)\"", statement)
            }
            return number
        }
        switch parts[0] {
        case "weight": peer.weight = try number(1...weightMax)
        case "max_conns" where value?.hasPrefix("auto") == true:
            guard let bounds = FoundLimit.bounds(value ?? "") else {
                throw ConfigError("invalid parameter \"\(parameter)\"", statement)
            }
            peer.foundLimit = bounds
            peer.maxConnections = 0
        case "max_conns":
            peer.maxConnections = try number(0...Int(Int32.max))
            peer.foundLimit = nil
        case "max_fails": peer.maxFails = try number(0...Int(Int32.max))
        case "fail_timeout":
            guard let value, let seconds = Units.seconds(value) else {
                throw ConfigError("invalid parameter \"\(parameter)\"", statement)
            }
            peer.failTimeoutSeconds = seconds
        case "backup" where value == nil: peer.isBackup = true
        case "down" where value == nil: peer.isDown = true
        case "drain" where value == nil: peer.isDraining = true
        case "slow_start":
            guard let value, let ms = Units.milliseconds(value), ms <= slowStartMsMax else {
                throw ConfigError("invalid parameter \"\(parameter)\"", statement)
            }
            peer.slowStartMs = ms
        case "route":
            guard let value, let route = PeerSettings.route(value) else {
                throw ConfigError("invalid parameter \"\(parameter)\"", statement)
            }
            peer.route = route
        default: throw ConfigError("invalid parameter \"\(parameter)\"", statement)
        }
    }
}
