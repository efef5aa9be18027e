public import Core
internal import Glibc

/// A connected stream socket, plain or TLS, with the readiness that edge-triggered events told of.
///
/// The kernel tells of readiness once. It is kept here: set by an event, cleared when a call would
/// have blocked, or took or gave less than was offered.
public final class Transport {
    /// The socket; closed by `close`, not when this object goes.
    public let fd: Int32
    /// `nil`: plain.
    public private(set) var tls: TLSConnection?
    /// A read may find something.
    public private(set) var isReadable = false
    /// A write may be taken.
    public private(set) var isWritable = true
    /// The other end has closed its side: what is still to be read ends with that.
    public private(set) var isHangup = false
    /// A reset broke the connection: the kernel tells of it once, to whoever asks first, and of an end from
    /// then on. What the other end had read, nobody knows.
    public private(set) var breach: Errno?
    /// Not closed by us yet.
    public private(set) var isOpen = true
    /// The connection is closed as soon as what is sent next is taken.
    private(set) var endsWithNextSend = false
    private var ahead = Ahead.none

    /// What a `SendBatch` does for the next `send`.
    private enum Ahead {
        case none
        /// It has so many bytes to send.
        case underWay(offered: Int32)
        /// What send(2) would have returned, or the error's number below zero.
        case done(result: Int32, offered: Int32)
    }

    /// Takes over a non-blocking socket.
    public init(fd: Int32, tls: TLSConnection?) {
        self.fd = fd
        self.tls = tls
    }

    /// Takes in what an event said.
    @inline(never)
    @_effects(releasenone)
    public func note(_ event: ReadyEvent) {
        if event.isReadable { isReadable = true }
        if event.isWritable { isWritable = true }
        if event.isHangup {
            isHangup = true
            tls?.endIsNear = true
        }
    }

    /// Bytes have come, or an event told of some; asks the kernel, and takes nothing.
    public var hasUnread: Bool { isReadable || hasArrivals }

    /// Bytes are there that were not read; asks the kernel alone.
    public var hasArrivals: Bool {
        var byte: UInt8 = 0
        return withUnsafeMutableBytes(of: &byte) { target in
            if case .bytes = Socket.peek(fd, target) { true } else { false }
        }
    }

    /// Something may be there although no event says so: the next read finds out.
    public func assumeReadable() { isReadable = true }

    /// Goes on in plain: the client never spoke TLS.
    public func dropTLS() {
        tls = nil
        isReadable = true
    }

    /// Reads what comes before TLS into the free end of `buffer`, at most `limit` bytes.
    public func receivePlain(into buffer: ByteBuffer, limit: Int) -> IOOutcome {
        receivePlain(into: buffer, limit) { [fd] in Socket.receive(fd, $0) }
    }

    /// The same; the bytes can be read once more.
    public func peekPlain(into buffer: ByteBuffer, limit: Int) -> IOOutcome {
        receivePlain(into: buffer, limit) { [fd] in Socket.peek(fd, $0) }
    }

    private func receivePlain(
        into buffer: ByteBuffer, _ limit: Int, by receive: (UnsafeMutableRawBufferPointer) -> IOOutcome
    ) -> IOOutcome {
        var outcome = IOOutcome.wouldBlock
        _ = buffer.withUnsafeWritable(atLeast: limit) { free in
            let target = UnsafeMutableRawBufferPointer(rebasing: free.prefix(limit))
            outcome = receive(target)
            if case .bytes(let count) = outcome { return count }
            return 0
        }
        switch outcome {
        case .bytes: break
        case .wouldBlock: isReadable = false
        case .closed, .failed: isHangup = true
        }
        return outcome
    }

