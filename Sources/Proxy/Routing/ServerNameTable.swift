internal import Core
internal import Pattern

/// The names of all servers at one address: exact, by their end, by their beginning, by expression.
struct ServerNameTable {
    private var servers: [VirtualServer] = []
    private var exact = CaselessTable()
    /// `.example.org` for `*.example.org`.
    private var heads = CaselessTable()
    /// `mail.` for `mail.*`.
    private var tails = CaselessTable()
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
        case .exact(let text): return insert(text, server, \.exact)
        case .domain(let text):
            // As nginx: where the name itself or what is below it is taken, both are ignored.
            guard heads[Array(text.utf8).span] == nil else { return false }
            return insert(String(text.dropFirst()), server, \.exact) && insert(text, server, \.heads)
        case .head(let text): return insert(text, server, \.heads)
        case .tail(let text): return insert(text, server, \.tails)
        }
    }

    private mutating func insert(
        _ text: String, _ server: VirtualServer, _ table: WritableKeyPath<ServerNameTable, CaselessTable>
    ) -> Bool {
        let bytes = Array(text.utf8)
        // The first server that has a name keeps it.
        guard self[keyPath: table][bytes.span] == nil else { return false }
        servers.append(server)
        return self[keyPath: table].insert(bytes, servers.count - 1)
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
        if exact.count > 0, let index = exact[host] { return Search(server: servers[index]) }
        if heads.count > 0 {
            // The longest end comes first.
            for index in host.indices where host[index] == UInt8(ascii: ".") && index > 0 {
                if let found = heads[host.extracting(index..<host.count)] {
                    return Search(server: servers[found])
                }
            }
        }
        if tails.count > 0 {
            var index = host.count
            while index > 0 {
                index -= 1
                guard host[index] == UInt8(ascii: "."), index + 1 < host.count else { continue }
                if let found = tails[host.extracting(0..<(index + 1))] {
                    return Search(server: servers[found])
                }
            }
        }
        return host.count > 0 && !patterns.isEmpty ? matched(host) : Search()
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
