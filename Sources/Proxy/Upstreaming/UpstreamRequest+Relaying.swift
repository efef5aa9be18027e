internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// The response's content, from the peer to the client.
///
/// While the client keeps up nothing is stored: bytes go from the worker's one read buffer into the
/// client's socket. When it does not, `proxy_buffering` decides whether they are spooled or wait.
extension UpstreamRequest {
    /// Content has come; all of it is consumed.
    func contentArrived(_ buffer: ByteBuffer, isLast: Bool) {
        if passage.spool != nil || exchange.isBlocked {
            contentArrived(Slice(from: 0, to: buffer.count), of: buffer)
            buffer.removeAll()
        } else {
            exchange.give(buffer, isLast: isLast)
        }
    }

    /// A piece of content has come: it is held for the client's socket, or spooled.
    func contentArrived(_ slice: Slice, of buffer: ByteBuffer) {
        if passage.spool == nil && exchange.heldCount > exchange.stream.heldMax {
            exchange.stream.flush()
            guard case .relaying = state else { return }
            if exchange.heldCount > exchange.stream.heldMax && passage.isBuffered {
                passage.spool = ResponseSpool(
                    proxy, left: worker.contentBuffers.leftFiles, usesMemory: exchange.stream.heldMax > 0)
            }
        }
        guard let spool = passage.spool else { return exchange.give(slice, of: buffer) }
        if exchange.stream.heldMax == 0 { spool.spareMemory() }
        if spool.isInFile { passage.pace.took(Int(slice.count), nowMs: worker.clock.nowMs) }
        if let errno = spool.append(slice, of: buffer) {
            log(.crit, "writing to a temporary file in \"\(proxy.tempPath)\" failed \(errno.logText)")
        }
        exchange.stream.noteSpooled(spool.memorySize)
    }

    /// Lines behind the content have come.
    func trailersArrived(_ lines: Range<Int>, of buffer: ByteBuffer) {
        receivedTrailers.append(lines: lines, of: buffer)
    }

    /// No more content comes for now: the client gets what there is.
    func contentPauses() { exchange.contentPauses() }

    /// Whether content may be read from the peer: the client takes it, or it may be spooled.
    var takesContent: Bool {
        if let spool = passage.spool { return spool.mayGrow }
        guard exchange.isBlocked else { return true }
        return passage.isBuffered && !exchange.isAwaitingTurn
    }

    /// Content that is worth reading at once, in bytes: what a file takes needs no memory.
    var pieceMax: Int {
        if let spool = passage.spool, spool.isFileAlone { return ResponseStream.heldMax }
        return exchange.stream.pieceMax
    }

    /// Bytes that may be read from the peer now; none or fewer: not yet any.
    var readAllowance: Int64 { min(rateAllowance, spoolAllowance) }

    /// Milliseconds until something may be read, where `readAllowance` says that nothing may.
    var readWaitMs: Int {
        let allowance = rateAllowance
        return allowance > 0 ? 1 : passage.rate.wait(allowance: allowance)
    }

    /// `proxy_limit_rate`
    private var rateAllowance: Int64 {
        guard passage.rate.isOn else { return .max }
        return passage.rate.allowance(
            nowMs: worker.clock.nowMs, sent: exchange.attempts.currentResponseLength)
    }

    private var spoolAllowance: Int64 {
        guard let spool = passage.spool, spool.isInFile else { return .max }
        return passage.pace.allowance(nowMs: worker.clock.nowMs)
    }

    /// The client's socket took all that was held.
    func clientCanTakeMore() {
        guard drain() else { return }
        switch state {
        case .relaying: stream.readOn()
        case .done: finishResponse(passage.ending)
        case .idle, .waiting, .trying, .tunnelling: break
        }
    }

    /// Passes on what is spooled, as far as the client takes it.
    ///
    /// - Returns: whether nothing is spooled any more, and the response goes on.
    private func drain() -> Bool {
        while let spool = passage.spool, !exchange.isBlocked {
            let shared = worker.emptyRelay()
            guard spool.take(into: shared, atMost: exchange.stream.pieceMax) else {
                spoolIsUnreadable()
                return false
            }
            if spool.isEmpty {
                passage.spool = nil
                exchange.stream.noteSpooled(0)
            }
            exchange.give(shared)
            guard case .responding = exchange.phase else { return false }
        }
        return passage.spool == nil
    }

    private func spoolIsUnreadable() {
        log(.crit, "reading a temporary file in \"\(proxy.tempPath)\" failed")
        passage.spool = nil
        if case .relaying = state { return failRelaying() }
        exchange.accounting.fault = .internalError
        finishResponse(.cut)
    }

    // MARK: The end

    /// The last byte came from the peer.
    func responseEnded() {
        trailers?.complete()
        completed()
        finishResponse(.whole)
    }

    /// The response broke off: the client gets what came, and must see that it is not all.
    func failRelaying(as fault: EndReason = .upstreamCut, _ outcome: AttemptOutcome = .failure) {
        guard case .relaying = state else { return }
        state = .done
        exchange.accounting.fault = fault
        if attempt.cause == .unknown { attempt.cause = .cut }
        endAttempt(outcome)
        finishResponse(saysWhatCallCameTo() ? .whole : .cut)
    }

    /// No more content comes: ends the response, behind what is spooled.
    private func finishResponse(_ ending: ResponseStream.Ending) {
        passage.ending = ending
        guard drain() else { return }
        passage.ending = .none
        switch ending {
        case .none: break
        case .whole: exchange.endContent()
        case .cut: exchange.cutContent()
        }
    }
}