    /// Reads into the free end of `buffer`, at most `limit` bytes, in one call.
    ///
    /// - Parameter atLeast: free bytes to offer.
    public func receive(into buffer: ByteBuffer, atLeast: Int, limit: Int = .max) -> IOOutcome {
        var outcome = IOOutcome.wouldBlock
        var offered = 0
        _ = buffer.withUnsafeWritable(atLeast: min(atLeast, limit)) { free in
            let target = UnsafeMutableRawBufferPointer(rebasing: free.prefix(limit))
            offered = target.count
            outcome = tls.map { $0.receive(into: target) } ?? Socket.receive(fd, target)
            if case .bytes(let count) = outcome { return count }
            return 0
        }
        switch outcome {
        case .bytes(let count):
            // A short read leaves nothing behind it, unless the end of the stream is still to be seen.
            if count < offered && !isHangup && tls?.isDrained ?? true { isReadable = false }
        case .wouldBlock: isReadable = false
        case .failed(let errno):
            isHangup = true
            note(errno)
        case .closed:
            isHangup = true
            if let breach { return .failed(breach) }
        }
        return outcome
    }

    private func note(_ errno: Errno) {
        if errno == .connectionReset { breach = errno }
    }

    /// What is sent next is the last, and the caller closes the connection, or its half of it, as soon as
    /// that is taken: the end then goes with the last bytes, which saves a packet.
    public func endWithNextSend() {
        endsWithNextSend = true
    }

    /// Sends from the front of `buffer`; what was taken is consumed.
    public func send(_ buffer: ByteBuffer) -> IOOutcome { send(buffer, isLast: endsWithNextSend) }

    private func send(_ buffer: ByteBuffer, isLast: Bool) -> IOOutcome {
        if case .done(let result, let offered) = ahead {
            ahead = .none
            return settle(SystemCall.outcome(completion: result), Int(offered)) { buffer.consume($0) }
        }
        let outcome = buffer.withUnsafeReadable { bytes in
            tls.map { $0.send(bytes, isLast: isLast) } ?? Socket.send(fd, bytes, more: isLast)
        }
        return settle(outcome, buffer.count) { buffer.consume($0) }
    }

    // MARK: Piece by piece

    /// Whether `gather` would take anything now.
    public var canGather: Bool {
        guard let tls, isOpen, isWritable, case .none = ahead else { return false }
        // What was not taken whole has to be offered again before anything else.
        return tls.owedCount == 0
    }

