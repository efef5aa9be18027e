public import Config
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
    /// What shows that loops turn.
    public let marks: LoopMarks

    /// Who uses which place of what a new binary goes on with, and of what it does not.
    private let tenants: Tenants
    private let passing: Tenants
    /// Places that the configuration in force needs: they are kept though all workers may be gone.
    private var reserved: [PeerStateTable.Reservation] = []
    /// Of this master alone: it was told to stop.
    private let leaving: SharedMemory

    /// Servers of groups with a `zone`.
    static var serversMax: Int { 4096 }
    /// Names that are looked up while the service runs.
    static var namesMax: Int { 4096 }
    private static var staplesMax: Int { 4096 }
    private static var resolversMax: Int { 64 }

    /// What all requests are counted under.
    static var requestsName: String { "requests" }
    static var serverHandshakesName: String { "handshakes with servers" }

    /// What must be the same in a binary that goes on with the memory of another.
    public static var layout: String { LastingMemory.layout }

    /// The descriptors behind it, for a binary that takes over.
    public var descriptors: [Int32] {
        [counters.descriptor, tallies.descriptor, members.descriptor, tenants.descriptor].compactMap { $0 }
            + peers.descriptors
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
        passing = try Tenants(
            workers: slots,
            capacities: [SharedState.namesMax, SharedState.staplesMax, SharedState.resolversMax])
        names = try ResolvedNames(places: passing.table(0))
        staples = try StapleTable(places: passing.table(1))
        resolvers = try ResolverTable(places: passing.table(2))
        leaving = try SharedMemory(count: 1)
        events = try EventRing()
        service = try ServiceRecord(slots: slots)
        marks = try LoopMarks(slots: slots)
        requests = tallies.row(named: SharedState.requestsName)
        serverHandshakes = tallies.row(named: SharedState.serverHandshakesName)
        enter()
    }

    /// This process uses places from now on: it was started, or forked.
    ///
    /// - Parameter slot: that of the worker that it is; `nil`: it is none.
    func enter(as slot: Int? = nil) {
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
        tallies.serve(as: slot)
        enter(as: slot)
        peers.serve(as: slot)
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
        service.workerEnded(slot: slot)
        counters.release(slot: slot)
    }

    /// A process that this master started is gone, and uses nothing any more.
    public func processEnded(_ process: Int32) {
        tenants.ended(process)
        passing.ended(process)
    }

    // MARK: Places

    /// Finds places for all servers and names of a configuration that may come into force.
    ///
    /// - Throws: there are not as many.
    public func reserve(_ configuration: Configuration) throws(ConfigError) {
        var found: [PeerStateTable.Reservation] = []
        for settings in configuration.upstreams where settings.hasZone {
            // Those of the file, and those that the API has left it.
            guard let own = peers.reserve(settings.with(names)), let now = peers.reserve(current(settings))
            else { throw SharedState.noRoom(for: settings) }
            found += [own, now]
            for name in settings.dynamicNames + current(settings).dynamicNames {
                guard names.hold(also: name) else { throw SharedState.noRoom(for: settings) }
            }
        }
        reserved += found
    }

    private static func noRoom(for settings: UpstreamSettings) -> ConfigError {
        ConfigError(
            "there is no room for the servers of upstream \"\(settings.name)\": all upstreams together have"
                + " at most \(serversMax), those included that still finish requests", at: settings.location)
    }

    /// Places for the servers of a group and for what is counted of them; `nil`: there are not as many.
    func reserve(_ settings: UpstreamSettings) -> (states: PeerStateTable.Reservation, tallies: [Tally])? {
        guard let states = peers.reserve(settings) else { return nil }
        let counts = tallies.exclusively { settings.tallyNames.map { tallies.row(named: $0) } }
        guard counts.allSatisfy(\.isSeen),
            settings.dynamicNames.allSatisfy({ names.hold(also: $0) })
        else { return nil }
        return (states, counts)
    }

    /// Keeps what the configuration that this process serves names, and lets go of all else.
    ///
    /// - Returns: what there is no room for.
    func hold(_ configuration: Configuration) -> [String] {
        let zoned = configuration.upstreams.filter(\.hasZone)
        members.hold(zoned.filter(\.isDynamic).map(\.name))
        let wanted = Set(zoned.flatMap { $0.dynamicNames + current($0).dynamicNames })
        var missing: [String] = []
        if !names.hold(wanted) { missing.append("names of servers") }
        if !staples.hold(configuration.stapleSubjects.map(\.fingerprint)) { missing.append("OCSP responses") }
        return missing
    }

    /// Finds the places of all servers before workers do; those that were not there before begin as
    /// their group says.
    ///
    /// - Parameters:
    ///   - isStart: the whole service begins, so nobody's load has to be taken over slowly.
    ///   - isRenewal: the configuration is the one until now but for its certificates.
    public func prepare(_ configuration: Configuration, isStart: Bool, isRenewal: Bool = false) {
        enter()
        if !isRenewal {
            for settings in configuration.upstreams { follow(settings, configuration.errorLog) }
        }
        peers.isServiceStart = isStart
        defer { peers.isServiceStart = false }
        var next: [PeerStateTable.Reservation] = []
        for settings in configuration.upstreams where settings.hasZone {
            guard let states = peers.reserve(current(settings)) else {
                configuration.errorLog.write(
                    .alert, connection: nil, SharedState.noRoom(for: settings).description)
                continue
            }
            // Nobody checks them any more: what the last check said must not last for ever.
            if !settings.isChecked { PeerStateTable.forgetChecks(states) }
            next.append(states)
        }
        reserved = next
        for missing in hold(configuration) {
            configuration.errorLog.write(.alert, connection: nil, "there is no room for all \(missing)")
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
