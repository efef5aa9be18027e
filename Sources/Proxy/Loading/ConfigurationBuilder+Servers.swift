internal import Config
internal import Net

extension ConfigurationBuilder {
    /// What is wrong with certificates and the like, of all servers that were read.
    func certificateErrors() -> [ConfigError] {
        let lines = serverBlocks.flatMap(\.block.listens)
        let assembly = TLSAssembly(
            self, addresses: Set(lines.filter(\.isTLS).map(\.address)),
            offering: Set(lines.filter(\.offersHTTP2).map(\.address)))
        return serverBlocks.compactMap { (block, _, _) -> ConfigError? in
            do throws(ConfigError) {
                _ = try assembly.assemble(for: block)
                return nil
            } catch {
                return error
            }
        }
    }

    /// What the blocks that were read become.
    ///
    /// TLS is spoken at an address if one block's `listen` says so, for all that listen on it.
    func makeServers() throws(ConfigError) -> [(block: ServerBlock, server: VirtualServer)] {
        let lines = serverBlocks.flatMap(\.block.listens)
        let assembly = TLSAssembly(
            self, addresses: Set(lines.filter(\.isTLS).map(\.address)),
            offering: Set(lines.filter(\.offersHTTP2).map(\.address)))
        var made: [(block: ServerBlock, server: VirtualServer)] = []
        for (block, base, locations) in serverBlocks {
            let name = block.names.first.map { $0.primary(patterns) } ?? ""
            let server = VirtualServer(
                name: name, base: base, settings: block.settings, tls: try assembly.assemble(for: block),
                locations: locations, patterns: patterns)
            made.append((block, server))
        }
        return made
    }
}
