internal import Core
internal import Net
internal import Sharing

/// Where clients come in, and how many are there.
struct Admission {
    var listeners: [Listener] = []
    /// Clients that are there.
    var connectionCount = 0
    /// How many have come.
    var connectionSerial = 0
    var crowd = Crowd()
    var room: ConnectionRoom

    init(room: ConnectionRoom) { self.room = room }
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

/// New clients.
extension Worker {
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

    /// Accepts what waits, a bounded number at a time.
    ///
    /// One, unless `multi_accept` is on: a call that finds nobody waiting makes a socket and throws it away.
    func accept(from listener: Listener) {
        accept(from: listener, atMost: snapshot.configuration.main.acceptsSeveral ? 32 : 1)
    }

    /// Accepts what waits on a socket that is about to be closed, which would reset it.
    func acceptLast(from listener: Listener) {
        guard !listener.isPaused else { return }
        accept(from: listener, atMost: Int(max(listener.address.options.backlog, 1)))
    }

    private func accept(from listener: Listener, atMost count: Int) {
        for _ in 0..<count {
            let most = snapshot.configuration.main.workerConnections + ConnectionRoom.reserve
            guard admission.connectionCount < most || closeLongestIdle() else { return pauseAccepting() }
            switch Socket.accept(listener.fd) {
            case .wouldBlock:
                return
            case .failed(let errno):
                guard errno.isShortage else { continue }
                if closeLongestIdle() { continue }
                log(.crit, "accept4() failed \(errno.logText)")
                return pauseAccepting()
            case .accepted(let fd, let address):
                admit(fd, address, listener)
            }
        }
    }

    private func admit(_ fd: Int32, _ address: SocketAddress, _ listener: Listener) {
        counters.add(.accepts, 1)
        admission.connectionSerial += 1
        let isReserved = !makeRoom(fd, own: 0)
        let accepted = Acceptance(
            listen: listener.address, snapshot: snapshot, address: address, nowMs: clock.nowMs)
        let tls =
            listener.address.isTLS
            ? listener.address.defaultServer.tlsConnection(
                fd: fd, selector: listener.address, gathering: records) : nil
        let transport = Transport(fd: fd, tls: tls)
        let session = loop.enroll(as: Endpoint.client) { token in
            let connection = ClientConnection(
                number: admission.connectionSerial, token: token, transport: transport, accepted: accepted)
            connection.isReserved = isReserved
            return ClientOpening.isDue(on: connection)
                ? Session.opening(ClientOpening(worker: self, connection: connection))
                : Session.http1(HTTP1Session(worker: self, connection: connection))
        }
        admission.connectionCount += 1
        noteCrowd()
        counters.add(.handled, 1)
        counters.add(.active, 1)
        do {
            try loop.poller.addConnection(fd, session.connection.token)
        } catch {
            log(.alert, "epoll_ctl() failed \(error.logText)")
            session.close()
        }
    }

    /// Stops accepting for a moment: descriptors or connections have run out.
    private func pauseAccepting() {
        for listener in admission.listeners where !listener.isPaused && !listener.isClosed {
            loop.poller.remove(listener.fd)
            pause(listener)
        }
    }

    private func pause(_ listener: Listener) {
        listener.isPaused = true
        let timer = listener.timer ?? timers.create(listener.token, kind: 0)
        listener.timer = timer
        timers.set(timer, deadlineMs: clock.nowMs + 500)
    }

    /// Accepts from now on; where the system does not allow it yet, as soon as it does.
    func resumeAccepting(_ listener: Listener) {
        guard listener.isPaused && !listener.isClosed else { return }
        do {
            try loop.poller.addListener(
                listener.fd, listener.token, exclusive: !listener.address.options.reuseport)
            listener.isPaused = false
        } catch {
            log(.alert, "epoll_ctl() failed \(error.logText)")
            pause(listener)
        }
    }
}
