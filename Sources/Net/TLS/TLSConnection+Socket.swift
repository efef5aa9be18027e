internal import COpenSSL
internal import Core
internal import Glibc

/// Between OpenSSL and the socket.
extension TLSConnection {
    // MARK: OpenSSL's calls

    /// Reads from the socket for OpenSSL.
    ///
    /// - Returns: bytes read; 0 at the end of the stream, -1 if there is nothing now or the socket failed.
    func read(into target: UnsafeMutableRawBufferPointer, _ bio: OpaquePointer) -> Int32 {
        BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        if isFlooded {
            lastError = TLSError("too much that is not content")
            socketError = EPROTO
            return -1
        }
        // A short read before it in the same call says as much as another one would.
        guard !isSocketDrained else {
            BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return -1
        }
        switch Socket.receive(fd, target) {
        case .bytes(let count):
            isSocketDrained = count < target.count && !endIsNear
            bytesWithoutContent += count
            return Int32(truncatingIfNeeded: count)
        case .wouldBlock:
            isSocketDrained = true
            BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return -1
        case .closed:
            BIO_set_flags(bio, BIO_FLAGS_IN_EOF)
            return 0
        case .failed(let errno):
            socketError = errno.code
            return -1
        }
    }

    /// The other end sends what has to be answered and takes no answers (a key update is answered by another
    /// one, RFC 8446 §4.6.3, a renegotiation by an alert), or sends nothing but such things.
    private var isFlooded: Bool {
        guard case .established = state else { return false }
        return bytesWithoutContent > TLSConnection.withoutContentMax
            || (backlog ?? gathered).count > TLSConnection.unsentMax
    }

    /// Records of handshakes read in a row. One of content has 16 KiB at most, tickets a few.
    private static var withoutContentMax: Int { 128 << 10 }
    /// Records that wait for the socket while more is read: those of 64 KiB of content, and what was said
    /// besides.
    private static var unsentMax: Int { 96 << 10 }

    /// Takes a record, or a part of one, that is to be sent.
    func gather(_ bytes: UnsafeRawBufferPointer) {
        (backlog ?? gathered).append(bytes.assumingMemoryBound(to: UInt8.self))
    }

    // MARK: What was gathered

    /// Records wait for the socket.
    var hasUnsent: Bool { backlog != nil || !gathered.isEmpty }

    /// Sends all that was gathered.
    ///
    /// - Parameter isLast: the caller closes the socket once all is taken: see `Socket.send`.
    /// - Returns: `.bytes` when the socket has taken all of it, `.wouldBlock` when the rest is kept here.
    func flush(isLast: Bool = false) -> IOOutcome {
        if let failure = failureAhead.take() {
            dropUnsent()
            return failure
        }
        let waiting = backlog ?? gathered
        while !waiting.isEmpty {
            let outcome = waiting.withUnsafeReadable { Socket.send(fd, $0, more: isLast) }
            switch outcome {
            case .bytes(let count):
                waiting.consume(count)
            case .wouldBlock:
                keepGathered()
                return .wouldBlock
            case .closed, .failed:
                dropUnsent()
                return outcome
            }
        }
        backlog = nil
        return .bytes(0)
    }

    /// Holds what was gathered for this connection alone: others gather in the same place.
    func keepGathered() {
        guard backlog == nil, !gathered.isEmpty else { return }
        let kept = ByteBuffer(capacity: gathered.count)
        kept.append(contentsOf: gathered)
        gathered.removeAll()
        backlog = kept
    }

    /// The socket takes nothing any more.
    func dropUnsent() {
        backlog = nil
        gathered.removeAll()
    }
}
