internal import Core
internal import HTTP
internal import Net

/// The content of a request: what of it was received, is kept, was sent on and is lost.
///
/// The one place that knows: whether content may be sent once more, what length a peer is promised, and
/// whether either connection is in step afterwards are asked here, and not of the location in force, which
/// may be another than the one that the content was read for. Fed with the bytes that follow the head;
/// knows framing, not descriptors.
final class RequestBody {
    /// What becomes of content as it arrives.
    enum Keeping {
        /// Nobody asked for it yet.
        case unread
        /// Kept whole: in memory up to a size, then in a temporary file (`proxy_request_buffering on`).
        case whole(memoryMax: Int, path: String)
        /// Kept until the upstream took it (`proxy_request_buffering off`).
        case stream
        /// Dropped: the response does not need it.
        case discard
    }

    private enum Framing {
        case none
        case length(remaining: Int64)
        case chunked(ChunkedDecoder)
        case ended
        /// What follows cannot be told from the next request.
        case broken
    }

    /// What a peer is promised as the content of a request.
    enum Offer: Equatable {
        /// Neither content nor a length.
        case none
        case length(Int64)
        /// RFC 9112 §7.1: in chunks, as it comes.
        case chunked
    }

    /// Where the content that a peer gets comes from.
    private enum Source {
        case nothing
        /// `proxy_set_body`
        case replacement
        /// What is kept; it stays.
        case kept
        /// What came from the client since; it is let go as it is sent.
        case stream
    }

    private var framing = Framing.none
    private(set) var keeping = Keeping.unread
    /// All content received so far is still here.
    private(set) var isIntact = true
    /// Content kept in memory, in order; with `file`, the part that is not yet in it.
    let memory = ByteBuffer(capacity: 16)
    private(set) var file: TemporaryFile?
    /// Bytes of content decoded so far.
    private(set) var receivedCount: Int64 = 0
    /// Most content in chunks (`client_max_body_size`; a length is judged with the head); 0: no limit.
    var sizeMax: Int64 = 0

    /// What the peer in force was promised; its head says so.
    private(set) var offer = Offer.none
    private var source = Source.nothing
    /// Bytes of content given to the attempt under way.
    private var givenCount: Int64 = 0
    private var isLastChunkGiven = false
    /// What `proxy_set_body` puts in the content's place.
    let replacement = ByteBuffer(capacity: 16)

    /// Whether the last byte of the request was seen.
    var isComplete: Bool {
        switch framing {
        case .none, .ended: true
        case .length, .chunked, .broken: false
        }
    }

    /// Whether there is more to be read.
    var isAwaited: Bool {
        switch framing {
        case .length, .chunked: true
        case .none, .ended, .broken: false
        }
    }

    /// The connection can be read to the end of this request, and a next one found behind it.
    var isInStep: Bool {
        if case .broken = framing { false } else { true }
    }

    /// What the head says; `nil`: chunks, or no content.
    private var declaredLength: Int64?
    /// The request has content, even an empty one in chunks.
    private(set) var isPresent = false

    /// Starts for a new request.
    func begin(contentLength: Int64?, isChunked: Bool) {
        declaredLength = isChunked ? nil : contentLength
        isPresent = isChunked || contentLength != nil
        if isChunked {
            framing = .chunked(ChunkedDecoder())
        } else if let contentLength, contentLength > 0 {
            framing = .length(remaining: contentLength)
        } else {
            framing = .none
        }
    }

    /// Forgets everything; gives memory and file back.
    func reset() {
        framing = .none
        keeping = .unread
        memory.removeAll()
        memory.shrink(toCapacity: 16 << 10)
        file = nil
        isIntact = true
        receivedCount = 0
        declaredLength = nil
        isPresent = false
        sizeMax = 0
        offer = .none
        source = .nothing
        restart()
        replacement.removeAll()
    }

    /// Somebody has use for the content, kept in this way. What is kept whole stays so; what is lost is not
    /// worth reading on.
    func keep(_ wanted: Keeping) {
        guard isIntact else { return keeping = .discard }
        switch keeping {
        case .unread, .stream: keeping = wanted
        case .whole, .discard: break
        }
    }

    /// Nobody has use for what is still to come.
    func discard() {
        keeping = .discard
        if isAwaited { isIntact = false }
    }

    /// Most bytes to read so that nothing behind the content is touched; `nil`: not known (chunks).
    var readLimit: Int? {
        switch framing {
        case .length(let remaining): Int(clamping: remaining)
        case .chunked: nil
        case .none, .ended, .broken: 0
        }
    }

    /// Takes content from `input`, beginning at `offset`.
    ///
    /// - Returns: the position in `input` behind the last byte that belongs to this request.
    func take(_ input: ByteBuffer, from offset: Int) throws(BodyError) -> Int {
        do {
            return try takeFramed(input, from: offset)
        } catch {
            framing = .broken
            isIntact = false
            throw error
        }
    }

    private func takeFramed(_ input: ByteBuffer, from offset: Int) throws(BodyError) -> Int {
        switch framing {
        case .none, .ended, .broken:
            return offset
        case .length(let remaining):
            let count = min(Int(clamping: remaining), input.count - offset)
            try store(Slice(from: offset, to: offset + count), of: input)
            let rest = remaining - Int64(count)
            framing = rest == 0 ? .ended : .length(remaining: rest)
            return offset + count
        case .chunked(var decoder):
            let end = try decode(input, from: offset, &decoder)
            if case .chunked = framing { framing = .chunked(decoder) }
            return end
        }
    }

