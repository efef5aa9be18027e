internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The request on its way to the peer: the head, then content from memory, from a file, or as it comes.
extension UpstreamRequest {
    /// Most content taken in one go from a file or the client, in bytes.
    static var pieceMax: Int { 64 << 10 }

    func beginSending(_ peer: PeerConnection) {
        state = .awaitingHead
        activity = .sendingRequest
        peer.requestCount += 1
        let outgoing = worker.takeBuffer()
        outgoing.append(contentsOf: requestHead)
        peer.outgoing = outgoing
        // `proxy_read_timeout` begins when the request is out: until then other waits are bounded.
        worker.cancel(peer.readTimer)
        // With what else this turn sends: see `HTTP1Session.leftMax`.
        worker.post(peer.token)
        if !peer.transport.isWritable { peer.arm(peer.writeTimer, afterMs: proxy.sendTimeoutMs) }
    }

    /// Sends what the socket takes.
    func sendMore(_ peer: PeerConnection) {
        guard !isRequestComplete, let outgoing = peer.outgoing, peer.transport.isWritable else { return }
        send(outgoing, to: peer)
    }

    private func send(_ outgoing: ByteBuffer, to peer: PeerConnection) {
        while true {
            if outgoing.count < Self.pieceMax {
                guard exchange.body.give(to: outgoing, atMost: Self.pieceMax) else {
                    return bodyIsUnreadable()
                }
            }
            if outgoing.isEmpty { break }
            wasRequestSent = true
            let before = outgoing.count
            switch peer.transport.send(outgoing) {
            case .bytes:
                exchange.attempts.sent(before - outgoing.count)
            case .wouldBlock:
                return peer.arm(peer.writeTimer, afterMs: proxy.sendTimeoutMs)
            case .closed, .failed:
                return sendFailed(peer)
            }
        }
        worker.cancel(peer.writeTimer)
        guard exchange.body.isGiven else { return exchange.stream.readMoreBody() }
        finishSending(peer)
    }

    /// Lets a request without content, which is about to be sent, leave with what others send.
    func sendAhead(over peer: PeerConnection, in batch: SendBatch) {
        guard !isTunnelling, !isRequestComplete, exchange.body.isGiven, let outgoing = peer.outgoing else {
            return
        }
        switch state {
        case .awaitingHead, .relaying: batch.add(peer.transport, outgoing)
        case .idle, .waiting, .connecting, .handshaking, .done: break
        }
    }

    private func finishSending(_ peer: PeerConnection) {
        isRequestComplete = true
        if let outgoing = peer.outgoing.take() { worker.giveBuffer(outgoing) }
        if case .awaitingHead = state {
            activity = .readingHead
            peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
        }
    }

    /// The peer closed its side: an answer given early may still be there to be read.
    private func sendFailed(_ peer: PeerConnection) {
        isRequestComplete = false
        keepsPeer = false
        if let outgoing = peer.outgoing.take() { worker.giveBuffer(outgoing) }
        guard case .awaitingHead = state else { return }
        hasSendFailed = true
        peer.transport.assumeReadable()
    }

    /// The content that was kept cannot be read: the peer is not to blame for it.
    private func bodyIsUnreadable() {
        let path = exchange.location.settings.core.clientBodyTempPath
        log(.crit, "reading a temporary file of the request body in \"\(path)\" failed")
        exchange.keepsAlive = false
        exchange.bodyFailed(status: 500)
    }

    /// More of the request's content came from the client (`proxy_request_buffering off`).
    func bodyAdvanced() {
        guard let peer, case .inUse = peer.state else { return }
        sendMore(peer)
        if case .awaitingHead = state, peer.transport.isReadable { receiveHead(peer) }
    }

    /// The upstream keeps up with the client: more content may be read.
    var wantsMoreBody: Bool {
        exchange.body.memory.count + (peer?.outgoing?.count ?? 0) < Self.pieceMax
    }
}
