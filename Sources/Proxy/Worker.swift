internal import Config
internal import Core
internal import HTTP
public import Net
public import Sharing
internal import Upstream

/// One process that serves: an epoll set and every connection accepted on it.
///
/// One thread; nothing in it needs a lock. The master made the sockets and the shared memory.
public final class Worker {
    /// Events of one turn go to what stands in the slot that the kernel names.
    enum Endpoint {
        case listener(Listener)
        case client(Session)
        case peer(PeerConnection)
        case signals
        /// What the master says.
        case control
        /// A timer alone: requests wait.
        case traffic
        /// A timer alone: there is no master that takes samples.
        case sampling
        /// A timer alone: many clients were there.
        case crowd
        /// An authority is asked for a client's certificate.
        case status(ClientStatusCheck)
        /// A password is checked in a child.
        case password(PasswordCheck)
    }

    // MARK: The loop

    /// What new requests are served by.
    var snapshot: Snapshot
    /// What requests that are still under way began with.
    var retired: [RetiredSnapshot] = []
    let loop: EventLoop<Endpoint>
    /// The loop's. What is used many times a request is held here: see `Worker+Lending`.
    let clock: Clock
    /// The loop's.
    let timers: Timers
    /// Pools that hold more than they are to keep.
    var overfull: [KeepalivePool<PeerConnection>] = []
    /// Groups that requests wait for.
    var awaitedTraffic: [GroupTraffic] = []
    let trafficTimer: TimerID
    let samplingTimer: TimerID
    let crowdTimer: TimerID
    var queues = TurnQueues()
    /// `nil`: the kernel has no means for it.
    private(set) lazy var batch = SendBatch()
    let signals: SignalDescriptor
    /// Left at each turn for the master to see.
    let mark: LoopMark
    var strayStop = StrayStop()
    var exit: ExitMode?

    // MARK: What connections borrow

    let buffers = BufferPool()
    let contentBuffers = ContentBuffers()
    /// The buffer that bodies and responses are read into: one for all, empty between uses.
    let relay = ByteBuffer(capacity: 72 << 10)
    /// Where records of TLS are gathered before they are sent: one for all, empty between uses.
    let records = ByteBuffer(capacity: 4096)
    /// What an exchange without a request points at.
    let noBytes = ByteBuffer(capacity: 16)
    private var scratches: [ByteBuffer] = []
    private var exchanges: [Exchange] = []

    /// Connections to peers that could not be made here.
    var shortageLog = LogRation()

    // MARK: What is counted and shared

    let counters: CounterSlab
    let shared: SharedState
    /// The words of the command line, for configurations to come.
    let request: LoadRequest
    /// To the master; `nil`: there is none.
    var control: ControlChannel?
    /// Descriptors for an order that is not complete.
    var pendingDescriptors: [Int32] = []
    /// The users of `auth_basic_user_file`.
    let passwordFiles = PasswordFiles()
    private(set) lazy var passwordChecks = PasswordChecks(worker: self)
    /// `ssl_ocsp_cache`
    var clientStatuses = ClientStatuses()
    var listeners: [Listener] = []
    var connectionCount = 0
    var crowd = Crowd()
    var room: ConnectionRoom
    var connectionSerial = 0
    var isDraining = false
    var drainDeadlineMs: Int64?

    enum ExitMode { case fast, drained }

    /// What a worker is born with.
    public struct Birth {
        let configuration: Configuration
        let request: LoadRequest
        let sockets: [Int32]
        let shared: SharedState
        let slot: Int

        /// - Parameters:
        ///   - request: what `configuration` was loaded for.
        ///   - sockets: a listening descriptor for each of `configuration.listeners`, in that order.
        ///   - shared: counters and peers' state, made by the master.
        ///   - slot: which of the shared counter slabs is this worker's.
        public init(
            configuration: Configuration, request: LoadRequest, sockets: [Int32], shared: SharedState,
            slot: Int
        ) {
            self.configuration = configuration
            self.request = request
            self.sockets = sockets
            self.shared = shared
            self.slot = slot
        }
    }