    /// Makes records of TLS of the first `count` bytes of `buffer`, which are consumed: one of 16 KiB, or of
    /// less, is made of what stands together. They leave with what is sent next, or with `sendGathered`.
    ///
    /// - Parameter records: where they stand until `gatheredCount` is 0 again; used for nothing else.
    /// - Returns: false if the connection is of no more use.
    public func gather(_ buffer: ByteBuffer, _ count: Int, in records: ByteBuffer) -> Bool {
        guard let tls else { return false }
        let isTaken = buffer.withUnsafeReadable { bytes in
            tls.gatherContent(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)), in: records)
        }
        if isTaken { buffer.consume(min(count, buffer.count)) }
        return isTaken
    }

    /// Bytes of records that were made and that the socket has not taken.
    public var gatheredCount: Int { tls?.gatheredCount ?? 0 }

    /// Sends what was gathered; `.bytes` when the socket has taken all of it.
    public func sendGathered() -> IOOutcome {
        guard let tls else { return .bytes(0) }
        let outcome = tls.sendGathered()
        switch outcome {
        case .bytes, .closed: break
        case .wouldBlock: isWritable = false
        case .failed(let errno): note(errno)
        }
        return outcome
    }

    // MARK: By a batch

    private static var aheadMax: Int { 64 << 10 }

    /// What a batch is to send for `send(buffer)`, which stays as it is until the batch is through with it.
    ///
    /// - Parameter batch: has buffers for records of TLS.
    /// - Returns: `nil`: nothing, now.
    func prepareAhead(_ buffer: ByteBuffer, _ batch: SendBatch) -> UnsafeRawBufferPointer? {
        guard isOpen, isWritable, case .none = ahead, buffer.count <= Transport.aheadMax else { return nil }
        let bytes: UnsafeRawBufferPointer? = buffer.withUnsafeReadable { bytes in
            guard let tls else { return bytes }
            return tls.prepareAhead(bytes, isLast: endsWithNextSend) { batch.takeBuffer() }
        }
        if bytes != nil { ahead = .underWay(offered: Int32(buffer.count)) }
        return bytes
    }

    /// A batch has tried to send.
    ///
    /// - Returns: a buffer that is free again.
    func sentAhead(_ result: Int32) -> ByteBuffer? {
        guard case .underWay(let offered) = ahead else { return nil }
        ahead = tls == nil ? .done(result: result, offered: offered) : .none
        return tls?.sentAhead(SystemCall.outcome(completion: result))
    }

    /// Copying so much costs less than the kernel's walk over two places.
    private static var copiedMax: Int { 2048 }

    /// Sends `first` and then `second`; what was taken is consumed.
    public func send(_ first: ByteBuffer, _ second: ByteBuffer) -> IOOutcome {
        // A batch was given the first alone.
        if case .done = ahead { return send(first) }
        if first.isEmpty { return send(second) }
        if second.isEmpty { return send(first) }
        if tls != nil || first.count + second.count <= Transport.copiedMax {
            return sendJoined(first, second)
        }
        let before = first.count
        let outcome = send(first, Slice(from: 0, to: second.count), of: second)
        if case .bytes(let count) = outcome { second.consume(count - (before - first.count)) }
        return outcome
    }

    /// Sends all of `first` and then the bytes of `slice`, in one call where that is possible.
    ///
    /// What was taken of `first` is consumed; `second` stays as it is.
    public func send(_ first: ByteBuffer, _ slice: Slice, of second: ByteBuffer) -> IOOutcome {
        let before = first.count
        // A batch was given the first alone.
        if case .done = ahead { return send(first) }
        // TLS must be offered again what it did not take, and nothing before it.
        if before > 0, tls != nil { return send(first, isLast: false) }
        let outcome = second.withUnsafeReadable { bytes in
            guard slice.end <= bytes.count else { return IOOutcome.bytes(0) }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[slice.range])
            if let tls { return tls.send(rest, isLast: endsWithNextSend) }
            guard before > 0 else { return Socket.send(fd, rest, more: endsWithNextSend) }
            return first.withUnsafeReadable { Socket.send(fd, $0, rest, more: endsWithNextSend) }
        }
        return settle(outcome, before + Int(slice.count)) { first.consume(min($0, before)) }
    }

    /// One place and one TLS record are cheaper than two: the front of `second` joins `first`.
    private func sendJoined(_ first: ByteBuffer, _ second: ByteBuffer) -> IOOutcome {
        let joined = min(second.count, max(0, (16 << 10) - first.count))
        if joined > 0 {
            first.append(Slice(from: 0, to: joined), of: second)
            second.consume(joined)
        }
        return send(first, isLast: endsWithNextSend && second.isEmpty)
    }

    private func settle(_ outcome: IOOutcome, _ offered: Int, _ consume: (Int) -> Void) -> IOOutcome {
        switch outcome {
        case .bytes(let count):
            consume(count)
            if count < offered { isWritable = false }
        case .wouldBlock:
            isWritable = false
        case .failed(let errno): note(errno)
        case .closed:
            break
        }
        return outcome
    }

    /// Bytes that `send` was given and has not yet called sent, though a part may be on its way.
    public var owedCount: Int { tls?.owedCount ?? 0 }

    /// Bytes that the socket took and the other end has not acknowledged.
    public var unacknowledgedCount: Int { Socket.unacknowledgedCount(fd) }

    /// Whether the kernel can send files by itself: no cipher stands between.
    public var canSendFiles: Bool { tls == nil }

    // MARK: The end

    /// No more will be sent; what the other end still sends can be read.
    public func shutdownWrite() {
        tls?.shutdown()
        Socket.shutdownWrite(fd)
    }

    /// Closes in good order; unsent bytes still go out.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        tls?.shutdown()
        // Whoever still holds the transport does not need OpenSSL's memory.
        tls = nil
        Socket.close(fd)
    }

    /// Closing will send a reset: the kernel keeps nothing of what is unsent.
    public func resetOnClose() { Socket.setResetOnClose(fd) }
}
