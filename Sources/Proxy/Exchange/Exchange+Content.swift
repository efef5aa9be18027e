internal import Core

/// The way of a response's content: what its makers give is the client's, through a filter where one is set.
extension Exchange {
    /// The client is behind: no more content should be given.
    var isBlocked: Bool { stream.isBlocked || (filter?.isHolding ?? false) }

    /// Content waits for its turn, to be coded or to be sent, and not for a client that takes nothing.
    var isAwaitingTurn: Bool { stream.isPaused || (filter?.isAwaitingTurn ?? false) }

    /// Bytes of content that wait for the client in memory.
    var heldCount: Int { stream.heldCount + (filter?.heldCount ?? 0) }

    /// Gives content; all of it is consumed.
    ///
    /// - Parameter isLast: no content follows it.
    func give(_ content: ByteBuffer, isLast: Bool = false) {
        guard let filter else { return stream.send(content, of: self, isLast: isLast) }
        filter.take(Slice(from: 0, to: content.count), of: content, isLast: isLast, for: self)
        content.removeAll()
    }

    /// Gives a piece of content, to be sent by `contentPauses`, or when there is more of it.
    func give(_ slice: Slice, of content: ByteBuffer) {
        guard let filter else { return stream.append(slice, of: content) }
        filter.take(slice, of: content, for: self)
    }

    /// No more content is given for now: the client gets what there is.
    func contentPauses() {
        guard let filter else { return stream.flush() }
        filter.pause(for: self)
    }

    /// All content was given: the response is whole.
    func endContent() {
        guard let filter else { return stream.end(self) }
        filter.finish(.whole, for: self)
    }

    /// No more content comes, though it is not at its end.
    func cutContent() {
        guard let filter else { return stream.cut(self) }
        filter.finish(.cut, for: self)
    }

    /// Content is to go through one more filter, behind those that there are.
    func add(_ begin: (ContentFilter) -> Void) {
        let added = worker.takeFilter()
        begin(added)
        if let filter { filter.lead(to: added) } else { filter = added }
    }

    /// What the content goes through is free for others.
    func endFilter() { filter?.end(for: client) }
}
