internal import Net
public import Sharing

extension UpstreamSettings {
    /// The names in it that are looked up while the service runs.
    public var dynamicNames: [DynamicName] {
        var seen: Set<DynamicName> = []
        return peers.compactMap(\.dynamicName).filter { seen.insert($0).inserted }
    }

    /// The same group with the addresses that its names have now.
    public func with(_ names: ResolvedNames) -> UpstreamSettings {
        with(addresses: { names.addresses(of: $0) })
    }

    /// The same group with the addresses that `find` gives for its names.
    func with(addresses find: (DynamicName) -> [FoundServer]?) -> UpstreamSettings {
        guard peers.contains(where: { $0.dynamicName != nil }) else { return self }
        var result = self
        result.peers = []
        var done: Set<String> = []
        for peer in peers {
            guard let name = peer.dynamicName, let addresses = find(name) else {
                result.peers.append(peer)
                continue
            }
            // The addresses of one line stand where its first one stood.
            guard done.insert(peer.server).inserted else { continue }
            if addresses.isEmpty { result.peers.append(peer.standing(for: name)) }
            let servers = peer.usable(addresses, allowsBackups: allowsBackups)
            result.peers += servers.map { peer.found($0) }
        }
        return result
    }
}
