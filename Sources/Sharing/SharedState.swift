public import Net

/// What all processes of one master share: counters and the peers' state. Made once, kept over reloads.
public final class SharedState {
    /// `stub_status` counters, one slab a worker.
    public let counters: Counters
    /// State of the peers of groups that have a `zone`.
    package let peers: PeerStateTable
    /// Addresses of names that are looked up while the service runs.
    package let names: ResolvedNames

    /// Servers of groups as the API has changed them.
    package let members: GroupMembers
    /// Answers of OCSP responders.
    package let staples: StapleTable

    /// What lookups of names came to.
    package let resolvers: ResolverTable

    /// What is counted of requests: of all, of zones, of servers.
    package let tallies: TallyTable
    /// All requests, in this worker.
    public private(set) var requests: Tally
    /// TLS handshakes with servers, in this worker; those with clients are counted with the requests.
    package private(set) var serverHandshakes: Tally
    /// The last requests that something was wrong with.
    package let events: EventRing
    /// Requests that stand for others in histograms.
    package let exemplars: Exemplars
    /// What has happened to the service and its servers.
    public let chronicle: Chronicle
    /// How often requests ended for each of the reasons that are counted.
    package let reasons: SharedMemory
    /// What the master says of itself.
    public let service: ServiceRecord
    /// What forms of this master's workers are known by; empty: there is no chance to be had.
    package let formKey = Digest.randomBytes(32) ?? []
    /// What shows that loops turn.
    public let marks: LoopMarks

    /// Who uses which place of what a new binary goes on with, and of what it does not.
    private let tenants: Tenants
    private let passing: Tenants
    /// Places that the configuration in force needs: they are kept though all workers may be gone.
    package var reserved: [PeerStateTable.Reservation] = []
    /// Requests under way that zones of the configuration in force count: each of them is its worker's.
    package var connectionCounts: [ConnectionCounts] = []
    /// When the next look at the tallies is due.
    private var nextLookMs: Int64 = 0
    /// Of this master alone: it was told to stop.
    private let leaving: SharedMemory

    /// Servers of groups with a `zone`.
    package static var serversMax: Int { 4096 }
    /// Names that are looked up while the service runs.
    package static var namesMax: Int { 4096 }
    /// Reasons for the end of requests.
    package static var reasonsMax: Int { 32 }
    private static var staplesMax: Int { 4096 }
    private static var resolversMax: Int { 64 }

    /// What all requests are counted under.
    package static var requestsName: String { "requests" }
    /// What the row of handshakes with gateways is found by.
    package static var serverHandshakesName: String { "handshakes with servers" }

    /// What must be the same in a binary that goes on with the memory of another.
    package static var memoryLayout: String { LastingMemory.layout }

    /// The descriptors behind it, for a binary that takes over.
    public var descriptors: [Int32] {
        let own = [
            counters.descriptor, tallies.descriptor, members.descriptor, tenants.descriptor,
            chronicle.descriptor,
        ]
        return own.compactMap { $0 } + peers.descriptors
    }

    /// The memory that a former binary used.
    public convenience init(slots: Int, adopting descriptors: [Int32]) throws(Errno) {
        try self.init(slots, try LastingMemory(slots: slots, adopting: descriptors))
    }

    /// - Parameter slots: most workers that may live at one time, old ones that still finish included.
    public convenience init(slots: Int) throws(Errno) {
        try self.init(slots, try LastingMemory(slots: slots))
    }

    private init(_ slots: Int, _ memory: LastingMemory) throws(Errno) {
        counters = memory.counters
        tenants = memory.tenants
        tallies = memory.tallies
        members = memory.members
        peers = memory.peers
        chronicle = memory.chronicle
        passing = try Tenants(
            workers: slots,
            capacities: [SharedState.namesMax, SharedState.staplesMax, SharedState.resolversMax])
        names = try ResolvedNames(places: passing.table(0))
        staples = try StapleTable(places: passing.table(1))
        resolvers = try ResolverTable(places: passing.table(2))
        leaving = try SharedMemory(count: 1)
        events = try EventRing()
        exemplars = try Exemplars()
        reasons = try SharedMemory(count: SharedState.reasonsMax)
        service = try ServiceRecord(slots: slots)
        marks = try LoopMarks(slots: slots)
        requests = tallies.row(named: SharedState.requestsName)
        serverHandshakes = tallies.row(named: SharedState.serverHandshakesName)
        enter()
    }

    /// This process uses places from now on: it was started, or forked.
    ///
    /// - Parameter slot: that of the worker that it is; `nil`: it is none.
    package func enter(as slot: Int? = nil) {
        tenants.enter(as: slot)
        passing.enter(as: slot)
        requests = tallies.row(named: SharedState.requestsName)
        serverHandshakes = tallies.row(named: SharedState.serverHandshakesName)
    }

    /// The service was told to stop, and still serves: `shutdown_delay`.
    public var isLeaving: Bool {
        get { leaving.load(0) != 0 }
        set { leaving.store(0, newValue ? 1 : 0) }
    }

    /// Where lookups through a resolver are counted; `nil`: it has no `status_zone`.
    package func tally(of resolver: ResolverSettings) -> ResolverTally? {
        resolver.statusZone.flatMap { resolvers.tally(named: $0) }
    }

    /// This process serves as the worker of `slot`.
    package func serve(as slot: Int) {
        tallies.serve(as: slot)
        for counts in connectionCounts { counts.forget(worker: slot) }
        enter(as: slot)
        peers.serve(as: slot)
    }

    /// Keeps in mind how the service does, every few seconds. Called by one process alone.
    public func sample(_ clock: Clock) {
        service.sample(clock) { tallies.sum(named: SharedState.requestsName) }
        guard clock.nowMs >= nextLookMs else { return }
        nextLookMs = clock.nowMs + TallyHistory.everyMs
        tallies.look(nowMs: clock.nowMs)
    }

    /// Takes a slot for a worker that is to be forked: two masters may share the memory for a while.
    ///
    /// - Returns: whether it was free, or its owner is no more.
    public func claim(slot: Int, for master: Int32) -> Bool {
        guard let former = counters.claim(slot: slot, for: master) else { return true }
        // A worker may outlive its master for a while.
        guard former != master, !ProcessID.isAlive(former), !tenants.isServed(worker: slot) else {
            return false
        }
        workerEnded(slot: slot)
        return counters.claim(slot: slot, for: master) == nil
    }

    /// A worker is gone, however it ended, and its connections with it.
    public func workerEnded(slot: Int) {
        counters.workerEnded(slot: slot)
        peers.forget(worker: slot)
        tallies.forget(worker: slot)
        for counts in connectionCounts { counts.forget(worker: slot) }
        service.workerEnded(slot: slot)
        counters.release(slot: slot)
    }

    /// A process that this master started is gone, and uses nothing any more.
    public func processEnded(_ process: Int32) {
        tenants.ended(process)
        passing.ended(process)
    }
}
