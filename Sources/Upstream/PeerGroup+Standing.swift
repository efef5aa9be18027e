internal import Sharing

/// What a group says of itself to whoever asks why a peer is chosen.
extension PeerGroup {
    /// The directive of its method.
    public var methodName: String { settings.method.name ?? "round robin" }

    /// The peer that `sticky` binds a request to decides, and not the method.
    public func isBound(_ selection: Selection, to index: Int) -> Bool { selection.bound == index }

    /// Why a peer is not chosen now, whoever's turn it is; `nil`: it may be.
    public func obstacle(_ index: Int, nowMs: Int64) -> String? {
        let peer = peers[index]
        if peer.settings.isDown { return "down" }
        if peer.settings.isDraining { return "drained" }
        if peer.settings.isUnresolved { return "its name has no address yet" }
        if !peer.state.health.takesRequests { return peer.state.health.name }
        if peer.isFull { return "it has all the connections that it may have" }
        if banAge(index, nowMs: nowMs) != nil { return "it has failed too often" }
        return peer.settings.isBackup && index != 0 ? "a backup" : nil
    }

    /// Takes a peer that waits for its first check for one that has passed it.
    public func presumeHealthy() {
        for peer in peers where peer.state.health == .checking { peer.state.health = .up }
    }
}

extension UpstreamGroups {
    /// The same for all groups.
    public func presumeHealthy() {
        for group in groups { group.presumeHealthy() }
    }
}
