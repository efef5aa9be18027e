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
        case client(HTTP1Session)
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
    let clock: Clock
    let timers: Timers
    /// Pools that hold more than they are to keep.
    var overfull: [KeepalivePool<PeerConnection>] = []
    /// Groups that requests wait for.
    var awaitedTraffic: [GroupTraffic] = []
    let trafficTimer: TimerID
    let samplingTimer: TimerID
    let crowdTimer: TimerID
    let poller: Poller
    var endpoints = SlotTable<Endpoint>()
    /// Connections that have more to do without an event: pipelined requests, spent budgets.
    private var posted: [Token] = []
    private var running: [Token] = []
    /// Events of the wait: of peers, and the numbers of all others.
    private var readyPeers: [PeerConnection] = []
    private var others: [Int] = []
    /// `nil`: the kernel has no means for it.
    private lazy var batch = SendBatch()
    /// Connections whose TLS handshake goes on, in the order of their events.
    private var handshaking: [Token] = []
    /// Clients whose answers are long in the making, each with a slice in its turn.
    private var making: [Exchange] = []
    private let signals: SignalDescriptor
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
        clock = Clock()
        timers = Timers(nowMs: clock.nowMs)
        poller = try Poller()
        room = ConnectionRoom(birth.configuration.main)
        trafficTimer = timers.create(endpoints.insert { _ in .traffic }, kind: 0)
        samplingTimer = timers.create(endpoints.insert { _ in .sampling }, kind: 0)
        crowdTimer = timers.create(endpoints.insert { _ in .crowd }, kind: 0)
        signals = try SignalDescriptor(Signal.obeyedByLoops)
        mark = shared.marks.worker(birth.slot)
        counters = shared.counters.slab(birth.slot)
        shared.serve(as: birth.slot)
        snapshot = Snapshot(birth.configuration, shared, clock, former: nil)
        posted.reserveCapacity(256)
        running.reserveCapacity(256)
        counters.beginLife()
        for (address, fd) in zip(configuration.listeners, birth.sockets) {
            listeners.append(open(fd, address))
        }
        let token = endpoints.insert { _ in .signals }
        try poller.addControl(signals.fd, token)
        if let control {
            let token = endpoints.insert { _ in .control }
            try poller.addControl(control.fd, token)
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
        let token = endpoints.insert { _ in .listener(listener) }
        listener.token = token
        resumeAccepting(listener)
        return listener
    }

    /// Accepts no more on a socket.
    func close(_ listener: Listener) {
        acceptLast(from: listener)
        listener.isClosed = true
        if !listener.isPaused { poller.remove(listener.fd) }
        Socket.close(listener.fd)
        if let timer = listener.timer { timers.destroy(timer) }
        _ = endpoints.remove(listener.token)
    }

    /// Serves until told to stop.
    ///
    /// - Returns: the exit status of the process.
    public func run() -> Int32 {
        while exit == nil {
            turn()
        }
        passwordChecks.end()
        logs.flush(nowMs: clock.nowMs, force: true)
        return 0
    }

    /// One turn of the loop: wait, then events, timers, what was posted, handshakes, logs.
    private func turn() {
        let wait: Int32 = hasNothingToDo ? waitForEventsMs() : 0
        mark.does(.waiting)
        let count = poller.wait(timeoutMs: wait)
        clock.update()
        mark.turn(nowMs: clock.nowMs)
        snapshot.groups.followNames()
        dispatchAll(count)
        mark.does(.timers)
        while let expired = timers.nextExpired(nowMs: clock.nowMs) {
            expire(expired.token, expired.kind)
        }
        runPosted()
        if !overfull.isEmpty { closeExcess() }
        if contentBuffers.isHolding { contentBuffers.trim(nowMs: clock.nowMs) }
        if !handshaking.isEmpty { shakeHands() }
        if !making.isEmpty { makeSlice() }
        mark.does(.logs)
        logs.flush(nowMs: clock.nowMs, force: false)
        if !retired.isEmpty { sweepRetired() }
        if strayStop.isPending { checkStrayStop() }
        if isDraining { checkDrained() }
    }

    private var hasNothingToDo: Bool { posted.isEmpty && handshaking.isEmpty && making.isEmpty }

    private func waitForEventsMs() -> Int32 {
        var bound = configuration.main.longestWaitMs
        let mustLook =
            isDraining || logs.flushIntervalMs != nil || !retired.isEmpty || strayStop.isPending
            || contentBuffers.isHolding
        if mustLook { bound = min(bound, Int32(min(logs.flushIntervalMs ?? 1000, 1000))) }
        let wait = timers.waitMs(nowMs: clock.nowMs, max: bound)
        return wait < 0 ? bound : wait
    }

    /// Responses first, then what clients sent: their code stays in the processor's caches, what is sent to
    /// either side at the end of the turn stands together, and connections become free for the requests.
    ///
    /// A pooled connection must not be taken that this wait has news of: all peers' events are noted before
    /// any is acted on.
    private func dispatchAll(_ count: Int) {
        for index in 0..<count {
            let event = poller.event(at: index)
            if case .peer(let connection)? = endpoints[event.token] {
                connection.transport.note(event)
                readyPeers.append(connection)
            } else {
                others.append(index)
            }
        }
        mark.does(.peers)
        for connection in readyPeers { connection.ready() }
        readyPeers.removeAll(keepingCapacity: true)
        for index in others { dispatch(poller.event(at: index)) }
        others.removeAll(keepingCapacity: true)
    }

    private func dispatch(_ event: ReadyEvent) {
        guard let endpoint = endpoints[event.token] else { return }
        switch endpoint {
        case .listener(let listener):
            mark.does(.accepting)
            accept(from: listener)
        case .client(let session):
            mark.does(.client, number: session.connection.number)
            session.transport.note(event)
            if session.isShakingHands { shakeHandsLater(event.token) } else { session.ready() }
        case .signals:
            mark.does(.orders)
            while let signal = signals.next() { received(signal) }
        case .control:
            mark.does(.orders)
            receiveOrders()
        case .status(let check):
            mark.does(.checks)
            check.ready(event)
        case .password(let check):
            mark.does(.checks)
            check.ready()
        case .peer, .traffic, .sampling, .crowd:
            break
        }
    }

    private func expire(_ token: Token, _ kind: UInt8) {
        guard let endpoint = endpoints[token] else { return }
        switch endpoint {
        case .client(let session):
            session.timedOut(kind == HTTP1Session.TimerKind.read.rawValue ? .read : .write)
        case .peer(let connection):
            connection.timedOut(kind == PeerConnection.TimerKind.read.rawValue ? .read : .write)
        case .listener(let listener):
            resumeAccepting(listener)
        case .traffic:
            serveAwaited()
        case .sampling:
            takeSample()
        case .crowd:
            lookAtCrowd()
        case .status(let check):
            check.timedOut()
        case .password(let check):
            check.timedOut()
        case .signals, .control:
            break
        }
    }

    /// Goes on with a connection in this turn or the next, after all others had their events.
    func post(_ token: Token) {
        posted.append(token)
    }

    private func runPosted() {
        guard !posted.isEmpty else { return }
        mark.does(.client)
        swap(&posted, &running)
        if running.count > 2, configuration.main.batchesSends { sendTogether() }
        for token in running {
            guard let endpoint = endpoints[token] else { continue }
            switch endpoint {
            case .client(let session): session.runPosted()
            case .peer(let connection): connection.ready()
            case .listener, .signals, .control, .traffic, .sampling, .crowd, .status, .password: break
            }
        }
        running.removeAll(keepingCapacity: true)
    }

    /// What was posted because it has something to send finds it sent.
    private func sendTogether() {
        guard let batch else { return }
        for token in running {
            switch endpoints[token] {
            case .client(let session)?: session.sendAhead(in: batch)
            case .peer(let connection)?: connection.owner?.sendAhead(over: connection, in: batch)
            case .listener, .signals, .control, .traffic, .sampling, .crowd, .status, .password, nil: break
            }
        }
        batch.submit()
    }

    /// Most steps of handshakes in a turn.
    private static var handshakesMax: Int { 4 }

    /// Goes on with the handshake of a client in its turn.
    func shakeHandsLater(_ token: Token) { handshaking.append(token) }

    /// Goes on with handshakes, a bounded number at a time, and when all else of the turn is done: one takes
    /// as long as 20 or more requests, and a storm of them must not hold up the clients that are there.
    private func shakeHands() {
        mark.does(.handshakes)
        let count = min(handshaking.count, Worker.handshakesMax)
        for token in handshaking[..<count] {
            if case .client(let session)? = endpoints[token] { session.ready() }
        }
        handshaking.removeFirst(count)
    }

    /// Goes on with an answer in its turn.
    func makeLater(_ exchange: Exchange) { making.append(exchange) }

    /// One slice in each turn, however many wait for theirs.
    private func makeSlice() {
        mark.does(.client)
        making.removeFirst().makeMore()
    }

    // MARK: Connections' ends

    /// A client's session is over: its descriptor is closed, its slot free.
    func closed(_ connection: ClientConnection) {
        connection.transport.close()
        _ = endpoints.remove(connection.token)
        connectionCount -= 1
        counters.add(.active, -1)
    }

    /// Begins to ask for the certificates of a client.
    func checkStatus(_ session: HTTP1Session, _ subjects: [OCSPSubject]) {
        var made: ClientStatusCheck?
        _ = enroll { token in
            let check = ClientStatusCheck(session, subjects, token: token)
            made = check
            return .status(check)
        }
        session.statusCheck = made
        made?.start()
    }

    /// Gives what `make` returns a token for events and timers.
    func enroll(_ make: (Token) -> Endpoint) -> Token { endpoints.insert(make) }

    /// No event goes to what the token was given to any more.
    func dismiss(_ token: Token) { _ = endpoints.remove(token) }

    /// A connection to a peer is over.
    func closed(_ connection: PeerConnection) {
        connection.transport.close()
        _ = endpoints.remove(connection.token)
    }

    /// Registers a connection to a peer that `make` sets up under the token it is given.
    func register(_ fd: Int32, _ make: (Token) -> PeerConnection) throws(Errno) -> PeerConnection {
        var made: PeerConnection?
        let token = endpoints.insert { token in
            let connection = make(token)
            made = connection
            return .peer(connection)
        }
        guard let made else { throw Errno.current }
        do throws(Errno) {
            // The reserve is not for gateways; an idle connection to one goes before one that is needed.
            if fd >= room.firstReservedDescriptor, !snapshot.groups.closeOneIdle(), !closeLongestIdle() {
                throw Errno.tooManyFiles
            }
            try poller.addConnection(fd, token)
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
