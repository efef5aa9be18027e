internal import COpenSSL

/// What a client sent with its first message.
struct EarlyContent {
    /// Not yet given on.
    var bytes: [UInt8] = []
    /// More of it may come.
    var isComing = true
}

/// Content that comes before the handshake is over: RFC 8446 §2.3.
extension TLSConnection {
    /// Requests that are read now may be somebody's recording of an earlier one: `$ssl_early_data`.
    public var isEarly: Bool {
        guard let ssl, early != nil else { return false }
        return SSL_is_init_finished(ssl) == 0
    }

    /// Reads what comes before the client's last word of the handshake.
    ///
    /// - Returns: `nil` to go on with the handshake.
    func takeEarlyContent(_ ssl: OpaquePointer) -> HandshakeOutcome? {
        guard early?.isComing == true else { return nil }
        while true {
            switch readEarly(ssl) {
            case .content: if serverContext?.earlyData == .served { return shookHands(ssl) }
            case .end: return nil
            case .wantsRead: return .wantsRead
            case .wantsWrite: return .wantsWrite
            case .wantsContext: return .wantsContext
            case .failed(let code): return fail(handshakeError(ssl, code))
            }
        }
    }

    private enum EarlyRead {
        case content, end, wantsRead, wantsWrite, wantsContext
        case failed(Int32)
    }

    private func readEarly(_ ssl: OpaquePointer) -> EarlyRead {
        var piece = [UInt8](repeating: 0, count: 4096)
        var count = 0
        prepareCall()
        let result = SSL_read_early_data(ssl, &piece, piece.count, &count)
        switch result {
        case SSL_READ_EARLY_DATA_SUCCESS:
            early?.bytes += piece.prefix(count)
            return .content
        case SSL_READ_EARLY_DATA_FINISH:
            early?.isComing = false
            return .end
        default:
            switch SSL_get_error(ssl, 0) {
            case SSL_ERROR_WANT_READ: return .wantsRead
            case SSL_ERROR_WANT_WRITE: return .wantsWrite
            case SSL_ERROR_WANT_CLIENT_HELLO_CB: return .wantsContext
            default: return .failed(socketError)
            }
        }
    }

    /// Gives on what came early.
    ///
    /// - Returns: `nil`: there is no more of it; what follows is read as usual.
    func receiveEarly(_ ssl: OpaquePointer, _ target: UnsafeMutableRawBufferPointer) -> IOOutcome? {
        while early?.bytes.isEmpty == true, early?.isComing == true {
            switch readEarly(ssl) {
            case .content, .end: continue
            case .wantsRead, .wantsWrite, .wantsContext: return .wouldBlock
            case .failed: return end(.closed)
            }
        }
        guard let held = early, !held.bytes.isEmpty else {
            if SSL_is_init_finished(ssl) == 1 { early = nil }
            return nil
        }
        let count = min(held.bytes.count, target.count)
        // In bounds: neither side is shorter than `count`.
        target.copyBytes(from: held.bytes.prefix(count))
        early?.bytes.removeFirst(count)
        if held.bytes.count == count, !held.isComing, SSL_is_init_finished(ssl) == 1 { early = nil }
        return .bytes(count)
    }

    /// Sends before the client's last word of the handshake has come.
    func sendEarly(_ ssl: OpaquePointer, _ bytes: UnsafeRawPointer?, _ count: Int32) -> Int32 {
        guard SSL_is_init_finished(ssl) == 0 else { return SSL_write(ssl, bytes, count) }
        var written = 0
        let result = SSL_write_early_data(ssl, bytes, Int(count), &written)
        return result == 1 ? Int32(written) : 0
    }
}
