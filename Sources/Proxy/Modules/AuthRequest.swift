internal import Config
internal import Core
internal import HTTP
internal import Net

/// `auth_request`, `auth_request_set`: asks a location of the same server, mostly a gateway behind it,
/// whether the request may come in.
enum AuthRequest {
    static func check(_ exchange: Exchange) -> AccessVerdict {
        guard let path = exchange.location.settings.authRequest.path else { return .silent }
        exchange.askForLeave(at: path)
        return .awaited
    }

    /// What follows of the answer that `inner` got.
    ///
    /// One that was closed without an answer (`return 444`) ends the client's connection, as in nginx.
    static func verdict(
        _ inner: Exchange, _ answer: Subrequest.Answer, _ exchange: Exchange
    ) -> AccessVerdict {
        let status = inner.response.status
        switch (answer, status) {
        case (.response, 200..<300):
            return .granted
        case (.response, 401):
            copyChallenges(inner, exchange)
            return .refused(status)
        case (.response, 403), (.none, 408), (.none, 444), (.none, 499):
            return .refused(status)
        default:
            exchange.log(.error, "auth request unexpected status: \(status)")
            return .refused(500)
        }
    }

    /// `auth_request_set`: the values are the sub-request's, which shares its variables with `exchange`.
    static func setVariables(_ inner: Exchange, _ exchange: Exchange) {
        guard !exchange.location.settings.authRequest.variables.elements.isEmpty else { return }
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        for setting in exchange.location.settings.authRequest.variables.elements {
            scratch.removeAll()
            setting.value.append(for: inner, to: scratch)
            switch setting.variable {
            case .user(let index):
                inner.values.set(index, scratch)
            case .builtIn(let variable):
                Rewrite.set(variable, to: scratch, exchange)
            }
        }
    }

    /// The client gets all challenges of the gateway, also such as the location hides.
    private static func copyChallenges(_ inner: Exchange, _ exchange: Exchange) {
        var isFound = false
        for field in inner.response.fields where field.known == .wwwAuthenticate {
            exchange.response.add(field, of: inner.response.lines)
            isFound = true
        }
        guard !isFound, let head = inner.upstream?.response else { return }
        for field in head.fields where field.known == .wwwAuthenticate {
            exchange.response.add(field, of: head.bytes)
        }
    }
}
