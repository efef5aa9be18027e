internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Pattern
internal import Upstream

/// What rewrite steps, checks and limits make of a request.
extension RequestTrace {
    // MARK: Rewrite

    /// A pattern of `rewrite` or `if` was looked for.
    func looked(for index: Int, in subject: ByteBuffer, _ isMatch: Bool, _ exchange: Exchange) {
        let pattern = exchange.snapshot.configuration.patterns[index]
        var groups: [String] = []
        if isMatch {
            for group in 1...9 where group <= pattern.pattern.groupCount {
                let text = ByteBuffer.shown { exchange.appendCapture(group, to: $0) }
                groups.append("$\(group) = \"\(text)\"")
            }
        }
        add(
            .rewrite,
            "\"\(pattern.source)\" \(isMatch ? "matches" : "does not match")"
                + " \"\(subject.printableText)\"",
            of: exchange, at: pattern.place, groups)
    }

    /// `rewrite` sends the client elsewhere.
    func rewrote(_ exchange: Exchange, _ target: ByteBuffer) {
        add(.rewrite, "the client is sent to \"\(target.printableText)\"", of: exchange)
    }

    /// `rewrite` has changed path and query.
    func rewrote(_ exchange: Exchange, _ path: ByteBuffer, _ arguments: ByteBuffer) {
        let query = arguments.isEmpty ? "" : "?\(arguments.printableText)"
        add(.rewrite, "the path is \"\(path.printableText)\(query)\" from here on", of: exchange)
    }

    /// A step of the program was taken; expressions tell of themselves.
    func took(_ step: RewriteStep, _ exchange: Exchange) {
        switch step {
        case .set(let index, let value):
            let name = exchange.snapshot.configuration.setVariables[index] ?? "?"
            let made = ByteBuffer.shown { _ = Variables.append(.user(index), of: exchange, to: $0) }
            add(.rewrite, "set $\(name) to \"\(made)\" (\(value.source))", of: exchange)
        case .setBuiltIn(let variable, let value):
            add(.rewrite, "set $\(variable.rawValue) to \(value.source)", of: exchange)
        case .answer(let status, let text):
            add(.rewrite, "return \(status)\(text.map { " \($0.source)" } ?? "")", of: exchange)
        case .stop: add(.rewrite, "break", of: exchange)
        case .rewrite, .branch: break
        }
    }

    /// `if` has decided.
    func decided(_ condition: RewriteCondition, _ holds: Bool, _ exchange: Exchange) {
        let subject = ByteBuffer.shown { condition.subject.append(for: exchange, to: $0) }
        add(
            .rewrite,
            "if (\(condition.text(exchange.snapshot.configuration.patterns)))"
                + (holds ? " holds" : " does not hold"),
            of: exchange, ["\(condition.subject.source) = \"\(subject)\""])
    }

    // MARK: Limits and access

    /// `limit_req` and `limit_conn` are about to be asked; no other request is under way here.
    func limited(_ exchange: Exchange) {
        if exchange.limiting.requests == .unlimited { tellRates(exchange) }
        if exchange.limiting.connections == .unlimited { tellCounts(exchange) }
    }

    private func tellRates(_ exchange: Exchange) {
        for limit in exchange.location.settings.limitRequests.limits.elements {
            guard let line = limit.zone.line else { continue }
            let key = ByteBuffer.shown { line.key.append(for: exchange, to: $0) }
            // Thousandths of requests a second, of which those of a minute are not whole.
            let rate =
                line.rate % 1000 == 0
                ? "\(line.rate / 1000) a second" : "\((line.rate * 60 + 500) / 1000) a minute"
            add(
                .limit,
                "limit_req zone \"\(limit.zone.name)\": \(rate),"
                    + " burst \(limit.burst / 1000)",
                of: exchange, [RequestTrace.counted(line.key.source, key)])
        }
    }

    private func tellCounts(_ exchange: Exchange) {
        for limit in exchange.location.settings.limitConnections.limits.elements {
            guard let line = limit.zone.line else { continue }
            let key = ByteBuffer.shown { line.key.append(for: exchange, to: $0) }
            add(
                .limit, "limit_conn zone \"\(limit.zone.name)\": \(limit.most) at once", of: exchange,
                [RequestTrace.counted(line.key.source, key)])
        }
    }

    private static func counted(_ source: String, _ key: String) -> String {
        key.isEmpty
            ? "not counted: \(source) is empty for this request"
            : "counted for \(source) = \"\(key)\""
    }

    /// One of the ways of deciding about access was asked.
    func asked(_ check: AccessCheck, _ verdict: AccessVerdict, _ exchange: Exchange) {
        let what: String
        switch check {
        case .addresses:
            guard !exchange.location.settings.access.rules.elements.isEmpty else { return }
            let rule = exchange.location.settings.access.rules.elements.first {
                $0.range.contains(exchange.remoteAddress)
            }
            let client = ByteBuffer.shown { exchange.remoteAddress.append(addressTo: $0) }
            what = rule.map { "\"\($0.text)\" is about \(client)" } ?? "no rule is about \(client)"
        case .passwords:
            guard exchange.location.settings.auth.realm != nil else { return }
            what = "auth_basic"
        case .subrequest:
            guard let path = exchange.location.settings.authRequest.path else { return }
            what = "auth_request \(String(decoding: path, as: UTF8.self))"
        }
        let satisfy = exchange.location.settings.core.satisfy == .any ? " (satisfy any)" : ""
        let result =
            switch verdict {
            case .silent: "says nothing"
            case .granted: "lets the request in"
            case .refused(let status): "refuses it with \(status)"
            case .awaited: "is waited for"
            }
        add(.access, "\(what): \(result)\(satisfy)", of: exchange)
    }

