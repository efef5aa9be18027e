internal import Core

/// Records that a `SendBatch` sends for the next `send`.
extension TLSConnection {
    /// Encrypts what `send(bytes, isLast:)` is about to be asked for.
    ///
    /// - Returns: the records, which stay where they are until `sentAhead`; `nil`: it has to be sent as
    ///   usual.
    func prepareAhead(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, _ records: () -> ByteBuffer
    ) -> UnsafeRawBufferPointer? {
        guard case .established = state, owedCount == 0, early == nil, !bytes.isEmpty else { return nil }
        let gathering = backlog ?? records()
        backlog = gathering
        guard case .bytes(let count) = encrypt(bytes) else {
            // `send` finds the same, and says it.
            if gathering.isEmpty { backlog = nil }
            return nil
        }
        owedCount = count
        if isLast && count == bytes.count { gatherCloseNotify() }
        return gathering.withUnsafeReadable { $0 }
    }

    /// Makes records of all of `bytes`, which leave with what is sent next.
    ///
    /// - Parameter records: where they stand until then; nobody else may use it. The place that connections
    ///   share is not theirs: who gathers piece by piece has others send between two pieces.
    /// - Returns: false if nothing can be sent any more.
    func gatherContent(_ bytes: UnsafeRawBufferPointer, in records: ByteBuffer) -> Bool {
        guard case .established = state else { return false }
        if backlog == nil { backlog = records }
        if case .bytes(bytes.count) = encrypt(bytes) { return true }
        dropUnsent()
        return false
    }

    /// Bytes of records that wait for the socket.
    var gatheredCount: Int { backlog?.count ?? 0 }

    /// Sends what was gathered.
    func sendGathered() -> IOOutcome { flush() }

    /// The batch has tried to send the records; `send` goes on from there.
    ///
    /// - Returns: a buffer that is free again.
    func sentAhead(_ outcome: IOOutcome) -> ByteBuffer? {
        switch outcome {
        case .bytes(let count):
            guard let sent = backlog else { return nil }
            sent.consume(count)
            guard sent.isEmpty else { return nil }
            backlog = nil
            return sent
        case .wouldBlock:
            return nil
        case .closed, .failed:
            dropUnsent()
            failureAhead = outcome
            return nil
        }
    }
}
