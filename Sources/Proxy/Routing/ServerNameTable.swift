internal import Core
internal import Pattern

/// The names of all servers at one address: exact, by their end, by their beginning, by expression.
struct ServerNameTable {
    private var servers: [VirtualServer] = []
    /// The names of `servers`, one each.
    private var names: [HostMask] = []
    private var masks = HostMaskTable()
    private var patterns: [(index: Int, server: VirtualServer)] = []
    private var patternSet = ConfiguredPatternSet.none
    private var memory: PatternMemory?

    /// The server that a host leads to, and the pattern that said so.
    struct Search {
        var server: VirtualServer?
        var pattern = PatternTrace.none
    }

    /// - Returns: whether the name was free.
    mutating func add(_ name: ServerName, _ server: VirtualServer) -> Bool {
        switch name {
        case .regex(let index):
            patterns.append((index, server))
            return true
        case .mask(let mask):
            guard masks.add(mask, servers.count) else { return false }
            servers.append(server)
            names.append(mask)
            return true
        }
    }

    /// Whether no name leads elsewhere.
    func leadOnly(to server: VirtualServer) -> Bool {
        patterns.isEmpty && servers.allSatisfy { $0 === server }
    }

    /// All names are there.
    mutating func close(_ table: PatternTable) {
        patternSet = table.set(of: patterns.map(\.index))
        memory = table.memory
    }

    func server(for host: Span<UInt8>) -> Search {
        if let index = masks[host] { return Search(server: servers[index]) }
        return host.count > 0 && !patterns.isEmpty ? matched(host) : Search()
    }

    /// The name that leads to `server(for:)`; `nil`: none, or an expression.
    func mask(for host: Span<UInt8>) -> HostMask? {
        masks[host].flatMap { names.indices.contains($0) ? names[$0] : nil }
    }

    /// By itself: whoever has an expression in it makes room for what matching needs, each time.
    private func matched(_ host: Span<UInt8>) -> Search {
        guard let memory else { return Search() }
        switch patternSet.firstMatch(host, memory) {
        case .noMatch: return Search()
        case .match(let index):
            return Search(server: patterns[index].server, pattern: .matched(patternSet.patterns[index]))
        case .excess(let excess): return Search(pattern: .excess(excess))
        }
    }
}
