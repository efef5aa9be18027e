internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// `proxy_pass`: from the request's content to the upstream's answer.
extension Exchange {
    /// Begins to serve the request from an upstream.
    func startProxying(_ target: ProxyTarget) -> Outcome {
        let request = upstream ?? UpstreamRequest(exchange: self, worker: worker)
        if upstream == nil { upstream = request }
        request.begin()
        proxying.target = target
        if target.isGRPC { beginCall(request) }
        advance(.wantedBody)
        guard body.isPresent else {
            send(to: target, request)
            return .suspended
        }
        if worker.trace != nil {
            // Nobody sends the content of a request that is only explained.
            body.keep(.stream)
            send(to: target, request)
            return .suspended
        }
        body.keep(wantedKeeping)
        if case .discard = body.keeping {
            send(to: target, request)
        } else {
            stream.wantBody()
        }
        return .suspended
    }

    /// `proxy_request_buffering`; content whose length is not known can be streamed in chunks only.
    private var wantedKeeping: RequestBody.Keeping {
        let settings = location.settings
        let isFramed = head.content != .unknown || settings.proxy.httpVersion != .http10
        let isPassed =
            location.proxyPlan.passesBody && settings.proxy.setBody == nil && proxying.web != .text
        if !settings.proxy.isRequestBuffered && isFramed && isPassed { return .stream }
        return .whole(keepingPlan)
    }

    /// Content that came whole together with its head is kept as if it were buffered, as in nginx.
    private func keepIfSmall() {
        guard case .stream = body.keeping, body.isComplete, body.trailers == nil,
            body.receivedCount <= Int64(location.settings.core.clientBodyBufferSize)
        else { return }
        var plan = keepingPlan
        plan.fileUse = .whenLarge
        body.keep(.whole(plan))
    }

    /// How the location in force keeps content whole.
    var keepingPlan: KeepingPlan {
        let core = location.settings.core
        var memoryMax = core.clientBodyBufferSize
        // As in nginx, no file is made for what a buffer that is a quarter larger would hold.
        if let length = head.content.declared, length < Int64(memoryMax.saturatingSum(memoryMax / 4)) {
            memoryMax = max(memoryMax, Int(length))
        }
        return KeepingPlan(
            memoryMax: memoryMax, folder: core.clientBodyTempFolder, fileUse: core.bodyFileUse)
    }

    /// More of the request's content is here, or all of it.
    func bodyAdvanced() {
        switch phase {
        case .readingBody where routing.bodyWaiter != .nobody:
            if body.isComplete { bodyIsHere() }
        case .readingBody:
            if case .module(let module) = location.settings.content {
                guard body.isComplete else { return }
                advance(.resumed)
                return conclude(module.goOn(self))
            }
            keepIfSmall()
            // A streamed body goes on its way with what is here; a buffered one when it is complete.
            if case .stream = body.keeping { sendUpstream() } else if body.isComplete { sendUpstream() }
        case .awaitingUpstream, .responding:
            if case .stream = body.keeping { streamAdvanced() }
        case .receiving, .processing, .delayed, .checkingPassword, .awaitingSubrequest, .resolvingName,
            .finished:
            break
        }
    }

    /// The session should read on: somebody has use for the content, and room.
    var wantsMoreBody: Bool {
        guard case .stream = body.keeping else { return true }
        return upstream?.wantsMoreBody ?? true
    }

    var isReadingBody: Bool {
        guard body.isAwaited else { return false }
        switch phase {
        case .readingBody: return true
        case .awaitingUpstream, .responding:
            if case .stream = body.keeping { return upstream?.isActive ?? false }
            return false
        case .receiving, .processing, .delayed, .checkingPassword, .awaitingSubrequest, .resolvingName,
            .finished:
            return false
        }
    }

    /// Content of the request comes more slowly than it may.
    var isBodyTooSlow: Bool {
        arrival.pace.isTooSlow(
            nowMs: worker.clock.nowMs, count: body.receivedCount, rate: contentMinRate)
    }

