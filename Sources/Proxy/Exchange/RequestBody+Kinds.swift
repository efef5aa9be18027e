internal import Core

/// What is said of content, and asked of it.
extension RequestBody {
    /// What becomes of content as it arrives.
    enum Keeping {
        /// Nobody asked for it yet.
        case unread
        /// Kept whole: in memory up to a size, then in a temporary file (`proxy_request_buffering on`).
        case whole(KeepingPlan)
        /// Kept until the upstream took it (`proxy_request_buffering off`).
        case stream
        /// Dropped: the response does not need it.
        case discard
    }

    /// What is to be given next.
    enum Portion {
        /// Nothing that is here.
        case nothing
        /// Bytes that stand in memory.
        case bytes(Slice, of: ByteBuffer)
        /// A part of the file.
        case stored
    }

    /// The chunk that is being given.
    enum Chunk {
        case none
        /// Bytes of the stream that belong to it: content, what ends it, and the last chunk if that follows.
        case open(left: Int, isLast: Bool)
        /// It has all of the content that is kept.
        case whole
        case ended
    }

    /// What a peer is promised as the content of a request.
    enum Offer: Equatable {
        /// Neither content nor a length.
        case none
        case length(Int64)
        /// RFC 9112 §7.1: in chunks, as it comes.
        case chunked
        /// As it comes; where it ends is the protocol's matter.
        case unframed
    }

    /// What peers are to get.
    enum Wanted {
        /// What came from the client.
        case content
        /// `proxy_set_body`: `replacement`.
        case replacement
        /// `proxy_pass_request_body off`
        case nothing
    }
}
