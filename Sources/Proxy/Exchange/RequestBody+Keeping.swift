internal import Core

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
}
