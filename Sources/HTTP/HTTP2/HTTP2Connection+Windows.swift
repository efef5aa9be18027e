public import Core

/// What clients may send, and how much of it may lie about: RFC 9113 §5.2.
///
/// Every window that is open is content that may have to be held. So that the connection's own window need
/// not be shut, which would stop the streams whose content is taken as well, the windows of streams are
/// narrowed when much is held: a quarter of `heldMax` may be held until then, another be on its way until the
/// client knows of it, another is what streams that wait for room have of wider windows, and the last one is
/// the narrow windows of all streams together.
extension HTTP2Connection {
    /// How wide the windows of streams are from their beginning.
    enum Width {
        case usual
        /// They are to be narrow; the client has not said that it knows.
        case narrowing
        case narrow
    }

    /// The window that content is given which somebody takes as it comes.
    private static var wantedWindow: Int { 256 << 10 }

    private var narrowWindow: Int { max(1, limits.quarter / max(1, limits.concurrentStreams)) }

    /// Content that a stream may send from its beginning.
    var initialWindow: Int {
        switch width {
        case .usual, .narrowing: limits.streamWindow
        case .narrow: narrowWindow
        }
    }

    // MARK: Opening

    /// Content of a stream was taken by whom it is for: its window may open again.
    public func consumed(_ count: Int, of slot: Int, out: ByteBuffer) {
        guard table[slot].id != 0, count > 0 else { return }
        let taken = min(count, table[slot].heldCount)
        table[slot].heldCount -= taken
        table[slot].uncreditedCount += taken
        heldCount -= taken
        shareWidth(slot)
        creditStream(slot, out)
        settleWindows(out: out)
    }

    /// Enough came in to open the connection's window, and the windows of streams bound what is held.
    private var mayOpenWindow: Bool {
        receiveWindow.uncreditedCount >= limits.connectionWindow / 2 && width != .narrowing
            && heldCount <= limits.heldMax
    }

    /// Opens the connection's window by what came in.
    func creditConnection(_ out: ByteBuffer) {
        if mayOpenWindow { receiveWindow.credit(out) }
    }

    /// Opens a stream's window by what was taken of it, if more is to come.
    func creditStream(_ slot: Int, _ out: ByteBuffer) {
        table[slot].credit(from: initialWindow / 2, out)
    }

    /// Somebody takes the content of a stream as it comes: its window is opened wide, as far as it has
    /// content to come.
    ///
    /// - Parameter mayStop: whoever takes it may have no room at times. Open windows are content that may
    ///   have to be held then; so such streams share what their windows may be wider.
    public func wants(_ slot: Int, mayStop: Bool, out: ByteBuffer) {
        guard table[slot].state == .open else { return }
        let widest = HTTP2Connection.wantedWindow - table[slot].heldCount
        let wanted = min(widest, table[slot].contentLeft.map { Int(clamping: $0) } ?? .max)
        let more = wanted - table[slot].receiveWindow.size
        let credit = min(more, table[slot].uncreditedCount)
        let extra = mayStop ? min(more - credit, spareWidth) : more - credit
        guard more > 0, credit + extra > 0, table[slot].receiveWindow.move(by: credit + extra) else { return }
        table[slot].uncreditedCount -= credit
        if mayStop {
            table[slot].extraWidth += extra
            spareWidth -= extra
        }
        FrameWriter.windowUpdate(table[slot].id, by: credit + extra, to: out)
    }

    /// Others may have what a stream's window was wider, once all of its content has come and was taken.
    func shareWidth(_ slot: Int) {
        guard table[slot].state == .halfClosedRemote, table[slot].heldCount == 0 else { return }
        spareWidth += table[slot].extraWidth
        table[slot].extraWidth = 0
    }

    // MARK: Narrowing

    private var mustNarrow: Bool {
        width == .usual && heldCount > limits.quarter && limits.streamWindow > narrowWindow
    }

    private var mayWiden: Bool { width == .narrow && heldCount <= limits.quarter / 2 }

    /// `settleWindows` has something to say.
    public var owesWindows: Bool { mustNarrow || mayWiden || mayOpenWindow }

    /// Says what windows have to be now, by what is held.
    public func settleWindows(out: ByteBuffer) {
        if mustNarrow {
            width = .narrowing
            tellInitialWindow(narrowWindow, out)
        } else if mayWiden {
            // Whoever is told may use it before we know that it knows.
            shiftWindows(by: limits.streamWindow - narrowWindow)
            width = .usual
            tellInitialWindow(limits.streamWindow, out)
        }
        creditConnection(out)
    }

    private func tellInitialWindow(_ size: Int, _ out: ByteBuffer) {
        FrameWriter.settings([(.initialWindowSize, UInt32(clamping: size))], to: out)
        unacknowledgedCount += 1
    }

    /// The client knows what we said of windows, and goes by it: §6.5.3.
    func settingsAcknowledged(_ out: ByteBuffer) {
        areSettingsKnown = true
        if unacknowledgedCount > 0 { unacknowledgedCount -= 1 }
        guard unacknowledgedCount == 0, width == .narrowing else { return }
        shiftWindows(by: narrowWindow - limits.streamWindow)
        width = .narrow
        settleWindows(out: out)
    }

    /// §6.9.2: the windows of all streams, even below zero.
    private func shiftWindows(by amount: Int) {
        for slot in table.slots where table[slot].id != 0 {
            _ = table[slot].receiveWindow.move(by: amount)
        }
    }
}
