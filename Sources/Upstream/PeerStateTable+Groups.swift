public import Sharing

extension PeerStateTable {
    /// Finds places for a group's peers before anybody needs them.
    ///
    /// - Returns: `nil`: there are not as many.
    public func reserve(_ settings: UpstreamSettings) -> Reservation? {
        exclusively {
            var states: Reservation = []
            for (peer, identity) in settings.identifiedPeers {
                let found = state(
                    for: identity, in: settings.name, beginning: PeerBeginning(settings, peer))
                guard let found else { return nil }
                states.append(found.state)
            }
            return states
        }
    }
}

extension PeerBeginning {
    init(_ group: UpstreamSettings, _ peer: PeerSettings) {
        self.init()
        isMandatory = group.isMandatory
        isSlow = peer.slowStartMs > 0
    }
}

extension UpstreamSettings {
    /// What requests to its servers are counted under.
    var tallyNames: [String] { identifiedPeers.map { "server \($0.identity)" } }

    /// Primaries, then backups, and what their state is found by: the same address may stand there twice.
    var identifiedPeers: [(peer: PeerSettings, identity: String)] {
        var seen: [String: Int] = [:]
        return (peers.filter { !$0.isBackup } + peers.filter(\.isBackup)).map { peer in
            seen[peer.name, default: 0] += 1
            return (peer, "\(name) \(peer.name) \(seen[peer.name] ?? 1)")
        }
    }
}
