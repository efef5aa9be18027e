internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The request on its way to the peer: the head, then content from memory, from a file, or as it comes.
extension HTTP1PeerStream {
    /// Most content taken in one go from a file, in bytes.
    private static var pieceMax: Int { 64 << 10 }
    /// Most content, in bytes, that waits for the end of the worker's turn.
    private static var heldBackMax: Int { 16 << 10 }
    /// Copying so much behind the head costs less than the kernel's walk over two places.
    private static var joinedMax: Int { 2 << 10 }
    /// One record of TLS instead of two.
    private static var joinedRecordMax: Int { 16 << 10 }

    /// Lets the request be sent over its connection, and the response be read.
    ///
    /// - Returns: so much content is there that it is to be sent now, while it is in the processor's cache;
    ///   the rest leaves with what else this turn sends: see `HTTP1Session.leftMax`.
    func begin(over peer: PeerConnection, for request: UpstreamRequest) -> Bool {
        peer.state = .inUse
        stage = .head
        request.attempt.activity = .sendingRequest
        peer.requestCount += 1
        let outgoing = worker.takeBuffer()
        if requestHead.isEmpty, let target = exchange.proxying.target { write(for: target) }
        outgoing.append(contentsOf: requestHead)
        if exchange.stream.sparesHeads { spareHead() }
        var leavesNow = false
        if case .bytes(let slice, of: _) = body.next(framing: outgoing) {
            leavesNow = slice.count > Self.heldBackMax
        }
        peer.outgoing = consume outgoing
        // `proxy_read_timeout` begins when the request is out: until then other waits are bounded.
        worker.cancel(peer.readTimer)
        worker.post(peer.token)
        if !peer.transport.isWritable { peer.arm(peer.writeTimer, afterMs: proxy.sendTimeoutMs) }
        return leavesNow
    }

    /// Sends what the socket takes.
    func sendMore(over peer: PeerConnection) {
        guard peer.transport.isWritable, let outgoing = takeOutgoing(of: peer) else { return }
        send(consume outgoing, to: peer)
    }

    /// Where the request is framed, which is put back if something is left in it. One that waits for content
    /// has no memory for that: a client may have many of them under way.
    private func takeOutgoing(of peer: PeerConnection) -> ByteBuffer? {
        if let outgoing = peer.outgoing.take() { return outgoing }
        if case .underWay = course.sending { return worker.takeBuffer() }
        return nil
    }

    private func pauseSending(_ outgoing: consuming ByteBuffer, _ peer: PeerConnection) {
        if outgoing.isEmpty { worker.giveBuffer(consume outgoing) } else { peer.outgoing = consume outgoing }
        exchange.stream.readMoreBody()
    }

    private func send(_ outgoing: consuming ByteBuffer, to peer: PeerConnection) {
        while true {
            var portion = body.next(framing: outgoing)
            if let room = room(behind: outgoing, for: portion, peer.transport) {
                guard body.give(to: outgoing, atMost: room) else {
                    peer.outgoing = consume outgoing
                    return request?.contentIsUnreadable() ?? ()
                }
                portion = .nothing
            }
            if case .nothing = portion, outgoing.isEmpty { break }
            course.sending = .underWay
            switch send(outgoing, portion, over: peer.transport) {
            case .bytes(let count):
                exchange.attempts.sent(count)
            case .wouldBlock:
                peer.outgoing = consume outgoing
                return peer.arm(peer.writeTimer, afterMs: proxy.sendTimeoutMs)
            case .closed, .failed:
                worker.giveBuffer(consume outgoing)
                return sendFailed(peer)
            }
        }
        worker.cancel(peer.writeTimer)
        guard body.isGiven else { return pauseSending(consume outgoing, peer) }
        worker.giveBuffer(consume outgoing)
        finishSending(peer)
    }

    /// How much of the portion is to be copied behind what is in `outgoing`; `nil`: nothing of it.
    private func room(
        behind outgoing: ByteBuffer, for portion: RequestBody.Portion, _ transport: Transport
    ) -> Int? {
        let room: Int
        switch portion {
        case .nothing:
            return nil
        case .stored:
            room = Self.pieceMax - outgoing.count
        case .bytes(let slice, of: _):
            if outgoing.isEmpty { return nil }
            let max = transport.canSendFiles ? Self.joinedMax : Self.joinedRecordMax
            room = max - outgoing.count
            if transport.canSendFiles && room < Int(slice.count) { return nil }
        }
        return room > 0 ? room : nil
    }

    /// Content in memory is sent from where it stands.
    private func send(
        _ outgoing: ByteBuffer, _ portion: RequestBody.Portion, over transport: Transport
    ) -> IOOutcome {
        guard case .bytes(let slice, of: let buffer) = portion else { return transport.send(outgoing) }
        let before = outgoing.count
        let outcome = transport.send(outgoing, slice, of: buffer)
        if case .bytes(let count) = outcome { body.gave(count - (before - outgoing.count)) }
        return outcome
    }

    /// Lets a request without content, which is about to be sent, leave with what others send.
    func sendAhead(over peer: PeerConnection, in batch: SendBatch) {
        guard body.isGiven, let outgoing = peer.outgoing.take() else { return }
        switch stage {
        case .head, .content: batch.add(peer.transport, outgoing)
        case .idle, .opening, .tunnel: break
        }
        peer.outgoing = outgoing
    }

    private func finishSending(_ peer: PeerConnection) {
        course.sending = .complete
        if case .head = stage {
            request?.attempt.activity = .readingHead
            peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
        }
    }

    /// The peer closed its side: an answer given early may still be there to be read.
    private func sendFailed(_ peer: PeerConnection) {
        course.sending = .failed
        if case .head = stage { peer.transport.assumeReadable() }
    }

    /// More of the request's content came from the client (`proxy_request_buffering off`).
    func contentAdvanced() {
        guard let peer = connection, case .inUse = peer.state else { return }
        sendMore(over: peer)
        if case .head = stage, peer.transport.isReadable { receiveHead(from: peer) }
    }

    var unsentCount: Int { connection?.outgoing?.count ?? 0 }
}