    /// `ssl_verify_client`, for a client that shows no certificate.
    func certificateRefusal(of exchange: Exchange, _ wanted: ClientVerification) -> Refusal? {
        guard exchange.client.isSecure else { return nil }
        if namesServer, exchange.client.presumedServer !== exchange.server {
            add(.access, "ssl_verify_client: the handshake named another server: 421", of: exchange)
            return .status(421)
        }
        let isWanted = wanted == .required
        add(
            .access,
            "ssl_verify_client: a client without a certificate is \(isWanted ? "refused" : "let in")",
            of: exchange)
        return isWanted ? .noCertificate : nil
    }

    // MARK: Content

    /// What serves the request has been found.
    ///
    /// - Returns: whether it may: nothing is changed for a request that is only explained.
    func serves(_ exchange: Exchange) -> Bool {
        switch exchange.location.settings.content {
        case .proxy(let target):
            add(.content, "\(target.directivePrefix)_pass \(target.text)", of: exchange)
        case .tunnel:
            add(.content, "tunnel_pass", of: exchange)
        case .module(let module) where module === StaticFiles.module:
            let path = ByteBuffer.shown { FilePath.append(for: exchange, to: $0) }
            add(.content, "the file \"\(path)\"", of: exchange)
        case .module(let module):
            guard exchange.method == .get || exchange.method == .head || !module.hasReserve else {
                add(.content, "an answer made here, which would change something: not asked", of: exchange)
                if !exchange.isSubrequest { end() }
                return false
            }
            add(.content, "an answer made here", of: exchange)
        }
        return true
    }

    /// The address of a name would have to be looked up.
    func wouldLookUp(_ name: String, _ exchange: Exchange) {
        add(.upstream, "\"\(name)\" is looked up for the request; nobody was asked", of: exchange)
        stop(exchange, at: Destination(upstream: name, peer: "", url: "", head: []))
    }

    /// A peer has been chosen; nothing is sent to it.
    func wouldConnect(_ request: UpstreamRequest, to index: Int, of group: PeerGroup) {
        let exchange = request.exchange
        let peer = group.peers[index].settings.name
        let scheme = exchange.proxying.target?.scheme ?? "http://"
        let head = request.stream.headLines
        let target = ByteBuffer.shown { request.stream.appendTarget(to: $0) }
        add(
            .upstream, "\(group.settings.name): \(peer), \(choice(index, of: group, request.selection))",
            of: exchange, at: group.settings.location?.description,
            peers(of: group, chosen: index, nowMs: exchange.worker.clock.nowMs))
        stop(
            exchange,
            at: Destination(
                upstream: group.settings.name, peer: peer, url: "\(scheme)\(peer)\(target)", head: head))
    }

    /// Nothing more is known of what a peer would say: a check that it is asked for is taken for granted.
    private func stop(_ exchange: Exchange, at destination: Destination) {
        guard exchange.isSubrequest else { return end(at: destination) }
        add(.content, "not asked: its answer is taken for a 204", of: exchange, destination.head)
        exchange.upstreamFailed(status: 204)
    }

    private func choice(_ index: Int, of group: PeerGroup, _ selection: Selection) -> String {
        if group.peers.count == 1 { return "the only server" }
        if group.isBound(selection, to: index) { return "which the client is bound to (sticky)" }
        return "chosen by \(group.methodName) when no other request is under way"
    }

    /// Most servers that are shown of a group.
    private static var peersMax: Int { 50 }

    private func peers(of group: PeerGroup, chosen: Int, nowMs: Int64) -> [String] {
        var lines = group.peers.indices.prefix(RequestTrace.peersMax).map { index in
            let settings = group.peers[index].settings
            let weight = settings.weight == 1 ? "" : " weight=\(settings.weight)"
            // The one that is chosen counts this very request.
            let obstacle = index == chosen ? nil : group.obstacle(index, nowMs: nowMs)
            return
                "\(index == chosen ? "> " : "  ")\(settings.name)\(weight)\(obstacle.map { ": \($0)" } ?? "")"
        }
        if group.settings.isChecked, !knowsService {
            lines.append("  health checks: not known outside of the service; all count as healthy")
        }
        if group.peers.count > RequestTrace.peersMax {
            lines.append("  and \(group.peers.count - RequestTrace.peersMax) more")
        }
        return lines
    }
}

extension RewriteCondition {
    /// As it was written, as far as it is known.
    fileprivate func text(_ patterns: PatternTable) -> String {
        let subject = subject.source
        let not = isNegated ? "!" : ""
        return switch test {
        case .isSet: subject
        case .equals(let value): "\(subject) \(isNegated ? "!=" : "=") \(value.source)"
        case .matches(let index):
            "\(subject) \(not)\(patterns[index].pattern.isCaseless ? "~*" : "~") \(patterns[index].source)"
        case .isFile: "\(not)-f \(subject)"
        case .isDirectory: "\(not)-d \(subject)"
        case .exists: "\(not)-e \(subject)"
        case .isExecutable: "\(not)-x \(subject)"
        }
    }
}

extension ProxyTarget {
    /// As it was written, as far as it is known.
    fileprivate var text: String {
        if let template { return template.source }
        return "\(scheme)\(groupName)\(uri?.source ?? "")"
    }
}
