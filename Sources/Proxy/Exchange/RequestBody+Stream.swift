internal import Core
internal import HTTP

/// Content that frames of a protocol bring: nothing else stands between it.
extension RequestBody {
    /// Takes content.
    func take(_ content: Slice, of input: ByteBuffer) throws(BodyError) {
        guard isAwaited else { return }
        let count = Int(content.count)
        do {
            try store(content, of: input, judging: receivedCount + Int64(count))
            took(count)
            if isComplete { try completeKept() }
        } catch {
            lose()
            throw error
        }
    }

    /// Nothing more comes.
    func streamEnded() throws(BodyError) {
        guard isAwaited else { return }
        guard closed() else { return lose() }
        try completeKept()
    }
}
