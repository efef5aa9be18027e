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

    private var reader = ContentReader()
    private(set) var keeping = Keeping.unread
    /// All content received so far is still here.
    private(set) var isIntact = true
    private var kept: KeptContent
    /// Content kept whole; with `file`, the part that is not yet in it.
    var memory: ByteBuffer { kept.memory }
    var file: TemporaryFile? { kept.file }
    /// Content on its way through, with what frames it; borrowed, and only while there is some.
    private var stream: ByteBuffer?
    private let pool: ContentBuffers
    /// Bytes of content decoded so far.
    private(set) var receivedCount: Int64 = 0
    /// Most content in chunks (`client_max_body_size`; a length is judged with the head); 0: no limit.
    var sizeMax: Int64 = 0

    /// What the peer in force was promised; its head says so.
    private(set) var offer = Offer.none
    private var source = Source.nothing
    /// Bytes of content given to the attempt under way.
    private(set) var givenCount: Int64 = 0
    var chunk = Chunk.none
    /// Most content of a stream that is kept after it was given, in bytes.
    private var copyMax: Int64 = 0
    /// What stood behind the content; `nil`: nothing.
    private(set) var trailers: TrailerSection?
    /// What of that the peers get, in lines.
    var passedTrailers: ByteBuffer?
    /// What `proxy_set_body` puts in the content's place.
    let replacement = ByteBuffer(capacity: 0)

    /// Most content of a stream that is held, in bytes; settled when its buffer is taken.
    private(set) var streamMax = ContentBuffers.narrowStream
    /// `copyMax` where frames end the content.
    private static var copiedMax: Int64 { 16 << 10 }
    /// Bytes that a stream's buffer has for what frames the content.
    private static var framingRoom: Int { 64 }

    /// - Parameter pool: where memory for content that is not small comes from.
    init(pool: ContentBuffers) {
        self.pool = pool
        kept = KeptContent(pool: pool)
    }

    /// Whether the last byte of the request was seen.
    var isComplete: Bool { reader.isEnded }

    /// Whether there is more to be read.
    var isAwaited: Bool { reader.isAwaited }

    /// The connection can be read to the end of this request, and a next one found behind it.
    var isInStep: Bool { !reader.isLost }

    /// What the head says; `nil`: chunks, or no content.
    private var declaredLength: Int64?
    /// The request has content, even an empty one in chunks.
    private(set) var isPresent = false

    /// Starts for a new request; content of unknown length comes in chunks. A stream says itself where it
    /// ends: what stands behind its content comes before that.
    func begin(_ length: ContentLength, by version: HTTPVersion = .http11) {
        declaredLength = length.declared
        isPresent = length != .none
        switch length {
        case .none: reader.begin(.none)
        case .known where version == .http2, .unknown where version == .http2: reader.begin(.untilClose)
        case .known(let count): reader.begin(.length(count))
        case .unknown: reader.begin(.chunked)
        }
    }

    /// Forgets everything; gives memory and file back.
    func reset() {
        reader.begin(.none)
        keeping = .unread
        kept.reset()
        releaseStream()
        isIntact = true
        receivedCount = 0
        declaredLength = nil
        isPresent = false
        sizeMax = 0
        offer = .none
        source = .nothing
        restart()
        replacement.removeAll()
        if trailers != nil { trailers = nil }
        if passedTrailers != nil { passedTrailers = nil }
    }

    /// Somebody has use for the content, kept in this way. What is kept whole stays so; what is lost is not
    /// worth reading on.
    func keep(_ wanted: Keeping) {
        guard isIntact else { return keeping = .discard }
        switch keeping {
        case .unread, .stream: keeping = wanted
        case .whole, .discard: break
        }
        guard case .whole = keeping, let stream else { return }
        kept.add(stream)
        releaseStream()
    }

    private func releaseStream() {
        guard let buffer = stream.take() else { return }
        pool.endStream(of: streamMax)
        pool.give(buffer)
    }

    /// Content of a stream that was not yet given, in bytes.
    var streamedCount: Int { stream?.count ?? 0 }

    private var streamRoom: Int { max(streamMax - streamedCount, 0) }

    /// What is kept whole goes to a file with the next content that comes: others need the memory.
    func spareMemory() {
        guard case .whole(var plan) = keeping, plan.memoryMax > 0 else { return }
        plan.memoryMax = 0
        keeping = .whole(plan)
    }

    /// Has the content that `other` keeps whole, if it does: a copy of what is in memory, and the same file.
    func copy(_ other: RequestBody) {
        guard other.isPresent, other.isKeptWhole else { return }
        keeping = other.keeping
        kept.copy(other.kept)
        receivedCount = other.receivedCount
        declaredLength = other.receivedCount
        isPresent = true
    }

    /// Nobody has use for what is still to come.
    func discard() {
        keeping = .discard
        if isAwaited { isIntact = false }
    }

    /// Where content that needs neither decoding nor a file can be read to: it stays there.
    var place: ContentPlace? {
        guard let remaining = reader.remaining else { return nil }
        let limit = Int(clamping: remaining)
        switch keeping {
        case .unread, .discard:
            return nil
        case .stream:
            let buffer = streamBuffer
            let room = streamRoom
            guard room > 0 else { return nil }
            return ContentPlace(buffer: buffer, limit: min(limit, room))
        case .whole(let plan):
            return kept.place(limit, plan)
        }
    }

    private var streamBuffer: ByteBuffer {
        if let stream { return stream }
        streamMax = pool.beginStream()
        let fresh = pool.take(capacity: streamMax + RequestBody.framingRoom)
        stream = fresh
        return fresh
    }

    /// So many bytes were read to `place`.
    func placed(_ count: Int) {
        if streamedCount == 0 { releaseStream() }
        guard count > 0 else { return }
        receivedCount += Int64(count)
        reader.took(count)
    }

    /// Most bytes to read for `take`, so that nothing behind the content is touched and no more is held than
    /// may be.
    var readLimit: Int {
        guard reader.isAwaited else { return 0 }
        let limit = Int(clamping: reader.remaining ?? .max)
        if case .stream = keeping { return min(limit, max(streamRoom, 1)) }
        return limit
    }

    /// Takes content from `input`, beginning at `offset`.
    ///
    /// - Returns: the position in `input` behind the last byte that belongs to this request.
    func take(_ input: ByteBuffer, from offset: Int) throws(BodyError) -> Int {
        do {
            let end = try takeFramed(input, from: offset)
            if isComplete { try completeKept() }
            return end
        } catch {
            lose()
            throw error
        }
    }

    /// All of it is here: what is to be in a file goes there.
    func completeKept() throws(BodyError) {
        guard case .whole(let plan) = keeping, isIntact else { return }
        do {
            try kept.complete(plan)
        } catch {
            throw .storage(error)
        }
    }

    /// What is in memory, and nowhere else: `$request_body`.
    var held: ByteBuffer? {
        switch keeping {
        case .whole: kept.file == nil && isComplete ? kept.memory : nil
        case .stream: isIntact && kept.memory.isEmpty ? stream : nil
        case .unread, .discard: nil
        }
    }

    private func takeFramed(_ input: ByteBuffer, from offset: Int) throws(BodyError) -> Int {
        var position = offset
        while reader.isAwaited {
            switch try nextPiece(input, from: position) {
            case .content(let range):
                let slice = Slice(from: range.lowerBound, to: range.upperBound)
                try store(slice, of: input, judging: receivedCount + Int64(range.count))
                position = range.upperBound
            case .trailers(let range):
                takeTrailers(range, of: input)
                position = range.upperBound
            case .needsMore:
                try judge(receivedCount &+ min(reader.announcedCount, .max - receivedCount))
                return input.count
            case .ended(let end):
                position = end
            }
        }
        return position
    }

    /// Takes lines, or a part of them, that stand behind the content; whoever reads them bounds them.
    func takeTrailers(_ lines: Range<Int>, of input: ByteBuffer) {
        if case .discard = keeping { return }
        let section = trailers ?? TrailerSection()
        trailers = section
        section.append(lines: lines, of: input)
    }

    private func nextPiece(
        _ input: ByteBuffer, from position: Int
    ) throws(BodyError) -> ContentReader.Piece {
        do {
            return try reader.next(in: input, from: position)
        } catch {
            throw .badChunk(error)
        }
    }

    func took(_ count: Int) { reader.took(count) }

    func closed() -> Bool { reader.closed() }

    /// What came cannot be used, nor what is still to come.
    func lose() {
        reader.lose()
        isIntact = false
    }

    /// `client_max_body_size`; a length was judged with the head.
    private func judge(_ total: Int64) throws(BodyError) {
        if declaredLength == nil, sizeMax > 0, total > sizeMax { throw .tooLarge(count: total) }
    }

    /// - Parameter total: bytes of content with those of `slice`.
    func store(_ slice: Slice, of input: ByteBuffer, judging total: Int64) throws(BodyError) {
        try judge(total)
        guard !slice.isEmpty else { return }
        receivedCount += Int64(slice.count)
        switch keeping {
        case .unread, .discard:
            isIntact = false
        case .stream:
            streamBuffer.append(slice, of: input)
        case .whole(let plan):
            do {
                try kept.append(slice, of: input, plan)
            } catch {
                throw .storage(error)
            }
        }
    }

    // MARK: On its way to a peer

    /// Settles what the next peer, and those after it for the same target, are promised.
    ///
    /// Content of which a part is lost is never promised: the peer gets none, and is told so.
    /// - Parameter isFramed: content of unknown length goes in chunks; otherwise the protocol ends it.
    func settleOffer(of wanted: Wanted, isFramed: Bool = true) {
        copyMax = isFramed ? 0 : RequestBody.copiedMax
        (offer, source) = nextOffer(of: wanted)
        switch (offer, isFramed) {
        case (.chunked, false): offer = .unframed
        case (.length, true) where hasTrailers: offer = .chunked
        default: break
        }
        restart()
    }

    /// What the peer gets is the client's content, and something stands behind it.
    private var hasTrailers: Bool { (source == .stream || source == .kept) && passedTrailers != nil }

    private func nextOffer(of wanted: Wanted) -> (Offer, Source) {
        if case .replacement = wanted { return (.length(Int64(replacement.count)), .replacement) }
        guard case .content = wanted, isPresent else { return (.none, .nothing) }
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
        chunk = .none
        guard case .stream = keeping, isIntact, !kept.memory.isEmpty else { return }
        // What was given stands in front of what was not.
        let stream = streamBuffer
        kept.memory.append(contentsOf: stream)
        stream.removeAll()
        stream.append(contentsOf: kept.memory)
        kept.reset()
    }

    /// Keeps a copy of what is given, as long as all of it is small: as nobody has answered yet, another peer
    /// may have to be given it. HTTP/1 is as in nginx: content that goes as it comes goes once.
    private func copyGiven(_ count: Int, of stream: ByteBuffer) {
        guard isIntact else { return }
        guard givenCount <= copyMax, declaredLength ?? 0 <= copyMax else { return loseGiven() }
        kept.memory.append(Slice(from: 0, to: count), of: stream)
    }

    /// The peer has answered: what was given is not given again.
    func forgetGiven() {
        if case .stream = keeping, isIntact, givenCount > 0 { loseGiven() }
    }

    private func loseGiven() {
        isIntact = false
        kept.reset()
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
        case .chunked: if case .ended = chunk { true } else { false }
        case .unframed: isComplete && streamedCount == 0
        }
    }

    /// It is known what stands behind the content that is given.
    var isEndKnown: Bool { source != .stream || isComplete }

    /// Whether nothing of what was promised is left, once so many bytes more were given.
    func isGiven(with count: Int) -> Bool {
        switch offer {
        case .none: true
        case .length(let length): givenCount + Int64(count) == length
        case .chunked: false
        case .unframed: isComplete && streamedCount == count
        }
    }

    /// What was promised and is here, as far as it was not given. What stands before it in its framing is
    /// appended to `out`.
    func next(framing out: ByteBuffer) -> Portion {
        switch source {
        case .nothing: .nothing
        case .replacement: rest(of: replacement)
        case .kept: nextKept(framing: out)
        case .stream: nextStreamed(framing: out)
        }
    }

    private func rest(of buffer: ByteBuffer) -> Portion {
        let start = Int(givenCount)
        guard start < buffer.count else { return .nothing }
        return .bytes(Slice(from: start, to: min(buffer.count, start + RequestBody.pieceMax)), of: buffer)
    }

    /// Most bytes of a `Portion`.
    private static var pieceMax: Int { 1 << 30 }

    private func nextKept(framing out: ByteBuffer) -> Portion {
        if case .chunked = offer { frameKept(out) }
        return file == nil ? rest(of: memory) : givenCount < receivedCount ? .stored : .nothing
    }

    private func nextStreamed(framing out: ByteBuffer) -> Portion {
        if case .chunked = offer, case .none = chunk { openChunk(out) }
        guard let stream, !stream.isEmpty else { return .nothing }
        guard case .open(let left, _) = chunk else {
            return .bytes(Slice(from: 0, to: stream.count), of: stream)
        }
        return .bytes(Slice(from: 0, to: left), of: stream)
    }

    /// RFC 9112 §7.1: all that is here becomes a chunk. Its size is sent before it; what ends it joins it.
    private func openChunk(_ out: ByteBuffer) {
        guard let stream, !stream.isEmpty else {
            guard isComplete else { return }
            ChunkWriter.appendLast(passedTrailers, to: out)
            chunk = .ended
            return
        }
        ChunkWriter.begin(stream.count, to: out)
        stream.append(ChunkWriter.end)
        if isComplete { ChunkWriter.appendLast(passedTrailers, to: stream) }
        chunk = .open(left: stream.count, isLast: isComplete)
        isIntact = false
    }

    /// So many bytes of the portion are on their way.
    func gave(_ count: Int) {
        guard count > 0 else { return }
        givenCount += Int64(count)
        guard case .stream = source, let stream else { return }
        copyGiven(count, of: stream)
        stream.consume(count)
        if case .open(let left, let isLast) = chunk {
            chunk = left > count ? .open(left: left - count, isLast: isLast) : isLast ? .ended : .none
        }
        if stream.isEmpty { releaseStream() }
    }

    /// Copies the next portion, framed, behind what is in `out`.
    ///
    /// - Returns: `false`: it cannot be read any more.
    func give(to out: ByteBuffer, atMost pieceMax: Int) -> Bool {
        switch next(framing: out) {
        case .nothing:
            return true
        case .bytes(let slice, of: let buffer):
            let count = min(Int(slice.count), pieceMax)
            out.append(Slice(from: Int(slice.start), to: Int(slice.start) + count), of: buffer)
            gave(count)
            return true
        case .stored:
            return giveStored(to: out, atMost: pieceMax)
        }
    }

    private func giveStored(to out: ByteBuffer, atMost pieceMax: Int) -> Bool {
        let count = Int(min(receivedCount - givenCount, Int64(pieceMax)))
        guard case .bytes(let read)? = file?.read(into: out, at: givenCount, count: count), read > 0 else {
            isIntact = false
            return false
        }
        givenCount += Int64(read)
        return true
    }
}
