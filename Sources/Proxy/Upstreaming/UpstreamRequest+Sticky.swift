internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// What one request has to do with `sticky`.
final class StickyBinding {
    /// `nil`: nothing.
    fileprivate var rule: StickyRule?
    /// The server's name, or the session's, that the request holds; empty: it holds none.
    fileprivate let said = ByteBuffer(capacity: 64)
    /// The server that it was given last.
    var server: ServerID?

    func reset() {
        rule = nil
        said.removeAll()
        // Strangers may make it as long as a head may be.
        said.shrink(toCapacity: 256)
        server = nil
    }
}

/// Clients that stay with a server: `sticky`.
extension UpstreamRequest {
    /// Finds out what the request is bound to.
    ///
    /// - Parameter group: one of the snapshot that the request is served by.
    func bind(to group: PeerGroup) {
        guard let rule = exchange.snapshot.configuration.stickyRule(of: group) else { return }
        let binding = self.binding ?? StickyBinding()
        self.binding = binding
        binding.reset()
        binding.rule = rule
        StickyRule.append(first: rule.lookups, of: exchange, to: binding.said)
        bind(binding, to: group)
    }

    /// The group may have other servers than when the request came.
    func bind(_ binding: StickyBinding, to group: PeerGroup) {
        group.bind(selection, to: server(of: binding))
    }

    private func server(of binding: StickyBinding) -> ServerID? {
        guard let rule = binding.rule, !binding.said.isEmpty else { return nil }
        guard case .learn(let learning) = rule.method else {
            return binding.said.withReadable { ServerID($0) }
        }
        let nowMs = Int(worker.clock.nowMs)
        return binding.said.withReadable {
            learning.table.server(of: $0, nowMs: nowMs, timeoutMs: learning.timeoutMs)
        }
    }

    // MARK: Cookies

    /// Adds the cookie that names the server. As in nginx, to every response of a request that was given to
    /// one, whoever makes it.
    func tellServer(_ response: Response) {
        guard let server = binding?.server, case .cookie(let cookie) = binding?.rule?.method else { return }
        response.add(.setCookie) { cookie.append(server, for: exchange, to: $0) }
    }

    /// Another target is about to be asked: the response goes on naming this one's server.
    func keepCookie() {
        guard let server = binding?.server, case .cookie(let cookie) = binding?.rule?.method else { return }
        let line = worker.takeScratch()
        defer { worker.giveScratch(line) }
        line.append(FieldName.setCookie.text)
        let field = Field(
            name: Slice(from: 0, to: line.count), value: Slice(), known: .setCookie, isConnectionNamed: false)
        exchange.keptFields.append(field, of: line) { cookie.append(server, for: exchange, to: $0) }
    }

    // MARK: Sessions

    /// The server that answered has the session from now on: one that it has begun, or that the request is
    /// of.
    ///
    /// - Parameter atHead: the head of the response has come; otherwise the attempt has ended.
    func learnSession(atHead: Bool) {
        guard let server = binding?.server, case .learn(let learning) = binding?.rule?.method,
            learning.atHead == atHead, let said = binding?.said
        else { return }
        let made = worker.takeScratch()
        defer { worker.giveScratch(made) }
        StickyRule.append(first: learning.creations, of: exchange, to: made)
        let session = made.isEmpty ? said : made
        guard !session.isEmpty else { return }
        let nowMs = Int(worker.clock.nowMs)
        let isKept = session.withReadable {
            learning.table.bind(
                $0, to: server, nowMs: nowMs, timeoutMs: learning.timeoutMs,
                unknown: made.isEmpty ? .ignored : .made)
        }
        guard !isKept, worker.limitLog.admit(nowMs: worker.clock.nowMs) != nil else { return }
        exchange.log(.warn, "sticky zone \"\(learning.zone)\" has no room for a session, or is held")
    }
}
