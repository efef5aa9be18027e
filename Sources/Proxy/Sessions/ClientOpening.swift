internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// A client's connection before it is known what is spoken on it: the PROXY protocol's header, the TLS
/// handshake, whether the client's certificate still holds, and what a plain client begins with.
///
///     readingHeader ──▶ shakingHands ──▶ checkingStatus ──▶ over
///          │                 └──────────────────────────────▲
///          ├──▶ awaitingPreface ────────────────────────────┤
///          └────────────────────────────────────────────────┘
///
/// When all of that is settled, a session takes over the connection and the timer, and this is forgotten.
/// A connection on which none of it is due begins with its session.
final class ClientOpening {
    private enum State {
        /// The PROXY protocol's header is awaited.
        case readingHeader
        case shakingHands
        /// The client's certificate is being asked for.
        case checkingStatus(ClientStatusCheck)
        /// A plain client may begin with HTTP/2: its first bytes tell.
        case awaitingPreface
        /// A session has taken over, or the connection is closed.
        case over
    }

    let worker: Worker
    let connection: ClientConnection
    private var state: State
    private let timer: TimerID

    init(worker: Worker, connection: ClientConnection) {
        self.worker = worker
        self.connection = connection
        let server = connection.listen.defaultServer
        let isProxied = connection.listen.usesProxyProtocol
        let isTLS = connection.transport.tls != nil
        state = isProxied ? .readingHeader : isTLS ? .shakingHands : .awaitingPreface
        timer = worker.timers.create(connection.token, kind: Session.TimerKind.read.rawValue)
        let waitMs = isTLS && !isProxied ? server.handshakeTimeoutMs : server.clientHeaderTimeoutMs
        worker.set(timer, afterMs: waitMs)
        worker.add(.waiting, 1)
    }

    /// Whether something comes on a connection before its session.
    static func isDue(on connection: ClientConnection) -> Bool {
        connection.transport.tls != nil || connection.listen.usesProxyProtocol
            || connection.listen.offersHTTP2
    }

    var transport: Transport { connection.transport }

    /// The next event goes on with a TLS handshake.
    var isShakingHands: Bool {
        switch state {
        case .shakingHands, .checkingStatus: true
        case .readingHeader, .awaitingPreface, .over: false
        }
    }

    // MARK: Events

    func ready() {
        switch state {
        case .readingHeader: readHeader()
        case .shakingHands: shakeHands()
        case .checkingStatus: if transport.isHangup { close() }
        case .awaitingPreface: readPreface()
        case .over: break
        }
    }

    func timedOut() {
        switch state {
        case .readingHeader:
            worker.log(
                .info, connection, "client timed out (110: Connection timed out) while reading PROXY protocol"
            )
        case .shakingHands, .checkingStatus:
            worker.log(.info, connection, "client timed out while SSL handshaking")
            count(.handshakeTimeouts)
        case .awaitingPreface:
            break
        case .over:
            return
        }
        close()
    }

    /// Another configuration is in force: the certificate may have to be shown again.
    func snapshotChanged() {
        if ClientCertificates.isOutdated(connection, in: worker.snapshot) { connection.outdate() }
    }

    // MARK: The PROXY protocol

    /// `listen … proxy_protocol`: looks whether the header is complete; takes it, and only it, and goes on.
    private func readHeader() {
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        switch transport.peekPlain(into: scratch, limit: ProxyProtocolHeader.lengthMax) {
        case .bytes: break
        case .wouldBlock: return
        case .closed, .failed: return close()
        }
        switch scratch.withReadable({ ProxyProtocolHeader.read($0) }) {
        case .incomplete:
            if transport.isHangup { refuseHeader(scratch) }
        case .broken:
            refuseHeader(scratch)
        case .complete(let header):
            guard let ends = header.addresses else { return refuseHeader(scratch) }
            scratch.removeAll()
            let outcome = transport.receivePlain(into: scratch, limit: header.length)
            guard case .bytes(let count) = outcome, count == header.length else { return close() }
            connection.proxyProtocolAddress = ends.source
            connection.proxyProtocolDestination = ends.destination
            connection.proxyProtocolValues = header.values
            headerIsRead()
        }
    }

    private func headerIsRead() {
        guard transport.tls != nil else {
            guard connection.listen.offersHTTP2 else { return settle().readHead() }
            state = .awaitingPreface
            return readPreface()
        }
        state = .shakingHands
        worker.set(timer, afterMs: connection.listen.defaultServer.handshakeTimeoutMs)
        worker.shakeHandsLater(connection.token)
    }