    /// The time for more content of the request is over.
    ///
    /// - Returns: what comes of it; `nil`: what it was to be waited for has become of no use.
    func lookAtBody() -> PaceLimit.Verdict? {
        guard isReadingBody, !isAnsweredCall else { return nil }
        return arrival.pace.look(
            nowMs: worker.clock.nowMs, count: body.receivedCount, rate: contentMinRate)
    }

    /// The content cannot be read to its end, or not once more.
    func bodyFailed(status: UInt16) {
        upstream?.abandon()
        routing.bodyWaiter = .nobody
        if !isResponding { advance(.resumed) }
        finish(status: status)
    }

    private func sendUpstream() {
        guard let request = upstream, let target = proxying.target else { return }
        send(to: target, request)
    }

    private func send(to target: ProxyTarget, _ request: UpstreamRequest) {
        // Where the URL is made of variables, `resolve` finds another target.
        guard let group = resolve(target) else { return }
        if target.hasVariables, let found = proxying.target { return send(to: group, found, request) }
        send(to: group, target, request)
    }

    private func send(to group: PeerGroup, _ target: ProxyTarget, _ request: UpstreamRequest) {
        guard settleCertificate(), settleMethod() else { return }
        attempts.beginGroup()
        if proxying.web == .text, body.isPresent, let status = GRPCWeb.decode(body) {
            return bodyFailed(status: status)
        }
        request.settleStream(for: target)
        settleOffer(isFramed: !request.stream.isShared)
        request.stream.write(for: target)
        if endsForExcess() { return }
        request.start(group)
    }

    /// More of the content is here that goes on its way as it comes, or its end.
    private func streamAdvanced() {
        guard let upstream else { return }
        settleTrailers(isFramed: !upstream.stream.isShared)
        upstream.bodyAdvanced()
    }

    /// What the target is promised as content, before its head says so.
    func settleOffer(isFramed: Bool) {
        settleTrailers(isFramed: isFramed)
        if proxying.web == .text, body.isPresent { return body.settleOffer(of: .replacement) }
        guard let template = location.settings.proxy.setBody else {
            return body.settleOffer(
                of: location.proxyPlan.passesBody ? .content : .nothing, isFramed: isFramed)
        }
        body.replacement.removeAll()
        template.append(for: self, to: body.replacement)
        body.settleOffer(of: .replacement)
    }

    /// The group that a target names: fixed by the configuration, or by variables for each request.
    private func resolve(_ target: ProxyTarget) -> PeerGroup? {
        if let index = target.groupIndex, let group = snapshot.groups.group(at: index) {
            return group
        }
        guard let template = target.template else {
            finish(status: 500)
            return nil
        }
        if target.isTunnel { return resolveTunnel(template) }
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        template.append(for: self, to: scratch)
        switch snapshot.groups.resolve(url: scratch.bytes, isGRPC: target.isGRPC) {
        case .group(let group, let resolved):
            proxying.target = target.resolved(resolved)
            return group
        case .invalid(let reason):
            worker.log(.error, self, reason)
            finish(status: 500)
        case .name(let name, let resolved):
            proxying.target = target.resolved(resolved)
            if let trace = worker.trace {
                trace.wouldLookUp(name, self)
                return nil
            }
            let question = NameQuestion(host: name, source: location.settings.names)
            return group(worker.names.ask(question, for: self))
        }
        return nil
    }

    /// The group of the addresses that a name has; `nil`: they are waited for, or it has none.
    private func group(_ answer: NameCache.Answer) -> PeerGroup? {
        switch answer {
        case .waits:
            advance(.askedForName)
        case .failed(let reason):
            worker.log(.error, self, reason)
            finish(status: 502)
        case .known(let addresses):
            if let target = proxying.target, let group = snapshot.groups.group(of: target, addresses) {
                return group
            }
            worker.log(.error, self, UpstreamGroups.tooMany)
            finish(status: 500)
        }
        return nil
    }

    /// What was found out about the name of the upstream.
    func nameSettled(_ answer: NameCache.Answer) {
        advance(.nameSettled)
        guard let request = upstream, let group = group(answer), let target = proxying.target else { return }
        send(to: group, target, request)
    }

    /// No peer gave an answer that may be passed on.
    func upstreamFailed(status: UInt16) {
        advance(.resumed)
        finish(status: status)
    }
}
