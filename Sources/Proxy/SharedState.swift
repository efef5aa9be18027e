internal import Core
public import Net
internal import Upstream

/// What all processes of one master share: counters and the peers' state. Made once, kept over reloads.
public final class SharedState {
    /// `stub_status` counters, one slab a worker.
    public let counters: Counters
    /// State of the peers of groups that have a `zone`.
    let peers: PeerStateTable
    /// Addresses of names that are looked up while the service runs.
    let names: ResolvedNames

    /// Servers of groups as the API has changed them.
    let members: GroupMembers
    /// Answers of OCSP responders.
    let staples: StapleTable

    /// What lookups of names came to.
    let resolvers: ResolverTable

    /// What is counted of requests: of all, of zones, of servers.
    let tallies: TallyTable
    /// All requests, in this worker.
    private(set) var requests: Tally
    /// TLS handshakes with servers, in this worker; those with clients are counted with the requests.
    private(set) var serverHandshakes: Tally
    /// The last requests that something was wrong with.
    let events: EventRing
    /// What the master says of itself.
    public let service: ServiceRecord

    private static var capacity: Int { 4096 }
    /// Groups whose servers the API may change.
    private static var groupMax: Int { 256 }
    /// What all requests are counted under.
    static var requestsName: String { "requests" }
    static var serverHandshakesName: String { "handshakes with servers" }
    /// Of this master alone: it was told to stop.
    private let leaving: SharedMemory

    /// What must be the same in a binary that goes on with the memory of another.
    public static var layout: String {
        "\(Version.text)/\(capacity)/\(PeerStateTable.layout)/\(Counters.layout)/\(TallyTable.layout)"
            + "/\(GroupMembers.layout)"
    }

    /// The descriptors behind it, for a binary that takes over.
    public var descriptors: [Int32] {
        [counters.descriptor, tallies.descriptor, members.descriptor].compactMap { $0 } + peers.descriptors
    }

    /// The memory that a former binary used.
    public init(slots: Int, adopting descriptors: [Int32]) throws(Errno) {
        guard descriptors.count > 3 else { throw .invalidArgument }
        counters = try Counters(slots: slots, adopting: descriptors[0])
        tallies = try TallyTable(capacity: SharedState.capacity, adopting: descriptors[1])
        members = try GroupMembers(capacity: SharedState.groupMax, adopting: descriptors[2])
        peers = try PeerStateTable(
            capacity: SharedState.capacity, workers: slots, adopting: Array(descriptors.dropFirst(3)))
        names = try ResolvedNames(capacity: 512)
        resolvers = try ResolverTable(capacity: 64)
        staples = try StapleTable(capacity: 512)
        leaving = try SharedMemory(count: 1)
        events = try EventRing()
        service = try ServiceRecord(slots: slots)
        requests = tallies.row(named: SharedState.requestsName)
        serverHandshakes = tallies.row(named: SharedState.serverHandshakesName)
    }

    /// The service was told to stop, and still serves: `shutdown_delay`.
    public var isLeaving: Bool {
        get { leaving.load(0) != 0 }
        set { leaving.store(0, newValue ? 1 : 0) }
    }

    /// - Parameter slots: most workers that may live at one time, old ones that still finish included.
    public init(slots: Int) throws(Errno) {
        counters = try Counters(slots: slots)
        tallies = try TallyTable(capacity: SharedState.capacity)
        peers = try PeerStateTable(capacity: SharedState.capacity, workers: slots)
        names = try ResolvedNames(capacity: 512)
        resolvers = try ResolverTable(capacity: 64)
        members = try GroupMembers(capacity: SharedState.groupMax)
        staples = try StapleTable(capacity: 512)
        leaving = try SharedMemory(count: 1)
        events = try EventRing()
        service = try ServiceRecord(slots: slots)
        requests = tallies.row(named: SharedState.requestsName)
        serverHandshakes = tallies.row(named: SharedState.serverHandshakesName)
    }

    /// A group with the servers that it has now.
    func current(_ settings: UpstreamSettings) -> UpstreamSettings { settings.with(members, names) }

    /// Where lookups through a resolver are counted; `nil`: it has no `status_zone`.
    func tally(of resolver: ResolverSettings) -> ResolverTally? {
        resolver.statusZone.flatMap { resolvers.tally(named: $0) }
    }

    /// The list of a group's servers that a text says, or that of the configuration.
    func list(_ text: String?, of settings: UpstreamSettings) -> GroupMemberList {
        text.flatMap { GroupMemberList(text: $0) } ?? GroupMemberList(settings.with(names))
    }

    /// This process serves as the worker of `slot`.
    func serve(as slot: Int) {
        peers.serve(as: slot)
        tallies.serve(as: slot)
        requests = tallies.row(named: SharedState.requestsName)
        serverHandshakes = tallies.row(named: SharedState.serverHandshakesName)
    }

    /// Keeps in mind how the service does, every few seconds. Called by one process alone.
    public func sample(_ clock: Clock) {
        service.sample(clock) { tallies.sum(named: SharedState.requestsName) }
    }

    /// Takes a slot for a worker that is to be forked: two masters may share the memory for a while.
    ///
    /// - Returns: whether it was free, or its owner is no more.
    public func claim(slot: Int, for master: Int32) -> Bool {
        guard let former = counters.claim(slot: slot, for: master) else { return true }
        guard former != master, !ProcessID.isAlive(former) else { return false }
        workerEnded(slot: slot)
        return counters.claim(slot: slot, for: master) == nil
    }

    /// A worker is gone, however it ended, and its connections with it.
    public func workerEnded(slot: Int) {
        counters.workerEnded(slot: slot)
        peers.forget(worker: slot)
        tallies.forget(worker: slot)
        service.workerEnded(slot: slot)
        counters.release(slot: slot)
    }

    /// Finds the places of all servers before workers do; those that were not there before begin as
    /// their group says.
    ///
    /// - Parameters:
    ///   - isStart: the whole service begins, so nobody's load has to be taken over slowly.
    ///   - isRenewal: the configuration is the one until now but for its certificates.
    public func prepare(_ configuration: Configuration, isStart: Bool, isRenewal: Bool = false) {
        if !isRenewal {
            for settings in configuration.upstreams { follow(settings, configuration.errorLog) }
        }
        let clock = Clock()
        for (index, settings) in configuration.upstreams.enumerated() where settings.hasZone {
            let isMandatory = configuration.healthChecks.contains {
                $0.groupIndex == index && $0.settings.isMandatory
            }
            PeerGroup(current(settings), table: peers).begin(
                isStart: isStart, isMandatory: isMandatory, nowMs: clock.nowMs, wallMs: clock.wallMs)
        }
    }

    /// Makes lists of servers that must be there from the start, and takes up what somebody wrote into an
    /// upstream's state file.
    private func follow(_ settings: UpstreamSettings, _ log: ErrorLog) {
        guard settings.hasLastingList else { return }
        let upstream = "upstream \"\(settings.name)\""
        let path = settings.stateFile.map { "state file \"\($0.path)\" of \(upstream)" } ?? upstream
        switch members.follow(settings.with(names)) {
        case .followed: break
        case .missing: log.write(.warn, connection: nil, "\(path) is gone; its servers go on as they were")
        case .failed(let reason):
            log.write(.error, connection: nil, "\(path): \(reason); its servers go on as they were")
        }
    }
}
