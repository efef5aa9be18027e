internal import CLinux
internal import COpenSSL
public import Core
internal import Glibc

/// What a handshake came to so far.
public enum HandshakeOutcome {
    case done
    /// It goes on when the socket is readable.
    case wantsRead
    /// It goes on when the socket is writable.
    case wantsWrite
    /// It goes on when `choose` has said which certificates the client is shown. Of servers only.
    case wantsContext
    /// The client speaks plain HTTP; nothing of it was consumed.
    case plainHTTP
    /// The connection is of no more use.
    case failed(TLSError)
}

/// TLS on one socket. The socket's descriptor belongs to the `Transport`.
///
/// OpenSSL's error queue is emptied before each call whose error is read: it is shared by all
/// connections of the process.
public final class TLSConnection {
    /// ```
    /// fresh ──▶ handshaking ──▶ established ──▶ ended
    ///   └────────────┴───────────────────────────▲
    /// ```
    enum State {
        case fresh
        case handshaking
        case established
        /// What every further read comes to; nothing is sent any more.
        case ended(IOOutcome)
    }

    private enum Role {
        case server(TLSServerContext)
        case client(TLSClientContext, verifyName: [UInt8]?)
    }

    /// `nil` if memory ran out: the handshake then fails.
    let ssl: OpaquePointer?
    let fd: Int32
    private let role: Role
    private(set) var state = State.fresh
    /// Until the client has named a server; then no longer held.
    private var selector: (any TLSServerSelector)?
    /// The context that the client's name chose; held, because OpenSSL calls back into it.
    private var chosen: TLSServerContext?
    /// What the owner of the connection has chosen in the place of a context whose certificates are made.
    private var decided: TLSServerContext?
    /// SNI (RFC 6066 §3) as the client sent it; `nil`: it sent none.
    public private(set) var serverName: [UInt8]?
    /// What broke an established connection, for a log line.
    public internal(set) var lastError: TLSError?
    /// The next record is a short one, if a long one would follow: nothing of a record can be read before all
    /// of it has come, and the kernel may send only some 14 KB before it hears from the other end (RFC 6928).
    private var isNextRecordShort = true
    private static var shortRecord: Int { 4 << 10 }
    private static var wordsMax: Int { 1 << 10 }

    /// Nothing was sent for a while: the kernel has become careful again (RFC 5681 §4.1).
    public func wasIdle() { isNextRecordShort = true }

    /// The peer's side ended without a close_notify: what was read may be cut off (RFC 8446 §6.1). Known
    /// for connections to peers only.
    public private(set) var wasTruncated = false

    /// What came before the handshake was over; `nil`: such content is not taken, or that time is past.
    var early: EarlyContent?

    // MARK: The socket

    /// Where records are gathered while a call is under way; shared by connections, empty between calls.
    let gathered: ByteBuffer
    /// Records that the socket has not taken yet, or that wait for others to leave with them.
    var backlog: ByteBuffer?
    /// Bytes of content that stand in `backlog` as records, and that the caller still holds as unsent.
    var owedCount = 0
    /// Why a batch could not send what stood in `backlog`.
    var failureAhead: IOOutcome?
    /// Nothing more stood in the socket at the last read of the call under way, or of the last one.
    var isSocketDrained = false
    /// Why the socket failed since the last call; 0: it did not.
    var socketError: Int32 = 0
    /// Read from the socket since content came of it, or since the handshake.
    var bytesWithoutContent = 0
    /// The other end has closed its side, or the socket is broken: nothing but a read shows that.
    var endIsNear = false

    // MARK: Beginning

    /// - Parameters:
    ///   - selector: asked for the context of the server that the client names; `nil`: the one of the
    ///     context is.
    ///   - gathering: where records are gathered; connections of one thread share it.
    public init(
        server: TLSServerContext, fd: Int32, selector: (any TLSServerSelector)? = nil,
        gathering: ByteBuffer = ByteBuffer(capacity: 1024)
    ) {
        ssl = SSL_new(server.context)
        self.fd = fd
        gathered = gathering
        role = .server(server)
        self.selector = selector ?? server.selector
        guard let ssl, attach(ssl, server.socketMethod) else { return }
        SSL_set_accept_state(ssl)
    }

