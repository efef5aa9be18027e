internal import Net
internal import Sharing
internal import Upstream

/// Who waits for a part of a worker's turn.
struct TurnQueues {
    /// Connections whose TLS handshake goes on, in the order of their events.
    var handshaking: [Token] = []
    /// Answers that are long in the making, each with a slice in its turn.
    var making: [Exchange] = []
    /// For what they send in a turn; `nil`: the kernel has no means for it.
    private(set) lazy var batch = SendBatch()
}

/// A turn of a worker's loop.
struct WorkerTurn: LoopTurn {
    let worker: Worker

    /// Most steps of handshakes in a turn.
    private static var handshakesMax: Int { 4 }

    var loop: EventLoop<Worker.Endpoint> { worker.loop }

    /// How long the next turn may wait.
    var longestWaitMs: Int32 {
        guard
            worker.queues.handshaking.isEmpty, worker.queues.making.isEmpty,
            worker.contentBuffers.leftFiles.isEmpty
        else { return 0 }
        let bound = worker.configuration.main.longestWaitMs
        let flushMs = worker.snapshot.logs.flushIntervalMs
        let mustLook =
            worker.isDraining || flushMs != nil || !worker.retired.isEmpty || worker.strayStop.isPending
            || worker.contentBuffers.isHolding
        return mustLook ? min(bound, Int32(min(flushMs ?? 1000, 1000))) : bound
    }

    func willWait() { worker.mark.does(.waiting) }

    func didWait() {
        worker.mark.turn(nowMs: worker.clock.nowMs)
        worker.snapshot.groups.followNames()
    }

    /// Responses first, then what clients sent: their code stays in the processor's caches, what is sent to
    /// either side at the end of the turn stands together, and connections become free for the requests.
    ///
    /// A pooled connection must not be taken that this wait has news of: all events are noted before any is
    /// acted on.
    func handOut(_ count: Int) {
        var peers = EventSet()
        var clients = EventSet()
        var others = EventSet()
        for index in 0..<count {
            let event = loop.poller.event(at: index)
            switch loop[event.token] {
            case .peer(let connection)?:
                connection.transport.note(event)
                peers.insert(index)
            case .opening(let opening)?:
                opening.connection.transport.note(event)
                clients.insert(index)
            case .http1(let session)?:
                session.transport.note(event)
                clients.insert(index)
            case .http2(let session)?:
                session.connection.transport.note(event)
                clients.insert(index)
            case .listener?, .stream?, .subrequest?, .status?, .answer?, .name?, .deadline?,
                .own?:
                others.insert(index)
            case nil: break
            }
        }
        worker.mark.does(.peers)
        while let index = peers.popFirst() { actOnNoted(loop.poller.token(at: index)) }
        while let index = clients.popFirst() { actOnNoted(loop.poller.token(at: index)) }
        while let index = others.popFirst() { handOut(loop.poller.event(at: index)) }
    }

    /// The transport knows what the event said.
    private func actOnNoted(_ token: Token) {
        if let endpoint = loop[token] { ready(endpoint, ReadyEvent(token: token)) }
    }

    /// A client's event was noted.
    private func mark(_ connection: ClientConnection) {
        worker.mark.does(.client, number: connection.number)
    }

    func ready(_ endpoint: Worker.Endpoint, _ event: ReadyEvent) {
        switch endpoint {
        case .listener(let listener):
            worker.mark.does(.accepting)
            worker.accept(from: listener)
        case .status(let check):
            worker.mark.does(.checks)
            check.ready(event)
        case .answer(let answer):
            worker.mark.does(.checks)
            answer.ready()
        case .name(let name):
            worker.mark.does(.checks)
            name.ready()
        case .own(let own):
            worker.mark.does(.orders)
            ready(own)
        case .peer(let connection): connection.ready()
        case .opening(let opening):
            mark(opening.connection)
            if opening.isShakingHands {
                worker.shakeHandsLater(opening.connection.token)
            } else {
                opening.ready()
            }
        case .http1(let session):
            mark(session.connection)
            session.ready()
        case .http2(let session):
            mark(session.connection)
            session.ready()
        case .stream, .subrequest, .deadline: break
        }
    }

    private func ready(_ own: OwnEndpoint) {
        switch own.purpose {
        case .signals: while let signal = worker.signals.next() { worker.received(signal) }
        case .control: worker.orders?.obey(by: worker)
        case .queues, .sampling, .crowd, .coders: break
        }
    }

    func willExpire() { worker.mark.does(.timers) }

