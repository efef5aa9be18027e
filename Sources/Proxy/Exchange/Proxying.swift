internal import HTTP
internal import Net

/// What of a request was settled for its upstream; kept for what is logged when that is over. Forgotten by
/// one assignment.
struct Proxying {
    /// Where a proxying location sends it; kept for `$proxy_host` and the like.
    var target: ProxyTarget?
    /// The method that the peer was sent: it decides how the response is framed.
    var method = Method.get
    /// The peer was sent an `Upgrade` field.
    var asksForUpgrade = false
    /// It is a call of a browser (`grpc_web`): how its messages are written.
    var web: GRPCWeb.Form?
    /// `proxy_ssl_certificate` with variables: what gateways are shown of us; `nil`: nothing.
    var certificate: TLSClientContext?
}
