internal import Config
internal import Core
internal import Net
internal import Sharing

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
                count(.handshakeFailures)
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
            count(error.failure.count)
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
        if complaint != nil { count(.revokedCertificates) }
        begin()
    }

    private func begin() {
        state = .idle
        arm(readTimer, afterMs: connection.listen.defaultServer.clientHeaderTimeoutMs)
        // The handshake may have read a request that no event has told of.
        transport.assumeReadable()
        readHead()
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
    func count(_ what: TallyTable.Count) {
        worker.shared.requests.add(what)
        let zones = connection.snapshot.zones
        guard !zones.isEmpty else { return }
        var server = connection.listen.defaultServer
        if let name = connection.tls?.serverName?.map(\.asciiLowercased) {
            server = connection.listen.server(forHost: name.span).server ?? server
        }
        if let zone = server.zone { zones[zone].add(what) }
    }
}
