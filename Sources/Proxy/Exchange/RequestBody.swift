internal import Core
internal import HTTP
internal import Net

/// The content of a request: how much is still to come, and what is kept of it.
///
/// Fed with the bytes that follow the head; knows framing, not descriptors.
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
    }

    private var framing = Framing.none
    private(set) var keeping = Keeping.unread
    /// Content kept in memory, in order; with `file`, the part that is not yet in it.
    let memory = ByteBuffer(capacity: 16)
    private(set) var file: TemporaryFile?
    /// Bytes of content decoded so far.
    private(set) var receivedCount: Int64 = 0
    /// `client_max_body_size`; 0: no limit.
    var sizeMax: Int64 = 0

    /// Whether the last byte of the request was seen.
    var isComplete: Bool {
        switch framing {
        case .none, .ended: true
        case .length, .chunked: false
        }
    }

    /// Whether the client sends its length in chunks rather than in the head.
    private(set) var isChunked = false
    /// The request has content, even an empty one in chunks.
    private(set) var isPresent = false

    /// Starts for a new request.
    func begin(contentLength: Int64?, isChunked: Bool) {
        self.isChunked = isChunked
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
        receivedCount = 0
        isChunked = false
        isPresent = false
        sizeMax = 0
    }

    func keep(_ keeping: Keeping) {
        self.keeping = keeping
    }

    /// Most bytes to read so that nothing behind the content is touched; `nil`: not known (chunks).
    var readLimit: Int? {
        switch framing {
        case .length(let remaining): Int(clamping: remaining)
        case .chunked: nil
        case .none, .ended: 0
        }
    }

    /// Takes content from `input`, beginning at `offset`.
    ///
    /// - Returns: the position in `input` behind the last byte that belongs to this request.
    func take(_ input: ByteBuffer, from offset: Int) throws(BodyError) -> Int {
        switch framing {
        case .none, .ended:
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
        if sizeMax > 0 && receivedCount > sizeMax { throw .tooLarge }
        switch keeping {
        case .unread, .discard:
            break
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
}

/// Why a request's content was refused.
enum BodyError: Error {
    /// 400: RFC 9112 §7.1.
    case badChunk(ChunkError)
    /// 413: `client_max_body_size`.
    case tooLarge
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
