internal import Config
internal import Core
internal import HTTP
public import Net
public import Sharing
internal import Status
internal import Upstream

/// One process that serves: an epoll set and every connection accepted on it.
///
/// One thread; nothing in it needs a lock. The master made the sockets and the shared memory.
public final class Worker {
    // MARK: What it serves by

    /// What new requests are served by.
    var snapshot: Snapshot { didSet { connector.groups = snapshot.groups } }
    /// What requests that are still under way began with.
    var retired: [RetiredSnapshot] = []
    /// To serve by other configurations; `nil`: this process has no master.
    var orders: (any WorkerOrders)?
    var life = Life.serving
    var strayStop = StrayStop()

    // MARK: The loop

    let loop: EventLoop<Endpoint>
    /// The loop's. What is used many times a request is held here: see `Worker+Lending`.
    let clock: Clock
    /// The loop's.
    let timers: Timers
    let ownTimers: OwnTimers
    var queues = TurnQueues()
    let signals: SignalDescriptor
    /// Left at each turn for the master to see.
    let mark: LoopMark

    // MARK: What connections borrow

    let buffers = BufferPool()
    let contentBuffers = ContentBuffers()
    /// The buffer that bodies and responses are read into: one for all, empty between uses.
    let relay = ByteBuffer(capacity: 72 << 10)
    /// The same, empty, with room in front of what comes for what a protocol writes there.
    func emptyRelay() -> ByteBuffer {
        relay.removeAll(leaving: 16)
        return relay
    }
    /// Where records of TLS are gathered before they are sent: one for all, empty between uses.
    let records = ByteBuffer(capacity: 4096)
    /// Where fields of HTTP/2 are put together: one for all, of no use between two calls.
    let fieldScratch = ByteBuffer(capacity: 256)
    /// What content is coded into: one for all, empty between uses.
    let coded = ByteBuffer(capacity: 4096)
    var coders = ContentCoders()
    /// What an exchange without a request points at.
    let noBytes = ByteBuffer(capacity: 16)
    var recycled = Recycled()

    // MARK: Clients and peers

    var admission: Admission
    /// Connections to peers.
    let connector: Connector
    /// Answers that are being made in slices.
    var longAnswers = SlicedWork.Counts()
    /// Children that explain requests.
    var explaining = 0
    /// The users of `auth_basic_user_file`.
    let passwordFiles = PasswordFiles()
    private(set) lazy var passwordChecks = PasswordChecks(worker: self)
    /// Names that requests lead to.
    private(set) lazy var names = NameCache(worker: self)
    /// `ssl_ocsp_cache`
    var clientStatuses = ClientStatuses()
    /// Groups that requests wait for.
    var awaitedQueues: [RequestQueue] = []
    /// Copies of requests that are under way.
    var mirrors = Mirrors()
    var additions = Additions.Budget()
    /// `userid`: what clients are told apart by.
    lazy var userIDs = UserIDMaker(nowUs: clock.nowUs)
    /// When requests are next noted for others of their kind.
    var exemplarTurns = ExemplarTurns()
    /// Zones of limits that could not be looked at.
    var limitLog = LogRation()
    /// Connections to peers that could not be made here.
    var shortageLog = LogRation()
    var lossLog = LogRation()
    /// Requests that are refused since servers have enough to do.
    var overloadLog = LogRation()

    // MARK: What is counted and shared

    /// Which of all workers it is.
    let slot: Int
    let counters: CounterSlab
    let shared: SharedState
    /// The shared state's, for all requests: used with each.
    let requestTally: Tally
    /// What is told of the one request that it explains; `nil`: it serves.
    let trace: RequestTrace?

    /// Deadlines of nothing but the worker itself.
    struct OwnTimers {
        /// Requests wait for groups.
        let queues: TimerID
        /// There is no master that takes samples.
        let sampling: TimerID
        /// Many clients were there.
        let crowd: TimerID
        /// Compressors are idle.
        let coders: TimerID
    }

    /// What a worker is born with.
    public struct Birth {
        let configuration: Configuration
        let sockets: [Int32]
        let shared: SharedState
        let slot: Int

        /// - Parameters:
        ///   - sockets: a listening descriptor for each of `configuration.listeners`, in that order.
        ///   - shared: counters and peers' state, made by the master.
        ///   - slot: which of the shared counter slabs is this worker's.
        public init(
            configuration: Configuration, sockets: [Int32], shared: SharedState, slot: Int
        ) {
            self.configuration = configuration
            self.sockets = sockets
            self.shared = shared
            self.slot = slot
        }
    }

    /// - Parameter orders: of the master; `nil`: this process has none.
    public convenience init(_ birth: Birth, orders: (any WorkerOrders)?) throws(Errno) {
        try self.init(birth, orders: orders, trace: nil)
    }

    init(_ birth: Birth, orders: (any WorkerOrders)?, trace: RequestTrace?) throws(Errno) {
        self.orders = orders
        self.trace = trace
        shared = birth.shared
        loop = try EventLoop()
        clock = loop.clock
        timers = loop.timers
        ownTimers = OwnTimers(
            queues: loop.timer(for: .own(OwnEndpoint(.queues))),
            sampling: loop.timer(for: .own(OwnEndpoint(.sampling))),
            crowd: loop.timer(for: .own(OwnEndpoint(.crowd))),
            coders: loop.timer(for: .own(OwnEndpoint(.coders))))
        admission = Admission(room: ConnectionRoom(birth.configuration.main))
        signals = try SignalDescriptor(Signal.obeyedByLoops)
        mark = shared.marks.worker(birth.slot)
        slot = birth.slot
        counters = shared.counters.slab(birth.slot)
        shared.serve(as: birth.slot)
        requestTally = shared.requests
        snapshot = Snapshot(birth.configuration, shared, clock, former: nil)
        connector = Connector(loop, buffers: buffers, shared, groups: snapshot.groups)
        counters.beginLife()
        for (address, fd) in zip(configuration.listeners, birth.sockets) {
            admission.listeners.append(open(fd, address))
        }
        try loop.poller.addControl(signals.fd, loop.enroll(.own(OwnEndpoint(.signals))))
        if let orders {
            try loop.poller.addControl(orders.fd, loop.enroll(.own(OwnEndpoint(.control))))
        } else {
            takeSample()
        }
        mark.turn(nowMs: clock.nowMs)
    }

    /// What new requests are served by.
    package var configuration: Configuration { snapshot.configuration }
    private var logs: AccessLogs { snapshot.logs }

    /// Serves until told to stop.
    ///
    /// - Returns: the exit status of the process.
    public func run() -> Int32 {
        let turn = WorkerTurn(worker: self)
        while !life.isOver {
            turn.take(waitMs: turn.longestWaitMs)
            turn.finish()
        }
        passwordChecks.end()
        logs.flush(nowMs: clock.nowMs, force: true)
        return 0
    }

    // MARK: Connections' ends

    /// A client's session is over: its descriptor is closed, its slot free.
    func closed(_ connection: ClientConnection) {
        connection.transport.close()
        loop.dismiss(connection.token)
        admission.connectionCount -= 1
        counters.add(.active, -1)
    }

    /// Begins to ask for the certificates of a client.
    ///
    /// - Returns: what is to be started.
    func statusCheck(of opening: ClientOpening, _ subjects: [OCSPSubject]) -> ClientStatusCheck {
        loop.enroll(as: Endpoint.status) { ClientStatusCheck(opening, subjects, token: $0) }
    }
}
