internal import Config
internal import Core
internal import HTTP
internal import Net

/// Gathers the `listen` lines of all servers into addresses, each with its servers by name.
struct ListenerAssembly {
    /// What is known of an address.
    struct Gathered {
        let address: SocketAddress
        var options = ListenOptions()
        var hasSocketOptions = false
        var isTLS = false
        var usesProxyProtocol = false
        var offersHTTP2 = false
        var hasExplicitDefault = false
        var defaultServer: VirtualServer
        /// Several servers listen there.
        var isShared = false
        var names = ServerNameTable()
    }

    private let builder: ConfigurationBuilder

    init(_ builder: ConfigurationBuilder) {
        self.builder = builder
    }

    func assemble() throws(ConfigError) -> [ListenAddress] {
        var gathered: [Gathered] = []
        for (block, server) in builder.servers {
            var own: Set<SocketAddress> = []
            for line in block.listens {
                guard own.insert(line.address).inserted else {
                    throw ConfigError("a duplicate listen \(line.address.text)", line.statement)
                }
                try add(line, server, block, to: &gathered)
            }
        }
        try checkNames(gathered)
        try checkCertificates(gathered)
        for index in gathered.indices { gathered[index].names.close(builder.patterns) }
        return gathered.map { ListenAddress($0) }
    }

    private func add(
        _ line: ListenLine, _ server: VirtualServer, _ block: ServerBlock, to gathered: inout [Gathered]
    ) throws(ConfigError) {
        let index: Int
        if let found = gathered.firstIndex(where: { $0.address == line.address }) {
            index = found
            gathered[index].isShared = true
            if line.hasSocketOptions && gathered[index].hasSocketOptions {
                throw ConfigError("duplicate listen options for \(line.address.text)", line.statement)
            }
            if line.isDefault {
                guard !gathered[index].hasExplicitDefault else {
                    throw ConfigError("a duplicate default server for \(line.address.text)", line.statement)
                }
                gathered[index].defaultServer = server
            }
        } else {
            index = gathered.count
            gathered.append(Gathered(address: line.address, defaultServer: server))
        }
        if line.hasSocketOptions {
            gathered[index].options = line.options
            gathered[index].hasSocketOptions = true
        }
        gathered[index].isTLS = gathered[index].isTLS || line.isTLS
        gathered[index].offersHTTP2 = gathered[index].offersHTTP2 || line.offersHTTP2
        gathered[index].usesProxyProtocol = gathered[index].usesProxyProtocol || line.usesProxyProtocol
        gathered[index].hasExplicitDefault = gathered[index].hasExplicitDefault || line.isDefault
        for name in block.names.isEmpty ? [.mask(.exact(""))] : block.names
        where !gathered[index].names.add(name, server) {
            let text = name.text(builder.patterns)
            builder.warn(ConfigError("conflicting server name \"\(text)\" on \(line.address.text), ignored"))
        }
    }

    /// Names that no host can have match nothing, and are wrong where others are looked up beside them.
    private func checkNames(_ gathered: [Gathered]) throws(ConfigError) {
        var errors: [ConfigError] = []
        for (block, _) in builder.servers where !block.idleNames.isEmpty {
            let shared = gathered.first { entry in
                entry.isShared && block.listens.contains { $0.address == entry.address }
            }
            for (name, statement) in block.idleNames {
                guard let address = shared?.address.text else {
                    builder.warn(ConfigError("server name \"\(name)\" matches nothing", statement))
                    continue
                }
                errors.append(
                    ConfigError("invalid server name or wildcard \"\(name)\" on \(address)", statement))
            }
        }
        if let error = ConfigError.together(errors) { throw error }
    }

    /// A TLS address needs a certificate in its default server. If that rejects all handshakes it needs
    /// none, and then every other server needs its own.
    private func checkCertificates(_ gathered: [Gathered]) throws(ConfigError) {
        for entry in gathered where entry.isTLS {
            let here = builder.servers.filter { (block, _) in
                block.listens.contains { $0.address == entry.address }
            }
            let isServed = here.contains { (block, server) in
                server === entry.defaultServer && !block.settings.tls.certificates.elements.isEmpty
            }
            guard !isServed else { continue }
            guard entry.defaultServer.tls == nil || here.contains(where: { $0.server.tls == nil }) else {
                continue
            }
            let lines = here.flatMap(\.block.listens)
            let line = lines.first { $0.address == entry.address && $0.isTLS }
            let isOld = here.contains { (block, server) in
                server === entry.defaultServer && block.settings.tls.isOn
            }
            throw .unknownReference(
                "no \"ssl_certificate\" is defined for the \"\(isOld ? "ssl" : "listen ... ssl")\" directive",
                at: line?.statement.location)
        }
    }
}

extension ServerName {
    /// As `$server_name` has it: a dot in front is dropped.
    func primary(_ patterns: PatternTable) -> String {
        guard case .mask(.domain(let name)) = self else { return text(patterns) }
        return String(name.dropFirst())
    }

    /// As it was written.
    func text(_ patterns: PatternTable) -> String {
        switch self {
        case .mask(let mask): mask.text
        case .regex(let index): "~" + patterns[index].source
        }
    }
}