    /// - Parameters:
    ///   - serverName: sent as SNI, unless it is an address or cannot be sent; `nil`: none.
    ///   - verifyName: what the peer's certificate must be for, a name or an address, if the context
    ///     verifies; `nil`: any that is trusted.
    ///   - session: of an earlier connection to the same peer.
    ///   - gathering: where records are gathered; connections of one thread share it.
    public init(
        client: TLSClientContext, fd: Int32, serverName: [UInt8]?, verifyName: [UInt8]?, session: TLSSession?,
        gathering: ByteBuffer = ByteBuffer(capacity: 1024)
    ) {
        ssl = SSL_new(client.context)
        self.fd = fd
        gathered = gathering
        role = .client(client, verifyName: client.verifies ? verifyName : nil)
        guard let ssl, attach(ssl, client.socketMethod) else { return }
        SSL_set_connect_state(ssl)
        if let serverName, !serverName.isEmpty, !serverName.contains(0) {
            let name = String(decoding: serverName, as: UTF8.self)
            if SocketAddress(ip: name, port: 0) == nil { _ = portico_ssl_set_host_name(ssl, name) }
        }
        if let session { SSL_set_session(ssl, session.session) }
    }

    private func attach(_ ssl: OpaquePointer, _ socket: TLSSocketMethod) -> Bool {
        // Number 0 is what OpenSSL calls app data: it leads callbacks back here.
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        return socket.attach(ssl, to: self)
    }

    /// The connection that owns `ssl`, for OpenSSL's callbacks.
    static func of(_ ssl: OpaquePointer) -> TLSConnection? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    deinit {
        guard let ssl else { return }
        // OpenSSL would forget a session whose connection was closed without close_notify.
        if case .established = state { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        // No callback may find an object that is going away.
        SSL_set_ex_data(ssl, 0, nil)
        SSL_free(ssl)
        ERR_clear_error()
    }

    // MARK: Handshake

    /// Goes on with the handshake as far as the socket allows.
    ///
    /// - Parameter thenSends: the caller sends at once when it is done: the last words go with that.
    public func handshake(thenSends: Bool = false) -> HandshakeOutcome {
        isSocketDrained = false
        // A flight that the socket did not take whole comes first.
        if hasUnsent, case .wouldBlock = flush() { return .wantsWrite }
        let outcome = advance()
        switch outcome {
        case .done:
            // A request that is at hand already is answered at once, and tickets go with the answer.
            if thenSends || isRequestAtHand {
                keepGathered()
            } else if case .wouldBlock = flush() {
                return .wantsWrite
            }
        case .wantsRead, .wantsWrite, .wantsContext:
            if case .wouldBlock = flush() { return .wantsWrite }
        case .failed, .plainHTTP:
            _ = flush()
        }
        return outcome
    }

    private var isRequestAtHand: Bool {
        guard let ssl, case .server = role, early == nil else { return false }
        return SSL_has_pending(ssl) == 1
    }

    private func advance() -> HandshakeOutcome {
        guard let ssl else { return .failed(TLSError("SSL_new() failed")) }
        switch state {
        case .fresh:
            if case .server(let context) = role {
                if let outcome = lookAtFirstByte() { return outcome }
                if context.earlyData != .refused { early = EarlyContent() }
            }
            state = .handshaking
        case .handshaking: break
        case .established: return .done
        case .ended: return .failed(lastError ?? TLSError.peerClosed(0))
        }
        if let outcome = takeEarlyContent(ssl) { return outcome }
        prepareCall()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return shookHands(ssl) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_WANT_CLIENT_HELLO_CB: return .wantsContext
        default: return fail(handshakeError(ssl, socketError))
        }
    }

    /// Errors that are looked at after a call of OpenSSL are that call's.
    func prepareCall() {
        // Clearing an empty queue costs 850 instructions, looking at it 150 (callgrind).
        if ERR_peek_error() != 0 { ERR_clear_error() }
        socketError = 0
    }

    /// Tells plain HTTP from TLS, as nginx does: a record of a handshake begins with its type, 22
    /// (RFC 8446 §5.1), and an SSLv2 hello, which OpenSSL refuses, with its high bit set.
    ///
    /// - Returns: `nil` to go on.
    private func lookAtFirstByte() -> HandshakeOutcome? {
        var byte: UInt8 = 0
        let count = SystemCall.retrying { recv(fd, &byte, 1, Int32(MSG_PEEK)) }
        if count > 0 { return byte == 0x16 || byte & 0x80 != 0 ? nil : .plainHTTP }
        let code = count == 0 ? 0 : errno
        if code == EAGAIN || code == EWOULDBLOCK { return .wantsRead }
        return fail(.peerClosed(code))
    }

    func shookHands(_ ssl: OpaquePointer) -> HandshakeOutcome {
        selector = nil
        if let error = verifyFailure(ssl) { return fail(error) }
        state = .established
        bytesWithoutContent = 0
        return .done
    }

