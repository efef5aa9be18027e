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
        // A short read before it in the same call says as much as another one would.
        guard !isSocketDrained else {
            BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return -1
        }
        switch Socket.receive(fd, target) {
        case .bytes(let count):
            isSocketDrained = count < target.count && !endIsNear
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
