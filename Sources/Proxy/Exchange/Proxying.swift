internal import Core
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

    /// Whether peers may be sent the request twice: what they see is the method that replaces the client's.
    func isIdempotent(_ clients: Method) -> Bool { clients.isIdempotent && method.isIdempotent }
}

extension Exchange {
    /// `proxy_method`: where variables make it, it may be nothing that can be sent. CONNECT would have an
    /// answer read as a tunnel (RFC 9110 §9.3.6), and in HTTP/2 has neither scheme nor path.
    ///
    /// - Returns: `false`: the request was refused.
    func settleMethod() -> Bool {
        guard let method = location.settings.proxy.method else { return true }
        let made = worker.takeScratch()
        defer { worker.giveScratch(made) }
        method.append(for: self, to: made)
        guard !made.withReadable({ Method.isName($0) && Method.recognise($0) != .connect }) else {
            return true
        }
        worker.log(.error, self, "\"proxy_method\" has come to no method that can be sent")
        finish(status: 500)
        return false
    }
}