    /// - Parameter control: to the master; `nil`: this process has none.
    public init(_ birth: Birth, control: ControlChannel?) throws(Errno) {
        request = birth.request
        shared = birth.shared
        self.control = control
        loop = try EventLoop()
        clock = loop.clock
        timers = loop.timers
        room = ConnectionRoom(birth.configuration.main)
        trafficTimer = loop.timer(for: .traffic)
        samplingTimer = loop.timer(for: .sampling)
        crowdTimer = loop.timer(for: .crowd)
        signals = try SignalDescriptor(Signal.obeyedByLoops)
        mark = shared.marks.worker(birth.slot)
        counters = shared.counters.slab(birth.slot)
        shared.serve(as: birth.slot)
        snapshot = Snapshot(birth.configuration, shared, clock, former: nil)
        counters.beginLife()
        for (address, fd) in zip(configuration.listeners, birth.sockets) {
            listeners.append(open(fd, address))
        }
        try loop.poller.addControl(signals.fd, loop.enroll(.signals))
        if let control {
            try loop.poller.addControl(control.fd, loop.enroll(.control))
        } else {
            takeSample()
        }
        mark.turn(nowMs: clock.nowMs)
    }

    var configuration: Configuration { snapshot.configuration }
    private var logs: AccessLogs { snapshot.logs }

    /// Begins to accept on a socket.
    func open(_ fd: Int32, _ address: ListenAddress) -> Listener {
        // What is accepted inherits it (Linux): no call for each connection.
        Socket.setNoDelay(fd, address.tcpNodelay)
        let listener = Listener(fd: fd, address: address)
        listener.token = loop.enroll(.listener(listener))
        resumeAccepting(listener)
        return listener
    }

    /// Accepts no more on a socket.
    func close(_ listener: Listener) {
        acceptLast(from: listener)
        listener.isClosed = true
        if !listener.isPaused { loop.poller.remove(listener.fd) }
        Socket.close(listener.fd)
        if let timer = listener.timer { timers.destroy(timer) }
        loop.dismiss(listener.token)
    }

    /// Serves until told to stop.
    ///
    /// - Returns: the exit status of the process.
    public func run() -> Int32 {
        let turn = WorkerTurn(worker: self)
        while exit == nil {
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
        connectionCount -= 1
        counters.add(.active, -1)
    }

    /// Begins to ask for the certificates of a client.
    ///
    /// - Returns: what is to be started.
    func statusCheck(of opening: ClientOpening, _ subjects: [OCSPSubject]) -> ClientStatusCheck {
        loop.enroll(as: Endpoint.status) { ClientStatusCheck(opening, subjects, token: $0) }
    }

    /// A connection to a peer is over.
    func closed(_ connection: PeerConnection) {
        connection.transport.close()
        loop.dismiss(connection.token)
    }

    /// Registers a connection to a peer that `make` sets up under the token it is given.
    func register(_ fd: Int32, _ make: (Token) -> PeerConnection) throws(Errno) -> PeerConnection {
        let made = loop.enroll(as: Endpoint.peer, make)
        do throws(Errno) {
            // The reserve is not for gateways; an idle connection to one goes before one that is needed.
            if fd >= room.firstReservedDescriptor, !snapshot.groups.closeOneIdle(), !closeLongestIdle() {
                throw Errno.tooManyFiles
            }
            try loop.poller.addConnection(fd, made.token)
        } catch {
            made.close()
            throw error
        }
        return made
    }

    // MARK: Recycling

    func takeExchange(for stream: ResponseStream, of client: ClientConnection) -> Exchange {
        let exchange = exchanges.popLast() ?? Exchange(worker: self, stream: stream, client: client)
        exchange.start(for: stream, of: client)
        return exchange
    }

    func giveBack(_ exchange: consuming Exchange) {
        exchange.reset()
        // One of a former configuration would keep it alive.
        if exchanges.count < 512 && exchange.snapshot === snapshot {
            exchanges.append(exchange)
        } else {
            exchange.upstream = nil
        }
    }

    /// Lets go of what so many clients do not need.
    func shrinkPools(to count: Int) {
        buffers.shrink(to: count)
        for exchange in exchanges.dropFirst(count) { exchange.upstream = nil }
        exchanges.removeLast(max(0, exchanges.count - count))
    }

    /// Lets go of exchanges that belong to a former configuration.
    func forgetRecycled() {
        // The two hold each other.
        for exchange in exchanges { exchange.upstream = nil }
        exchanges.removeAll()
    }

    /// A small buffer for the length of one call.
    func takeScratch() -> ByteBuffer {
        scratches.popLast() ?? ByteBuffer(capacity: 512)
    }

    func giveScratch(_ buffer: ByteBuffer) {
        buffer.removeAll()
        if scratches.count < 16 { scratches.append(buffer) }
    }
}

/// A listening socket of this worker.
final class Listener {
    let fd: Int32
    var address: ListenAddress
    var token = Token(slot: 0, generation: 0)
    var timer: TimerID?
    /// It is not waited for, now that it is new or there was no room.
    var isPaused = true
    var isClosed = false

    init(fd: Int32, address: ListenAddress) {
        self.fd = fd
        self.address = address
    }
}
