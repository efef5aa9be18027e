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
            if outgoing.count < Self.pieceMax { refill(outgoing) }
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
        guard isBodySent else { return exchange.stream.readMoreBody() }
        finishSending(peer)
    }

    /// Lets a request without content, which is about to be sent, leave with what others send.
    func sendAhead(over peer: PeerConnection, in batch: SendBatch) {
        guard !isTunnelling, !isRequestComplete, !passesBody, let outgoing = peer.outgoing else { return }
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

    /// Everything of the content was handed over to `outgoing`.
    private var isBodySent: Bool {
        guard passesBody else { return true }
        guard isStreaming else { return bodySent == storedCount }
        return exchange.body.isComplete && exchange.body.memory.isEmpty && isLastChunkWritten
    }

    private var passesBody: Bool {
        hasReplacedBody || exchange.location.proxyPlan.passesBody && exchange.body.isPresent
    }
    /// `proxy_set_body` takes the place of the client's content.
    private var hasReplacedBody: Bool { exchange.location.settings.proxy.setBody != nil }
    private var stored: ByteBuffer { hasReplacedBody ? exchange.replacedBody : exchange.body.memory }
    private var isStreaming: Bool {
        if case .stream = exchange.body.keeping { return !hasReplacedBody }
        return false
    }
    /// Bytes of content kept for this request, in memory or in a file.
    private var storedCount: Int64 {
        if !hasReplacedBody, let file = exchange.body.file { return file.size }
        return Int64(stored.count)
    }

    private func refill(_ outgoing: ByteBuffer) {
        guard passesBody else { return }
        if isStreaming { return refillFromStream(outgoing) }
        let body = exchange.body
        let left = storedCount - bodySent
        guard left > 0 else { return }
        let count = Int(min(left, Int64(Self.pieceMax)))
        if !hasReplacedBody, let file = body.file {
            guard case .bytes(let read) = file.read(into: outgoing, at: bodySent, count: count) else {
                return
            }
            bodySent += Int64(read)
        } else {
            outgoing.append(Slice(from: Int(bodySent), to: Int(bodySent) + count), of: stored)
            bodySent += Int64(count)
        }
    }

    /// `proxy_request_buffering off`: what the client sent so far, in chunks if its length is not known.
    private func refillFromStream(_ outgoing: ByteBuffer) {
        let memory = exchange.body.memory
        if !memory.isEmpty {
            if isRequestChunked {
                outgoing.append(hexadecimal: UInt(memory.count))
                outgoing.append("\r\n")
            }
            outgoing.append(contentsOf: memory)
            if isRequestChunked { outgoing.append("\r\n") }
            bodySent += Int64(memory.count)
            memory.removeAll()
        }
        if isRequestChunked && exchange.body.isComplete && !isLastChunkWritten {
            outgoing.append("0\r\n\r\n")
            isLastChunkWritten = true
        }
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
