public import Core

/// Tells a message's content from what frames it and from what stands behind it. RFC 9112 §6.3.
///
/// Fed with the bytes that follow the head, however they are split. Requests, responses, health checks and
/// whatever else reads a message ask here, and nowhere else, where its content ends.
public struct ContentReader: Sendable {
    /// What stands next in the input.
    public enum Piece: Equatable, Sendable {
        /// Content at these positions; call again from its end.
        case content(Range<Int>)
        /// Fields that stand behind the content, in lines; call again from their end.
        case trailers(Range<Int>)
        /// All of the input was used up, and the message goes on.
        case needsMore
        /// The message ended before this position.
        case ended(at: Int)
    }

    private enum Extent: Sendable {
        case counted
        case chunked
        case untilClose
        case ended
        /// Its framing was broken: nothing that follows can be told from anything else.
        case lost
    }

    private var extent = Extent.ended
    private var left: Int64 = 0
    private var decoder = ChunkedDecoder()

    /// Of a message without content.
    public init() {}

    /// Of content that begins now.
    public init(_ framing: BodyFraming) { begin(framing) }

    /// A message's content begins.
    public mutating func begin(_ framing: BodyFraming) {
        switch framing {
        case .none: extent = .ended
        case .length(let length):
            left = length
            extent = length > 0 ? .counted : .ended
        case .chunked:
            decoder = ChunkedDecoder()
            extent = .chunked
        case .untilClose: extent = .untilClose
        }
    }

    // MARK: Where it stands

    /// The last byte of the message was seen.
    public var isEnded: Bool { extent == .ended }

    /// There is more to come.
    public var isAwaited: Bool {
        switch extent {
        case .counted, .chunked, .untilClose: true
        case .ended, .lost: false
        }
    }

    /// What follows cannot be told from another message.
    public var isLost: Bool { extent == .lost }

    /// The content comes in chunks, and has not ended.
    public var isChunked: Bool { extent == .chunked }

    /// Only the end of the connection ends it.
    public var isUntilClose: Bool { extent == .untilClose }

    /// Bytes that are still to come; `nil`: nobody knows, or none are.
    public var remaining: Int64? { extent == .counted ? left : nil }

    /// Bytes that are still to come as the chunk under way says.
    public var announcedCount: Int64 { extent == .chunked ? decoder.announcedCount : 0 }

    // MARK: Events

    /// Looks at `input` from position `start` on.
    ///
    /// - Throws: `ChunkError`; the content is lost.
    public mutating func next(in input: ByteBuffer, from start: Int) throws(ChunkError) -> Piece {
        switch extent {
        case .counted:
            let count = Int(min(left, Int64(input.count - start)))
            guard count > 0 else { return .needsMore }
            took(count)
            return .content(start..<(start + count))
        case .chunked:
            return try nextChunked(input, start)
        case .untilClose:
            return start < input.count ? .content(start..<input.count) : .needsMore
        case .ended:
            return .ended(at: start)
        case .lost:
            return .needsMore
        }
    }

    private mutating func nextChunked(_ input: ByteBuffer, _ start: Int) throws(ChunkError) -> Piece {
        let piece: ChunkedDecoder.Piece
        do {
            piece = try input.withReadable { (bytes) throws(ChunkError) in
                try decoder.decode(bytes, from: start)
            }
        } catch {
            extent = .lost
            throw error
        }
        switch piece {
        case .content(let range): return .content(range)
        case .trailers(let range): return .trailers(range)
        case .needsMore: return .needsMore
        case .finished(let consumed):
            extent = .ended
            return .ended(at: consumed)
        }
    }

    /// So many bytes of content whose length is known were read elsewhere: at most as many as remain.
    public mutating func took(_ count: Int) {
        guard extent == .counted else { return }
        left -= Int64(count)
        if left <= 0 { extent = .ended }
    }

    /// The other end closed the connection in good order.
    ///
    /// - Returns: whether the message is whole.
    public mutating func closed() -> Bool {
        if extent == .untilClose { extent = .ended }
        return isEnded
    }

    /// What came cannot be used: nothing behind it is looked at.
    public mutating func lose() { extent = .lost }
}
