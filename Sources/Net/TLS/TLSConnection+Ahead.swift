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
