internal import Core
internal import HTTP
internal import Net

/// `listen … proxy_protocol`: the header that comes before TLS and HTTP.
extension HTTP1Session {
    /// Looks whether the header is complete; takes it, and only it, and goes on.
    func readProxyHeader() {
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        switch transport.receivePlain(into: scratch, limit: ProxyProtocolHeader.lengthMax, takes: false) {
        case .bytes: break
        case .wouldBlock: return
        case .closed, .failed: return close()
        }
        switch scratch.withReadable({ ProxyProtocolHeader.read($0) }) {
        case .incomplete:
            if transport.isHangup { refuseProxyHeader(scratch) }
        case .broken:
            refuseProxyHeader(scratch)
        case .complete(let header):
            scratch.removeAll()
            let outcome = transport.receivePlain(into: scratch, limit: header.length, takes: true)
            guard case .bytes(let count) = outcome, count == header.length else { return close() }
            connection.proxyProtocolAddress = header.source
            connection.proxyProtocolDestination = header.destination
            proxyHeaderIsRead()
        }
    }

    private func proxyHeaderIsRead() {
        guard transport.tls != nil else {
            state = .idle
            return ready()
        }
        state = .handshaking
        arm(readTimer, afterMs: connection.listen.defaultServer.handshakeTimeoutMs)
        worker.shakeHandsLater(connection.token)
    }

    private func refuseProxyHeader(_ received: ByteBuffer) {
        let shown = received.bytes.prefix(107).prefix { $0 != .lineFeed && $0 != .carriageReturn }
        let text = String(decoding: shown.map { 0x20..<0x7F ~= $0 ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
        worker.log(.error, connection, "broken header: \"\(text)\" while reading PROXY protocol")
        close()
    }
}
