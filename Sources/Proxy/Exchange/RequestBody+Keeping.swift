internal import Core
internal import HTTP

/// How content is kept at the moment.
extension RequestBody {
    /// It goes on its way as it comes, and waits where that stops.
    var isStreamed: Bool {
        if case .stream = keeping { return true }
        return false
    }

    /// Whether nobody has use for it any more.
    var isDiscarded: Bool {
        if case .discard = keeping { return true }
        return false
    }

    /// Content that is kept whole in memory, in bytes.
    var keptInMemory: Int {
        if case .whole = keeping { return memory.count }
        return 0
    }

    /// All of it is here, and stays.
    var isKeptWhole: Bool {
        guard case .whole = keeping else { return false }
        return isComplete && isIntact
    }

    /// Bytes of content, once all of it is here; `nil`: it is not, or does not stay.
    var keptLength: Int64? { isKeptWhole ? receivedCount : nil }

    /// Bytes of content that were of use, once the last one came: of what is thrown away none, as in nginx.
    var knownLength: Int64? {
        switch keeping {
        case .discard: 0
        case .whole, .stream: isComplete ? receivedCount : nil
        case .unread: nil
        }
    }

    /// It was read for somebody, and there is nothing in it.
    var isKeptEmpty: Bool {
        switch keeping {
        case .whole, .stream: isPresent && isComplete && receivedCount == 0
        case .unread, .discard: false
        }
    }

    /// RFC 9112 §7.1: what is kept becomes one chunk, behind which its trailers stand.
    func frameKept(_ out: ByteBuffer) {
        switch chunk {
        case .none where receivedCount > 0:
            ChunkWriter.begin(Int(receivedCount), to: out)
            chunk = .whole
        case .none:
            endKept(out)
        case .whole where givenCount == receivedCount:
            out.append(ChunkWriter.end)
            endKept(out)
        case .whole, .open, .ended:
            break
        }
    }

    private func endKept(_ out: ByteBuffer) {
        ChunkWriter.appendLast(passedTrailers, to: out)
        chunk = .ended
    }
}
