public import Net
internal import Upstream

/// What all processes of one master share: counters and the peers' state. Made once, kept over reloads.
public final class SharedState {
    /// `stub_status` counters, one slab a worker.
    public let counters: Counters
    /// State of the peers of groups that have a `zone`.
    let peers: PeerStateTable

    /// - Parameter slots: most workers that may live at one time, old ones that still finish included.
    public init(slots: Int) throws(Errno) {
        counters = try Counters(slots: slots)
        peers = try PeerStateTable(capacity: 4096, workers: slots)
    }

    /// A worker is gone, however it ended, and its connections with it.
    public func workerEnded(slot: Int) {
        counters.workerEnded(slot: slot)
        peers.forget(worker: slot)
    }

    /// Finds the places of all servers before workers do; those that were not there before begin as
    /// their group says.
    ///
    /// - Parameter isStart: the whole service begins, so nobody's load has to be taken over slowly.
    public func prepare(_ configuration: Configuration, isStart: Bool) {
        let clock = Clock()
        for (index, settings) in configuration.upstreams.enumerated() where settings.hasZone {
            let isMandatory = configuration.healthChecks.contains {
                $0.groupIndex == index && $0.settings.isMandatory
            }
            PeerGroup(settings, table: peers).begin(
                isStart: isStart, isMandatory: isMandatory, nowMs: clock.nowMs, wallMs: clock.wallMs)
        }
    }
}
