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
        peers = try PeerStateTable(capacity: 4096)
    }
}