    func handshakeError(_ ssl: OpaquePointer, _ code: Int32) -> TLSError {
        if case .client(let context, _) = role, context.verifies, let error = trustFailure(ssl) {
            return error
        }
        let reason = ERR_peek_error()
        let isEnd = reason == 0 || portico_error_reason(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING
        return isEnd ? .peerClosed(code) : .queued()
    }

    func fail(_ error: TLSError) -> HandshakeOutcome {
        ERR_clear_error()
        selector = nil
        lastError = error
        state = .ended(.closed)
        return .failed(error)
    }

    /// The context that this side of a server goes by; `nil` on a client.
    var serverContext: TLSServerContext? {
        if case .server(let context) = role { return chosen ?? context }
        return nil
    }

    /// The context that sessions belong to, whatever server the client names.
    var sessionContext: TLSServerContext? {
        if case .server(let context) = role { return context }
        return nil
    }

    /// What becomes of a client's first message.
    enum HelloVerdict {
        case goesOn
        /// It is known later which certificates the client is shown.
        case waits
        case refused
    }

    /// The first message of a client came in: chooses the server that it names. Asked again after `waits`.
    func receivedHello(_ ssl: OpaquePointer) -> HelloVerdict {
        guard let original = sessionContext else { return .goesOn }
        var start: UnsafePointer<UInt8>?
        var count = 0
        if SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &start, &count) == 1, let start {
            serverName = ServerNameExtension.hostName(UnsafeBufferPointer(start: start, count: count).span)
        }
        guard var found = original.successor(serverName, selector) else { return .refused }
        if found.hasMadeCertificates {
            guard let decided else { return .waits }
            found = decided
        }
        guard found === original || found.adopt(ssl) else { return .refused }
        chosen = found
        return .goesOn
    }

    /// `wantsContext`: the client is shown the certificates of this context.
    public func choose(_ context: TLSServerContext) { decided = context }

    // MARK: Verifying

    /// Why the peer's certificate does not hold, in nginx's words; also asked of resumed sessions.
    private func verifyFailure(_ ssl: OpaquePointer) -> TLSError? {
        guard case .client(let context, let name) = role, context.verifies else { return nil }
        if let error = trustFailure(ssl) { return error }
        guard let certificate = SSL_get0_peer_certificate(ssl) else {
            return TLSError("upstream SSL certificate verify error: no certificate", .unverified(.other))
        }
        guard let name else { return nil }
        let text = String(decoding: name, as: UTF8.self)
        let isAddress = SocketAddress(ip: text, port: 0) != nil
        // An empty name matches anything, and a zero would end the name before its end.
        let isName = !name.isEmpty && !name.contains(0)
        let matches =
            isAddress
            ? X509_check_ip_asc(certificate, text, 0) == 1
            : isName && X509_check_host(certificate, text, text.utf8.count, 0, nil) == 1
        if matches { return nil }
        return TLSError("upstream SSL certificate does not match \"\(text)\"", .unverified(.otherName))
    }

    private func trustFailure(_ ssl: OpaquePointer) -> TLSError? {
        let result = SSL_get_verify_result(ssl)
        guard result != Int(X509_V_OK) else { return nil }
        let text = String(cString: X509_verify_cert_error_string(result))
        return TLSError(
            "upstream SSL certificate verify error: (\(result):\(text))",
            .unverified(CertificateFailure(verifyResult: result)))
    }

    // MARK: Bytes

    /// Decrypts into `target` until it is full, or nothing more is at hand.
    ///
    /// - Returns: `.failed(EPROTO)` if TLS was broken; `lastError` says how.
    func receive(into target: UnsafeMutableRawBufferPointer) -> IOOutcome {
        guard let ssl else { return .closed }
        if case .ended(let outcome) = state { return outcome }
        isSocketDrained = false
        if early != nil, let outcome = receiveEarly(ssl, target) {
            // Words of the handshake that came of it: the client goes on when it has them.
            if hasUnsent { _ = flush() }
            return outcome
        }
        var total = 0
        // Records are at most 16 KiB: several of them fill the offered space.
        while total < target.count {
            prepareCall()
            let rest = Int32(clamping: target.count - total)
            // In bounds: at most `rest` bytes are written from `total` on.
            let result = SSL_read(ssl, target.baseAddress.map { $0 + total }, rest)
            if result <= 0 {
                let outcome = outcome(ssl, result, socketError)
                // Nothing is answered now: what was to go with the answer goes alone.
                if hasUnsent { _ = flush() }
                if total == 0 { return outcome }
                break
            }
            total += Int(result)
            bytesWithoutContent = 0
            if SSL_has_pending(ssl) == 0 { break }
        }
        keepGathered()
        return .bytes(total)
    }

