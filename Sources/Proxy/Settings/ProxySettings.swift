internal import Config
internal import Core
internal import Net
internal import Upstream

/// How a request is passed to an upstream. Times are milliseconds, sizes bytes.
struct ProxySettings {
    // Where and how.
    var httpVersion = UpstreamHTTPVersion.http11
    /// HTTP/1.1 is no way out: what is passed on cannot be said in it.
    var needsHTTP2 = false
    /// `http2_peer_ping`; 0: no peer is asked whether it is still there.
    var http2PeerPingMs = 0
    /// `http2_peer_streams`
    var http2PeerStreams = 100
    var method: Template<Variable>?
    var passesRequestHeaders = true
    var passesRequestBody = true
    var setBody: Template<Variable>?
    var setHeaders = Inheritable<ProxyHeader>()
    var bind: LocalBinding?
    var socketKeepalive = false

    // Times.
    var connectTimeoutMs = 60_000
    var sendTimeoutMs = 60_000
    var readTimeoutMs = 60_000

    // The response.
    var hideHeaders = Replaceable<String>()
    var passHeaders = Replaceable<String>()
    var ignoreHeaders: IgnoredHeaders = []
    var redirects = Replaceable<ProxyRedirect>()
    var redirectIsOff = false
    var cookieDomains = Replaceable<ProxyRedirect>()
    var cookiePaths = Replaceable<ProxyRedirect>()
    var cookieFlags = Replaceable<CookieFlagRule>()
    var passesTrailers = false
    /// `grpc_web`
    var translatesWeb = false
    var interceptsErrors = false
    var ignoresClientAbort = false
    /// `proxy_force_ranges`
    var forcesRanges = false

    // Buffers.
    var isBuffered = true
    /// Bytes a second that a response is read at, where it is buffered.
    var limitRate = RateSetting.fixed(0)
    var isRequestBuffered = true
    var bufferSize = 4096
    var bufferCount = 8
    var bodyBufferSize = 4096
    /// `nil`: two of the larger buffers.
    var busyBuffersSize: Int?
    var maxTempFileSize: Int64 = 1 << 30
    var tempPath = "proxy_temp"

    // Failover.
    var nextUpstream = Attempts.Terms()
    /// Most requests that are tried again at one time, in percent of those under way; `nil`: any number.
    var nextUpstreamBudget: Int? = 20

    // TLS.
    var sslServerName = false
    var sslName: Template<Variable>?
    var sslVerify = false
    var sslVerifyDepth = 1
    var sslTrustedCertificate: String?
    var sslProtocols: TLSProtocols = [.tls12, .tls13]
    var sslCiphers = "DEFAULT"
    var sslSessionReuse = true
    var sslCertificate: String?
    var sslCertificateKey: String?
    var certificateCaching = CertificateCaching()
    var sslPasswordFile: String?
    var sslRevocations: String?
    var sslConfCommands = Replaceable<TLSCommand>()

    /// Variables name the certificate that peers are shown, or its key.
    var hasMadeCertificate: Bool {
        sslCertificate?.contains("$") == true || sslCertificateKey?.contains("$") == true
    }
}

/// `proxy_bind`: from where peers are called.
struct LocalBinding: Sendable {
    let address: Template<Variable>
    /// It need not be one of this machine.
    let isTransparent: Bool
}

/// One `proxy_set_header` line. A value that turns out empty removes the field.
struct ProxyHeader: Sendable {
    let name: [UInt8]
    let lowercasedName: [UInt8]
    let value: Template<Variable>
}

/// One `proxy_redirect`, `proxy_cookie_domain` or `proxy_cookie_path` line.
struct ProxyRedirect: Sendable {
    enum Pattern: Sendable {
        /// `default`: from the `proxy_pass` URL to the location's prefix.
        case locationDefault
        case prefix(Template<Variable>)
        case regex(Int)
    }
    let pattern: Pattern
    let replacement: Template<Variable>
}

/// `proxy_ignore_headers`.
struct IgnoredHeaders: OptionSet, Sendable {
    let rawValue: UInt16
    static let xAccelRedirect = Self(rawValue: 1 << 0)
    static let xAccelExpires = Self(rawValue: 1 << 1)
    static let xAccelLimitRate = Self(rawValue: 1 << 2)
    static let xAccelBuffering = Self(rawValue: 1 << 3)
    static let xAccelCharset = Self(rawValue: 1 << 4)
    static let expires = Self(rawValue: 1 << 5)
    static let cacheControl = Self(rawValue: 1 << 6)
    static let setCookie = Self(rawValue: 1 << 7)
    static let vary = Self(rawValue: 1 << 8)
}
