internal import Status

/// How the response of one exchange gets to its client, whichever protocol takes it: how much has left, how
/// much may have left by now, how fast the client takes it, and content that is made or read here.
///
/// Forgotten by one assignment; `Exchange.source` by itself, which most have none of: its end, as a part of
/// this, was three calls through tables.
struct Delivery {
    /// Where content comes from that is still to be given.
    enum Source {
        /// It was given at once, or an upstream gives it.
        case none
        /// A part of a file.
        case file(FileContent)
        /// An answer that is not made to its end yet.
        case work(SlicedWork)
        /// An answer that a child works out.
        case explaining(ExplainProcess)
    }

    /// Bytes of the response given to the protocol, and of those what is behind the head: in HTTP/1, as nginx
    /// counts, with what frames it.
    var bytesSent: Int64 = 0
    var contentBytesSent: Int64 = 0

    /// `$limit_rate` or `X-Accel-Limit-Rate`, in place of the location's `limit_rate`.
    var limitRate: Int64?
    /// `limit_rate` of the response.
    var rate = RateLimit()
    /// The next bytes of the response wait for their time.
    var isDelayed = false
    /// How fast the client takes the response.
    var pace = PaceLimit()

    /// A file of the location's root was found.
    var hasOpenedFile = false

    /// `gzip`: whether this client may get compressed content, once somebody has asked.
    var takesGzip: Bool?
}