    /// Nothing more can be read before the next event.
    var isDrained: Bool {
        guard let ssl, case .established = state else { return false }
        return isSocketDrained && SSL_has_pending(ssl) == 0 && early == nil
            && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN == 0
    }

    /// Most content that is encrypted before its records are sent.
    private static var gatheredMax: Int { 64 << 10 }

    /// Encrypts and sends from the front of `bytes`, as much as the socket takes.
    ///
    /// After less was taken than offered, the rest must be offered again before anything else: it may
    /// already be encrypted.
    /// - Parameter isLast: a close_notify follows the content, and the caller closes the connection.
    func send(_ bytes: UnsafeRawBufferPointer, isLast: Bool = false) -> IOOutcome {
        guard ssl != nil else { return .closed }
        if case .ended = state { return .closed }
        var taken = 0
        if owedCount > 0 {
            let outcome = flush()
            guard case .bytes = outcome else { return outcome }
            taken = min(owedCount, bytes.count)
            owedCount -= taken
        }
        while taken < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[taken...].prefix(TLSConnection.gatheredMax))
            let outcome = encrypt(rest)
            guard case .bytes(let count) = outcome else {
                keepGathered()
                return taken > 0 ? .bytes(taken) : outcome
            }
            let endsHere = isLast && taken + count == bytes.count
            if endsHere { gatherCloseNotify() }
            switch flush(isLast: endsHere) {
            case .bytes:
                taken += count
            case .wouldBlock:
                owedCount = count
                return taken > 0 ? .bytes(taken) : .wouldBlock
            case .closed: return taken > 0 ? .bytes(taken) : .closed
            case .failed(let errno): return taken > 0 ? .bytes(taken) : .failed(errno)
            }
        }
        return .bytes(taken)
    }

    /// Makes records of all of `bytes`.
    ///
    /// - Returns: `.bytes` with how many bytes that were.
    func encrypt(_ bytes: UnsafeRawBufferPointer) -> IOOutcome {
        guard let ssl else { return .closed }
        var total = 0
        while total < bytes.count {
            prepareCall()
            var rest = Int32(clamping: bytes.count - total)
            if isNextRecordShort && rest > 2 * TLSConnection.shortRecord {
                rest = Int32(TLSConnection.shortRecord)
            }
            // A few words in front of content are no flight yet.
            if rest >= TLSConnection.wordsMax { isNextRecordShort = false }
            // In bounds: at most `rest` bytes are read from `total` on.
            let result =
                early == nil
                ? SSL_write(ssl, bytes.baseAddress.map { $0 + total }, rest)
                : sendEarly(ssl, bytes.baseAddress.map { $0 + total }, rest)
            if result <= 0 {
                let outcome = outcome(ssl, result, socketError)
                if total == 0 { return outcome }
                break
            }
            total += Int(result)
        }
        return .bytes(total)
    }

    /// What a call that gave no bytes came to. An end stays: later calls see it again.
    func outcome(_ ssl: OpaquePointer, _ result: Int32, _ code: Int32) -> IOOutcome {
        switch SSL_get_error(ssl, result) {
        // A read may want to write and the other way round (key updates): the next event goes on.
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            return .wouldBlock
        case SSL_ERROR_ZERO_RETURN:
            // The peer sends no more, and may still read.
            return .closed
        case SSL_ERROR_SYSCALL:
            let isEnd = code == 0 || code == EPIPE
            wasTruncated = true
            return end(isEnd ? .closed : .failed(Errno(code: code)))
        default:
            if portico_error_reason(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING {
                wasTruncated = true
                return end(.closed)
            }
            lastError = TLSError.queued()
            return end(.failed(Errno(code: EPROTO)))
        }
    }

    func end(_ outcome: IOOutcome) -> IOOutcome {
        ERR_clear_error()
        state = .ended(outcome)
        // An alert may have been the last word.
        if hasUnsent { _ = flush() }
        return outcome
    }

    /// Says that no more will be sent; does not wait for the other end.
    public func shutdown() {
        gatherCloseNotify()
        if hasUnsent { _ = flush() }
    }

    /// Gathers a close_notify (RFC 8446 §6.1), if none was sent.
    func gatherCloseNotify() {
        guard let ssl, case .established = state else { return }
        // A second call would wait for the other end's, and complain when there is none.
        guard SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }
}