    func timedOut(_ endpoint: Worker.Endpoint, kind: UInt8) {
        switch endpoint {
        case .opening(let opening):
            opening.timedOut()
        case .http1(let session):
            session.timedOut(kind == Session.TimerKind.read.rawValue ? .read : .write)
        case .http2(let session):
            session.timedOut(kind == Session.TimerKind.read.rawValue ? .read : .write)
        case .stream(let stream):
            stream.timedOut(kind == Session.TimerKind.read.rawValue ? .read : .write)
        case .subrequest(let subrequest):
            subrequest.timedOut()
        case .peer(let connection):
            connection.timedOut(kind == PeerConnection.TimerKind.read.rawValue ? .read : .write)
        case .listener(let listener):
            worker.resumeAccepting(listener)
        case .status(let check):
            check.timedOut()
        case .answer(let answer):
            answer.timedOut()
        case .name(let name):
            name.ready()
        case .deadline(let deadline):
            deadline.timedOut()
        case .own(let own):
            timedOut(own)
        }
    }

    private func timedOut(_ own: OwnEndpoint) {
        switch own.purpose {
        case .queues: worker.serveAwaited()
        case .sampling: worker.takeSample()
        case .crowd: worker.lookAtCrowd()
        case .coders: worker.lookAtCoders()
        case .signals, .control: break
        }
    }

    /// What was posted because it has something to send finds it sent.
    func willGoOn(_ count: Int) {
        worker.mark.does(.client)
        guard count > 2, worker.configuration.main.batchesSends, let batch = worker.queues.batch else {
            return
        }
        for index in 0..<count {
            switch loop[loop.running(at: index)] {
            case .http1(let session)?: session.sendAhead(in: batch)
            case .http2(let session)?: session.sendAhead(in: batch)
            case .peer(let connection)?: connection.owner?.sendAhead(over: connection, in: batch)
            case .opening, .listener, .stream, .subrequest, .status, .answer, .name, .deadline,
                .own, nil:
                break
            }
        }
        batch.submit()
    }

    func goOn(_ endpoint: Worker.Endpoint) {
        switch endpoint {
        case .opening(let opening): opening.ready()
        case .http1(let session): session.runPosted()
        case .http2(let session): session.runPosted()
        case .stream(let stream): stream.runPosted()
        case .subrequest(let subrequest): subrequest.runPosted()
        case .peer(let connection): connection.ready()
        case .listener, .status, .answer, .name, .deadline, .own: break
        }
    }

    // MARK: When all who had news are served

    /// What is done once a turn, at its end.
    func finish() {
        worker.connector.closeExcess()
        if worker.contentBuffers.isHolding { worker.contentBuffers.trim(nowMs: worker.clock.nowMs) }
        if !worker.contentBuffers.leftFiles.isEmpty { worker.contentBuffers.leftFiles.giveBack() }
        if !worker.queues.handshaking.isEmpty { shakeHands() }
        if !worker.queues.making.isEmpty { makeSlice() }
        worker.mark.does(.logs)
        worker.snapshot.logs.flush(nowMs: worker.clock.nowMs, force: false)
        if worker.snapshot.logs.loss != nil { worker.tellOfLostLines() }
        if !worker.retired.isEmpty { worker.sweepRetired() }
        if worker.strayStop.isPending { worker.checkStrayStop() }
        if worker.isDraining { worker.checkDrained() }
    }

    /// Goes on with handshakes, a bounded number at a time, and when all else of the turn is done: one takes
    /// as long as 20 or more requests, and a storm of them must not hold up the clients that are there.
    private func shakeHands() {
        worker.mark.does(.handshakes)
        let count = min(worker.queues.handshaking.count, WorkerTurn.handshakesMax)
        for token in worker.queues.handshaking[..<count] {
            if let session = loop[token]?.session { session.ready() }
        }
        worker.queues.handshaking.removeFirst(count)
    }

    /// One slice in each turn, however many wait for theirs.
    private func makeSlice() {
        worker.mark.does(.client)
        worker.queues.making.removeFirst().makeMore()
    }
}

/// What connections ask of the turn.
extension Worker {
    /// Goes on with a connection that has more to do without an event: pipelined requests, spent budgets.
    func post(_ token: Token) { loop.post(token) }

    /// Goes on with the handshake of a client in its turn.
    func shakeHandsLater(_ token: Token) { queues.handshaking.append(token) }

    /// Goes on with an answer in its turn.
    func makeLater(_ exchange: Exchange) { queues.making.append(exchange) }
}
