internal import Config
internal import Core
internal import Net

/// What the HTTP core of a location obeys: bodies, keep-alive, closing, errors and files.
///
/// A nested block starts with a copy of its parent's value. Times are milliseconds, sizes bytes.
struct CoreSettings {
    // Request bodies.
    var clientMaxBodySize: Int64 = 1 << 20
    var clientBodyBufferSize = 16 << 10
    var clientBodyTimeoutMs = 60_000
    var clientBodyTempFolder: TemporaryFolder = "client_body_temp"
    var bodyFileUse = BodyFileUse.whenLarge
    /// Whose content is read before a location is chosen: one of the values says yes.
    var bodyEarlyRead = Replaceable<Template<Variable>>()
    /// Slowest request body and slowest read of a response, in bytes a second after five seconds of
    /// grace; 0 switches the check off.
    var clientMinRate = 240

    /// `status_zone` of a location: which of the configuration's zones.
    var statusZone: Int?

    // Keep-alive and closing.
    var keepaliveDisable: BrowserKinds = .oldExplorer
    var keepaliveTimeoutMs = 75_000
    var keepaliveMinTimeoutMs = 0
    /// The `Keep-Alive: timeout=` that clients are told, in seconds; 0 tells nothing.
    var keepaliveHeaderSeconds = 0
    var keepaliveRequests = 1000
    var keepaliveTimeMs = 3_600_000
    var lingeringClose = LingeringClose.on
    var lingeringTimeMs = 30_000
    var lingeringTimeoutMs = 5_000
    var sendTimeoutMs = 60_000
    var resetsTimedOutConnections = false
    var tcpNodelay = true

    // Responses.
    var serverTokens = ServerTokens.on
    var chunkedTransferEncoding = true
    var absoluteRedirect = true
    var serverNameInRedirect = false
    var portInRedirect = true
    var limitRate = RateSetting.fixed(0)
    var limitRateAfter = RateSetting.fixed(0)

    /// Who gets the hints that a gateway sends ahead of its response: whose values say yes.
    var earlyHints = Replaceable<Template<Variable>>()

    /// Most bytes of content in a frame of HTTP/2.
    var http2ChunkSize = 16 << 10

    // Errors.
    var errorPages = Replaceable<ErrorPage>()
    var recursiveErrorPages = false
    /// `msie_refresh`
    var refreshesForExplorer = false
    /// `msie_padding`
    var padsErrorPages = true
    var logNotFound = true

    /// `post_action`: the path or named location that hears of requests that are over.
    var postAction: [UInt8]?

    // Access.
    var satisfy = Satisfy.all
    var authDelayMs = 0
    var isInternal = false

    // Files.
    var root = PathTemplate(Template(constant: Array("html".utf8)), in: "")
    var rootUse = RootUse.root
    var index = Replaceable<Template<Variable>>()
    var defaultType = Template<Variable>(constant: Array("text/plain".utf8))
    var types = MediaTypeTable()
    var etag = true
    var ifModifiedSince = IfModifiedSince.exact
    var maxRanges = Int.max
}

enum LingeringClose { case off, on, always }
enum ServerTokens: Equatable { case on, off, build }
enum Satisfy { case all, any }
enum IfModifiedSince { case off, exact, before }

/// What becomes of the path under `root` or `alias`; locations nested in the one that says so inherit it.
enum RootUse: Equatable {
    /// `root`: it is appended.
    case root
    /// `alias`: so many bytes of it, the name of the location that says so, are replaced.
    case alias(replacing: Int)
    /// `alias` in a location given by a regular expression: it names the whole file.
    case wholeFile
}

/// One `error_page` line for one code.
struct ErrorPage: Sendable {
    /// How the status of the final answer is chosen.
    enum Response: Sendable {
        /// No `=`: the original code stays.
        case unchanged
        /// `=`: what the target answers.
        case fromTarget
        /// `=200`.
        case status(UInt16)
    }
    let status: UInt16
    let response: Response
    /// A path that may have a query, a `@name` or an absolute URL (a redirect).
    let target: Template<Variable>
}
