public import Net

/// What a configuration says of upstreams, and of connections to their peers.
public struct UpstreamPlan {
    /// Groups that locations pass to.
    package let upstreams: [UpstreamSettings]
    /// Numbers of what connections are found by, by its text.
    let connectionKeys: [String: Int]
    /// Numbers of TLS settings, by what they say.
    let tlsClientKeys: [String: Int]
    /// For what concerns no single request.
    let errorLog: ErrorLog

    /// All that there is to know of them.
    public init(
        _ upstreams: [UpstreamSettings], connectionKeys: [String: Int], tlsClientKeys: [String: Int],
        _ errorLog: ErrorLog
    ) {
        self.upstreams = upstreams
        self.connectionKeys = connectionKeys
        self.tlsClientKeys = tlsClientKeys
        self.errorLog = errorLog
    }
}
