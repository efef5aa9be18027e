internal import Config
internal import Net

extension ConfigurationBuilder {
    /// What is wrong with certificates and the like, of all servers that were read.
    func certificateErrors() -> [ConfigError] {
        let assembly = assembly()
        var errors: [ConfigError] = []
        for (block, _, _) in serverBlocks {
            errors.gather { () throws(ConfigError) in _ = try assembly.assemble(for: block) }
        }
        return errors
    }

    /// What the blocks that were read become.
    ///
    /// TLS is spoken at an address if one block's `listen` says so, for all that listen on it.
    func makeServers() throws(ConfigError) -> [(block: ServerBlock, server: VirtualServer)] {
        let assembly = assembly()
        var made: [(block: ServerBlock, server: VirtualServer)] = []
        var errors: [ConfigError] = []
        for (block, base, locations) in serverBlocks {
            let name = block.names.first.map { $0.primary(patterns) } ?? ""
            errors.gather { () throws(ConfigError) in
                let server = VirtualServer(
                    name: name, base: base, settings: block.settings, tls: try assembly.assemble(for: block),
                    locations: locations, patterns: patterns)
                made.append((block, server))
            }
        }
        if let error = ConfigError.together(errors) { throw error }
        return made
    }

    private func assembly() -> TLSAssembly {
        obeySSL()
        let lines = serverBlocks.flatMap(\.block.listens)
        return TLSAssembly(
            self, addresses: Set(lines.filter(\.isTLS).map(\.address)),
            offering: Set(lines.filter(\.offersHTTP2).map(\.address)))
    }

    /// `ssl on`: as in nginx, the default server of an address says it for all that listen there.
    private func obeySSL() {
        guard serverBlocks.contains(where: \.block.settings.tls.isOn) else { return }
        var defaults: [SocketAddress: ServerBlock] = [:]
        for (server, _, _) in serverBlocks {
            for line in server.listens where defaults[line.address] == nil || line.isDefault {
                defaults[line.address] = server
            }
        }
        for (server, _, _) in serverBlocks where server.settings.tls.isOn {
            for (index, line) in server.listens.enumerated() where defaults[line.address] === server {
                server.listens[index].isTLS = true
            }
        }
    }
}
