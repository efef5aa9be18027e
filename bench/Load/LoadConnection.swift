import Core
import HTTP
import Net

/// One connection of the generator: requests out, answers in.
///
///     connecting ──▶ handshaking ──▶ open ──▶ (again from the start)
final class LoadConnection {
    private enum State { case closed, connecting, handshaking, open }

    /// A request that waits for its answer.
    private struct Pending {
        let dueUs: Int64
        let sentUs: Int64
    }

    private unowned let generator: LoadGenerator
    let token: Token
    private let timer: TimerID
    private var transport: Transport?
    private var state = State.closed
    private var pending = Queue<Pending>()
    private let output = ByteBuffer(capacity: 4096)
    private let input = ByteBuffer(capacity: 16 << 10)
    private let head = ResponseHead()
    private var parser = HTTP1ResponseParser()
    /// Awaited from the end of a head to the answer's.
    private var content = ContentReader()
    private var closesAfterAnswer = false
    /// It stands among those that an open loop's next request may go to.
    var isFree = false

    init(_ generator: LoadGenerator, token: Token) {
        self.generator = generator
        self.token = token
        timer = generator.timers.create(token, kind: 0)
    }

    /// Requests without an answer.
    var pendingCount: Int { pending.count }
    /// It may be given a request.
    var hasRoom: Bool { state == .open && pendingCount < generator.pipeline && !closesAfterAnswer }

    // MARK: Beginning

    func connect() {
        guard !generator.isEnding else { return }
        reset()
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

    private func reset() {
        pending.removeAll()
        output.removeAll()
        input.removeAll()
        head.reset()
        parser.reset()
        content.begin(.none)
        closesAfterAnswer = false
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
            opened()
        case .wantsRead, .wantsWrite: if transport.isHangup { failed(.connectErrors) }
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
        generator.appendRequest(to: output)
        pending.append(Pending(dueUs: dueUs, sentUs: nowUs))
        if pendingCount == 1 { armTimeout() }
        if !generator.keepsAlive { closesAfterAnswer = true }
        // The first of several goes out with those that follow it.
        if !hasRoom || generator.isOpenLoop { flush(transport) }
    }

    func flushAll() {
        if let transport { flush(transport) }
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
        if content.isAwaited, content.closed() {
            answered()
        } else if pendingCount > 0 {
            return failed(.readErrors)
        }
        reconnect()
    }

    /// Takes what came apart.
    ///
    /// - Returns: false if it is no HTTP.
    private func take() -> Bool {
        while state == .open, !input.isEmpty {
            if content.isAwaited {
                guard takeContent() else { return false }
                continue
            }
            guard pendingCount > 0 else { return false }
            switch parser.parse(input, into: head, sizeMax: 64 << 10) {
            case .incomplete: return true
            case .refused: return false
            case .complete(let length):
                input.consume(length)
                headCame()
            }
        }
        return true
    }

    private func headCame() {
        guard head.status >= 200 else { return head.reset() }
        if !head.keepsConnection { closesAfterAnswer = true }
        content.begin(head.framing(requestMethod: generator.method))
        if content.isEnded { finishContent() }
    }

    private func takeContent() -> Bool {
        var position = 0
        while content.isAwaited {
            guard let piece = try? content.next(in: input, from: position) else { return false }
            switch piece {
            case .content(let range), .trailers(let range): position = range.upperBound
            case .ended(let end): position = end
            case .needsMore:
                input.removeAll()
                return true
            }
        }
        input.consume(position)
        finishContent()
        return true
    }

    private func finishContent() {
        answered()
        guard state == .open else { return }
        if closesAfterAnswer { return reconnect() }
        generator.mayGoOn(self)
    }

    private func answered() {
        let status = head.status
        head.reset()
        guard let request = pending.popFirst() else { return }
        if pending.isEmpty { generator.timers.cancel(timer) } else { armTimeout() }
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
        generator.failed(count, lost: pendingCount)
        while let request = pending.popFirst() {
            if count == .timeouts { generator.waitedInVain(dueUs: request.dueUs) }
        }
        disconnect()
        // A server that refuses is not asked again in a busy loop.
        generator.timers.set(timer, deadlineMs: generator.clock.nowMs + 10)
    }

    private func reconnect() {
        if generator.resumes, let session = transport?.tls?.currentSession { generator.session = session }
        disconnect()
        while let request = pending.popFirst() { generator.takeBack(dueUs: request.dueUs) }
        connect()
    }

    /// Nobody waits for the rest any more.
    func abandon() {
        disconnect()
        while let request = pending.popFirst() { generator.abandoned(dueUs: request.dueUs) }
    }

    func disconnect() {
        generator.timers.cancel(timer)
        transport?.close()
        transport = nil
        state = .closed
    }
}
