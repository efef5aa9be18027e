/// What the way of a request through the phases has come to, besides the server and the location in force.
/// Forgotten by one assignment.
struct Routing {
    /// Where the path and query in force come from.
    enum PathOrigin {
        /// The client sent them.
        case client
        /// A rewrite, `set $args` or an internal redirect made them.
        case changed
        /// `rewrite … break` made them for the location in force, whose name they need not begin with: they
        /// are sent on whole.
        case settled
    }

    var pathOrigin = PathOrigin.client
    /// A query was given, by the client or by whoever made the path in force; it may have become empty.
    var hasQuery = false
    /// Internal redirects so far; the eleventh is refused.
    var redirectCount = 0
    /// The request is being served again for an error page, a named location or the like.
    var isInternal = false
    /// `satisfy any`: how the checks so far would have the request answered.
    var refusal: UInt16?
    /// For whom content is read whole before the request is served itself.
    enum BodyWaiter {
        case nobody
        /// Copies of the request are to have it.
        case mirrors
        /// All phases are to know it (`client_body_early_read`).
        case phases
    }

    var bodyWaiter = BodyWaiter.nobody
    /// `try_files` found the path in force below the `alias` of a regular expression.
    var appendsPathToAlias = false
    /// Status that `error_page` is being served for; 0: none.
    var errorStatus: UInt16 = 0
    /// An error page was served: a further error gets the built-in page.
    var hasErrorPage = false
    /// The status of the answer is overruled by `error_page =code`.
    var statusOverride: UInt16?
}