    private func refuseHeader(_ received: ByteBuffer) {
        let shown = received.bytes.prefix(107).prefix { $0 != .lineFeed && $0 != .carriageReturn }
        let text = String(decoding: shown.map { 0x20..<0x7F ~= $0 ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
        worker.log(.error, connection, "broken header: \"\(text)\" while reading PROXY protocol")
        close()
    }

    // MARK: The preface

    /// Looks at the first bytes, and takes none: the session that they are for reads them.
    private func readPreface() {
        let preface = HTTP2Connection.preface
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        switch transport.peekPlain(into: scratch, limit: preface.utf8CodeUnitCount) {
        case .bytes: break
        case .wouldBlock: return
        case .closed, .failed: return close()
        }
        guard scratch.withReadable({ HTTP2Connection.mayBePreface($0) }) else { return settle().readHead() }
        if scratch.count == preface.utf8CodeUnitCount { return settleOnHTTP2().ready() }
        if transport.isHangup { close() }
    }

    // MARK: TLS

    private func shakeHands() {
        guard let tls = transport.tls else { return }
        switch tls.handshake() {
        case .done:
            connection.shookHands(nowMs: worker.clock.nowMs)
            count(tls)
            checkStatus(tls)
        case .wantsRead, .wantsWrite:
            if transport.isHangup {
                count(.handshakeFailures)
                close()
            }
        case .wantsContext:
            guard let context = worker.madeContext(for: connection) else { return close() }
            tls.choose(context)
            shakeHands()
        case .plainHTTP:
            worker.counters.add(.plainOnTLS, 1)
            transport.dropTLS()
            let session = settle()
            session.isPlainOnTLS = true
            session.readHead()
        case .failed(let error):
            worker.log(.info, connection, "\(error.upstreamLogText) while SSL handshaking")
            count(error.failure.count)
            close()
        }
    }

    /// `ssl_ocsp`: the client's certificate may have to be asked for first.
    private func checkStatus(_ tls: TLSConnection) {
        do throws(TLSError) {
            let subjects = try tls.statusSubjects()
            guard !subjects.isEmpty else { return begin() }
            let check = worker.statusCheck(of: self, subjects)
            state = .checkingStatus(check)
            check.start()
        } catch {
            worker.log(.error, connection, "\(error.message) while requesting certificate status")
            statusSettled("certificate status request failed")
        }
    }

    /// It is known whether the client's certificate still holds.
    ///
    /// - Parameter complaint: why it does not.
    func statusSettled(_ complaint: String?) {
        connection.certificateComplaint = complaint
        if complaint != nil { count(.revokedCertificates) }
        begin()
    }

    /// TLS stands, and all is known of the client: the time for its first request begins.
    private func begin() {
        worker.set(timer, afterMs: connection.presumedServer.clientHeaderTimeoutMs)
        // The handshake may have read a request that no event has told of.
        transport.assumeReadable()
        if transport.tls?.alpn == "h2" { return settleOnHTTP2().ready() }
        settle().readHead()
    }

    /// A handshake succeeded. Whether the client's certificate holds is said to it by HTTP, later.
    private func count(_ tls: TLSConnection) {
        count(.handshakes)
        if tls.isSessionReused { count(.resumptions) }
        let wanted = connection.listen.defaultServer.clientVerification
        guard wanted != .off else { return }
        switch (tls.certificateFailure, tls.clientCertificate) {
        case (_, .bad(_, true)) where wanted == .optionalWithoutAuthority: break
        case (let failure?, _): count(failure.count)
        case (nil, .none) where wanted == .required: count(.noCertificate)
        case (nil, _): break
        }
    }

    /// For the service, and for the zone of the server that the client has named, if it came to that.
    private func count(_ what: TallyTable.Count) {
        worker.shared.requests.add(what)
        let zones = connection.snapshot.zones
        guard !zones.isEmpty else { return }
        if let zone = connection.namedServer.zone { zones[zone].add(what) }
    }

    // MARK: The end

    /// It is settled what is spoken: a session takes over.
    private func settle() -> HTTP1Session {
        state = .over
        let session = HTTP1Session(worker: worker, connection: connection, readTimer: timer)
        worker.loop.replace(connection.token, by: .http1(session))
        return session
    }

    private func settleOnHTTP2() -> HTTP2Session {
        state = .over
        let session = HTTP2Session(worker: worker, connection: connection, readTimer: timer)
        worker.loop.replace(connection.token, by: .http2(session))
        return session
    }

    /// Closes the connection: nothing was asked on it.
    func close() {
        if case .over = state { return }
        if case .checkingStatus(let check) = state { check.end() }
        state = .over
        worker.counters.add(.waiting, -1)
        worker.timers.destroy(timer)
        worker.closed(connection)
    }

    /// Since when it has been slow; `nil`: it is not.
    var idleSinceMs: Int64? {
        let sinceMs = connection.startedMs
        return ConnectionRoom.isSlow(sinceMs, nowMs: worker.clock.nowMs) ? sinceMs : nil
    }

    /// Closes, for the sake of others, unless the client has said something that no event told of yet.
    func giveWay() -> Bool {
        switch state {
        // What was read of a header stays unread in the kernel; it is no whole one after so long.
        case .readingHeader, .awaitingPreface, .over: break
        // The events of a handshake that stopped half-way still stand for bytes that OpenSSL has.
        case .shakingHands, .checkingStatus: if transport.hasArrivals { return false }
        }
        worker.log(.info, connection, "client was closed while idle: its connection is needed")
        close()
        return true
    }
}
