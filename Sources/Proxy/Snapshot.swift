internal import Net
internal import Sharing
internal import Upstream

/// What a worker serves by: a configuration, and what it has made of it.
///
/// A reload puts a new snapshot in the place of the old one. A request that is under way keeps the one
/// that it began with; when the last of them is over, the old snapshot is freed.
final class Snapshot {
    let configuration: Configuration
    let groups: UpstreamGroups
    let logs: AccessLogs
    /// Where this worker counts the requests of the configuration's zones.
    let zones: [Tally]
    private let listens: [SocketAddress: ListenAddress]

    init(_ configuration: Configuration, _ shared: SharedState, _ clock: Clock, former: Snapshot?) {
        self.configuration = configuration
        for missing in shared.hold(configuration) {
            configuration.errorLog.write(.alert, connection: nil, "there is no room for all \(missing)")
        }
        for server in configuration.certified { server.context.staples = shared.staples }
        zones = configuration.zones.map { shared.tallies.row(named: $0.tallyName) }
        groups = UpstreamGroups(configuration.upstreamPlan, shared, former: former?.groups)
        logs = AccessLogs(configuration, clock, former: former?.logs)
        listens = Dictionary(
            configuration.listeners.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// What is served at an address; `nil`: it is not listened on any more.
    func listen(at address: SocketAddress) -> ListenAddress? { listens[address] }
}