    private func decode(
        _ input: ByteBuffer, from offset: Int, _ decoder: inout ChunkedDecoder
    ) throws(BodyError) -> Int {
        var position = offset
        while true {
            let piece: ChunkedDecoder.Piece
            do {
                piece = try input.withReadable { (bytes) throws(ChunkError) in
                    try decoder.decode(bytes, from: position)
                }
            } catch {
                throw .badChunk(error)
            }
            switch piece {
            case .content(let range):
                let total = receivedCount + Int64(range.count)
                if sizeMax > 0, total > sizeMax { throw .tooLarge(count: total) }
                try store(Slice(from: range.lowerBound, to: range.upperBound), of: input)
                position = range.upperBound
            case .needsMore:
                return input.count
            case .finished(let consumed):
                framing = .ended
                return consumed
            }
        }
    }

    private func store(_ slice: Slice, of input: ByteBuffer) throws(BodyError) {
        guard !slice.isEmpty else { return }
        receivedCount += Int64(slice.count)
        switch keeping {
        case .unread, .discard:
            isIntact = false
        case .stream:
            memory.append(slice, of: input)
        case .whole(let memoryMax, let path):
            memory.append(slice, of: input)
            if memory.count > memoryMax || file != nil { try spill(path) }
        }
    }

    private func spill(_ path: String) throws(BodyError) {
        do {
            try TemporaryFile.move(memory, to: &file, in: path)
        } catch {
            throw .storage(error)
        }
    }

    // MARK: On its way to a peer

    /// Settles what the next peer, and those after it for the same target, are promised.
    ///
    /// Content of which a part is lost is never promised: the peer gets none, and is told so.
    /// - Parameters:
    ///   - isReplaced: `replacement` takes the content's place.
    ///   - passes: `proxy_pass_request_body`
    func settleOffer(isReplaced: Bool, passes: Bool) {
        (offer, source) = nextOffer(isReplaced, passes)
        restart()
    }

    private func nextOffer(_ isReplaced: Bool, _ passes: Bool) -> (Offer, Source) {
        if isReplaced { return (.length(Int64(replacement.count)), .replacement) }
        guard passes, isPresent else { return (.none, .nothing) }
        guard isIntact else { return (.length(0), .nothing) }
        switch keeping {
        case .unread, .discard:
            return (.length(0), .nothing)
        case .whole:
            return isComplete ? (.length(receivedCount), .kept) : (.length(0), .nothing)
        case .stream:
            // All of it is here: its length is known, however the client framed it.
            let length = isComplete ? receivedCount : declaredLength
            return (length.map { .length($0) } ?? .chunked, .stream)
        }
    }

    /// The same is given to another peer, from its beginning.
    func restart() {
        givenCount = 0
        isLastChunkGiven = false
    }

    /// Whether what was promised can be given from its beginning.
    var canBeSentAgain: Bool {
        switch source {
        case .nothing, .replacement: true
        case .kept, .stream: isIntact
        }
    }

    /// Everything that was promised was given: the peer does not wait for more of this request.
    var isGiven: Bool {
        switch offer {
        case .none: true
        case .length(let length): givenCount == length
        case .chunked: isLastChunkGiven
        }
    }

    /// Whether the peer takes content as it comes from the client.
    var isStreamed: Bool {
        if case .stream = source { true } else { false }
    }

    /// Appends the next piece of what was promised, framed, as far as it is here.
    ///
    /// - Returns: `false`: it cannot be read any more.
    func give(to out: ByteBuffer, atMost pieceMax: Int) -> Bool {
        switch source {
        case .nothing:
            return true
        case .replacement:
            give(replacement, to: out, atMost: pieceMax)
            return true
        case .kept:
            if let file { return give(file, to: out, atMost: pieceMax) }
            give(memory, to: out, atMost: pieceMax)
            return true
        case .stream:
            giveStreamed(to: out)
            return true
        }
    }

    private func give(_ stored: ByteBuffer, to out: ByteBuffer, atMost pieceMax: Int) {
        let start = Int(givenCount)
        let count = min(stored.count - start, pieceMax)
        guard count > 0 else { return }
        out.append(Slice(from: start, to: start + count), of: stored)
        givenCount += Int64(count)
    }

    private func give(_ file: TemporaryFile, to out: ByteBuffer, atMost pieceMax: Int) -> Bool {
        let count = Int(min(file.size - givenCount, Int64(pieceMax)))
        guard count > 0 else { return true }
        guard case .bytes(let read) = file.read(into: out, at: givenCount, count: count), read > 0 else {
            isIntact = false
            return false
        }
        givenCount += Int64(read)
        return true
    }

    private func giveStreamed(to out: ByteBuffer) {
        if !memory.isEmpty {
            if case .chunked = offer {
                out.append(hexadecimal: UInt(memory.count))
                out.append("\r\n")
            }
            out.append(contentsOf: memory)
            if case .chunked = offer { out.append("\r\n") }
            givenCount += Int64(memory.count)
            memory.removeAll()
            isIntact = false
        }
        if case .chunked = offer, isComplete, !isLastChunkGiven {
            out.append("0\r\n\r\n")
            isLastChunkGiven = true
        }
    }
}

/// Why a request's content was refused.
enum BodyError: Error {
    /// 400: RFC 9112 §7.1.
    case badChunk(ChunkError)
    /// 413: `client_max_body_size`; so many bytes have come.
    case tooLarge(count: Int64)
    /// 500: the temporary file could not be written.
    case storage(Errno)

    var status: UInt16 {
        switch self {
        case .badChunk: 400
        case .tooLarge: 413
        case .storage: 500
        }
    }
}
