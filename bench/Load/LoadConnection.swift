import Core
import Net

/// One connection of the generator: requests out, answers in.
///
///     connecting ──▶ handshaking ──▶ open ──▶ (again from the start)
final class LoadConnection {
    private enum State { case closed, connecting, handshaking, open }

    private unowned let generator: LoadGenerator
    let token: Token
    private let timer: TimerID
    private var transport: Transport?
    private var state = State.closed
    private let dialogue: any LoadDialogue
    private let output = ByteBuffer(capacity: 4096)
    private let input = ByteBuffer(capacity: 16 << 10)
    /// It stands among those that an open loop's next request may go to.
    var isFree = false

    init(_ generator: LoadGenerator, token: Token) {
        self.generator = generator
        self.token = token
        timer = generator.timers.create(token, kind: 0)
        dialogue = generator.speaksHTTP2 ? HTTP2Dialogue(generator) : HTTP1Dialogue(generator)
    }

    /// It may be given a request.
    var hasRoom: Bool { state == .open && dialogue.hasRoom }

    // MARK: Beginning

    func connect() {
        guard !generator.isEnding else { return }
        output.removeAll()
        input.removeAll()
        dialogue.begin(output)
        switch Socket.connect(generator.address, from: nil) {
        case .failed: return failed(.connectErrors)
        case .connected(let fd), .inProgress(let fd):
            let tls = generator.tls.map {
                TLSConnection(
                    client: $0, fd: fd, serverName: generator.serverName, verifyName: nil,
                    session: generator.session)
            }
            Socket.setNoDelay(fd)
            transport = Transport(fd: fd, tls: tls)
            state = .connecting
            generator.timers.set(timer, deadlineMs: generator.clock.nowMs + Int64(generator.timeoutMs))
            do {
                try generator.poller.addConnection(fd, token)
            } catch {
                failed(.connectErrors)
            }
        }
    }

    func ready(_ event: ReadyEvent) {
        guard let transport else { return }
        transport.note(event)
        switch state {
        case .connecting: connected(transport)
        case .handshaking: handshake(transport)
        case .open:
            flush(transport)
            if state == .open { receive(transport) }
        case .closed: break
        }
    }

    private func connected(_ transport: Transport) {
        if Socket.pendingError(transport.fd) != nil { return failed(.connectErrors) }
        guard transport.isWritable else { return }
        guard transport.tls != nil else { return opened() }
        state = .handshaking
        handshake(transport)
    }

    private func handshake(_ transport: Transport) {
        guard let tls = transport.tls else { return }
        switch tls.handshake() {
        case .done:
            generator.tally.add(.handshakes)
            if tls.isSessionReused { generator.tally.add(.resumed) }
            if generator.speaksHTTP2 && tls.alpn != "h2" { return failed(.badAnswers) }
            opened()
        case .wantsRead, .wantsWrite, .wantsContext: if transport.isHangup { failed(.connectErrors) }
        case .plainHTTP, .failed: failed(.connectErrors)
        }
    }

    private func opened() {
        state = .open
        generator.timers.cancel(timer)
        generator.opened(self)
    }

    // MARK: Requests

    /// Sends a request that was due at a time.
    func send(dueUs: Int64, nowUs: Int64) {
        guard let transport else { return }
        dialogue.ask(PendingRequest(dueUs: dueUs, sentUs: nowUs), output)
        if dialogue.pendingCount == 1 { armTimeout() }
        // The first of several goes out with those that follow it.
        if !hasRoom || generator.isOpenLoop { flush(transport) }
    }

    func flushAll() {
        if let transport { flush(transport) }
    }

    private func settleTimer() {
        if dialogue.pendingCount == 0 { generator.timers.cancel(timer) } else { armTimeout() }
    }

    private func armTimeout() {
        generator.timers.set(timer, deadlineMs: generator.clock.nowMs + Int64(generator.timeoutMs))
    }

    private func flush(_ transport: Transport) {
        while !output.isEmpty, transport.isWritable {
            switch transport.send(output) {
            case .bytes, .wouldBlock: continue
            case .closed, .failed: return failed(.writeErrors)
            }
        }
    }

    // MARK: Answers

    private func receive(_ transport: Transport) {
        while transport.isReadable, state == .open {
            switch transport.receive(into: input, atLeast: 16 << 10) {
            case .bytes(let count):
                generator.tally.add(.bytes, count)
                if !take() { return failed(.badAnswers) }
            case .wouldBlock: continue
            case .closed: return closedByServer()
            case .failed: return failed(.readErrors)
            }
        }
    }

    private func closedByServer() {
        if case .answered(let request, let status) = dialogue.closed() {
            answered(request, status)
        } else if dialogue.pendingCount > 0 {
            return failed(.readErrors)
        }
        reconnect()
    }

    /// Takes what came apart, and goes on with what there is room for then.
    ///
    /// - Returns: false if it is not what was to be spoken.
    private func take() -> Bool {
        var mayGoOn = false
        while state == .open {
            switch dialogue.next(input, output) {
            case .needsMore:
                if mayGoOn { generator.mayGoOn(self) } else { flushAll() }
                return true
            case .broken: return false
            case .handled: break
            case .answered(let request, let status):
                answered(request, status)
                mayGoOn = true
            case .lost:
                settleTimer()
                generator.failed(.readErrors, lost: 1)
                mayGoOn = true
            case .refused(let request):
                settleTimer()
                generator.takeBack(dueUs: request.dueUs)
                mayGoOn = true
            }
            if dialogue.isOver { reconnect() }
        }
        return true
    }

    private func answered(_ request: PendingRequest, _ status: UInt16) {
        settleTimer()
        generator.answered(status: status, dueUs: request.dueUs, sentUs: request.sentUs)
    }

    // MARK: Ends

    func timedOut() {
        switch state {
        case .closed: connect()
        case .connecting, .handshaking, .open: failed(.timeouts)
        }
    }

    private func failed(_ count: LoadTally.Count) {
        generator.failed(count, lost: dialogue.pendingCount)
        while let request = dialogue.popPending() {
            if count == .timeouts { generator.waitedInVain(dueUs: request.dueUs) }
        }
        disconnect()
        // A server that refuses is not asked again in a busy loop.
        generator.timers.set(timer, deadlineMs: generator.clock.nowMs + 10)
    }

    private func reconnect() {
        if generator.resumes, let session = transport?.tls?.currentSession { generator.session = session }
        disconnect()
        while let request = dialogue.popPending() { generator.takeBack(dueUs: request.dueUs) }
        connect()
    }

    /// Nobody waits for the rest any more.
    func abandon() {
        disconnect()
        while let request = dialogue.popPending() { generator.abandoned(dueUs: request.dueUs) }
    }

    func disconnect() {
        generator.timers.cancel(timer)
        transport?.close()
        transport = nil
        state = .closed
    }
}
