internal import Net

/// The TLS handshake that comes before the first request.
extension HTTP1Session {
    func shakeHands() {
        guard let tls = transport.tls else { return }
        guard statusCheck == nil else {
            if transport.isHangup { close() }
            return
        }
        switch tls.handshake() {
        case .done:
            connection.shookHands(nowMs: worker.clock.nowMs)
            count(tls)
            checkStatus(tls)
        case .wantsRead, .wantsWrite:
            if transport.isHangup {
                count(HandshakeFailure.other)
                close()
            }
        case .plainHTTP:
            worker.counters.add(.plainOnTLS, 1)
            transport.dropTLS()
            state = .idle
            isPlainOnTLS = true
            readHead()
        case .failed(let error):
            worker.log(.info, connection, "\(error.upstreamLogText) while SSL handshaking")
            count(error.failure)
            close()
        }
    }

    /// `ssl_ocsp`: the client's certificate may have to be asked for first.
    private func checkStatus(_ tls: TLSConnection) {
        do throws(TLSError) {
            let subjects = try tls.statusSubjects()
            guard subjects.isEmpty else { return worker.checkStatus(self, subjects) }
            begin()
        } catch {
            worker.log(.error, connection, "\(error.message) while requesting certificate status")
            statusSettled("certificate status request failed")
        }
    }

    /// It is known whether the client's certificate still holds.
    ///
    /// - Parameter complaint: why it does not.
    func statusSettled(_ complaint: String?) {
        statusCheck = nil
        connection.certificateComplaint = complaint
        if complaint != nil { worker.counters.add(.revokedCertificates, 1) }
        begin()
    }

    private func begin() {
        state = .idle
        arm(readTimer, afterMs: connection.listen.defaultServer.clientHeaderTimeoutMs)
        readHead()
    }

    /// A handshake succeeded. Whether the client's certificate holds is said to it by HTTP, later.
    private func count(_ tls: TLSConnection) {
        worker.counters.add(.handshakes, 1)
        if tls.isSessionReused { worker.counters.add(.resumptions, 1) }
        let wanted = connection.listen.defaultServer.clientVerification
        guard wanted != .off else { return }
        switch (tls.certificateFailure, tls.clientCertificate) {
        case (.expired?, _): worker.counters.add(.expiredCertificates, 1)
        case (.revoked?, _): worker.counters.add(.revokedCertificates, 1)
        case (_, .bad(_, true)) where wanted == .optionalWithoutAuthority: break
        case (.other?, _): worker.counters.add(.badCertificates, 1)
        case (nil, .none) where wanted == .required: worker.counters.add(.noCertificate, 1)
        case (nil, _): break
        }
    }

    private func count(_ failure: HandshakeFailure) {
        switch failure {
        case .noSharedProtocol: worker.counters.add(.noSharedProtocol, 1)
        case .noSharedCipher: worker.counters.add(.noSharedCipher, 1)
        case .rejectedCertificate: worker.counters.add(.rejectedCertificates, 1)
        case .other: worker.counters.add(.handshakeFailures, 1)
        }
    }
}
