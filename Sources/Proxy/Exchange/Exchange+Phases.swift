internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The way of a request through the phases: server, rewrite, location, access, content.
extension Exchange {
    /// Most internal redirects and location changes one request may take, as nginx.
    static var redirectsMax: Int { 10 }

    /// The head is complete: finds the server and begins.
    func begin() {
        advance(.headArrived)
        guard readTarget() else {
            worker.log(.info, self, "client sent invalid request while reading client request line")
            identifyRefused()
            return refuse(.status(400))
        }
        method = head.method
        host.removeAll()
        head.appendHostName(of: headBytes, to: host)
        selectServer()
        if head.hasOddNames { head.dropInvalidFields(in: headBytes, server.headLimits) }
        if let trace = worker.trace { trace.chose(serverOf: self) }
        if let refusal = ClientCertificates.refusal(of: self) { return refuse(refusal) }
        if method == .connect || method == .trace {
            stream.mustClose()
            if let status = method == .trace ? 405 : admitConnect() { return finish(status: status) }
        }
        body.begin(head.content, by: head.version)
        if client.isReserved { stream.mustClose() }
        RealIP.apply(self)
        if wantsBodyEarly { return awaitBodyEarly() }
        serve(from: .serverRewrite)
    }

    /// `client_body_early_read`
    private var wantsBodyEarly: Bool {
        let conditions = server.base.settings.core.bodyEarlyRead.elements
        // Nobody sends the content of a request that is only explained.
        if conditions.isEmpty || !body.isPresent || worker.trace != nil { return false }
        return conditions.contains { $0.isYes(for: self) }
    }

    /// Reads the content as the server itself says, before a location is chosen. That it is to be in a file
    /// counts only for locations, as in nginx.
    private func awaitBodyEarly() {
        if let refusal = refusal(at: server.base) { return conclude(refusal) }
        var plan = keepingPlan
        plan.fileUse = .whenLarge
        body.keep(.whole(plan))
        awaitBody(for: .phases)
    }

    /// Reads the content to its end, on behalf of somebody who goes on in `bodyIsHere`.
    func awaitBody(for waiter: Routing.BodyWaiter) {
        routing.bodyWaiter = waiter
        advance(.wantedBody)
        stream.wantBody()
    }

    /// The head cannot be served: what is understood of it counts for the server that says so, for logs and
    /// for error pages.
    func refuse(head refusal: Refusal) {
        advance(.headArrived)
        identifyRefused()
        refuse(refusal)
    }

    /// A part of the head, or what it says, is wrong.
    func refuse(head error: HeadError, in part: StaticString) {
        advance(.headArrived)
        identifyRefused()
        worker.log(.info, self, "\(error.reason) while reading client request \(part)")
        refuse(.status(error.status))
    }

    /// Finds the server of a head that cannot be served.
    private func identifyRefused() {
        if !readTarget() {
            uri.removeAll()
            arguments.removeAll()
            routing.hasQuery = false
            head.refuseTarget()
            // nginx has not read them when it refuses the line.
            head.forgetFields()
        }
        method = head.method
        host.removeAll()
        if !uri.isEmpty, let named = head.namedHost {
            HostName.appendName(of: named, in: headBytes, to: host)
        }
        if host.withReadable({ HostName.isValid($0) }) {
            selectServer()
        } else {
            // No name was given, not even the empty one: nobody but who was named before answers.
            host.removeAll()
            adopt(client.presumedServer)
        }
        head.dropInvalidFields(in: headBytes, server.headLimits)
    }

    private func selectServer() {
        if client.listen.hasOneServer {
            if server !== client.listen.defaultServer { server = client.listen.defaultServer }
            return enterServer()
        }
        let listen = client.listen
        let found = host.withReadable { listen.server(forHost: $0) }
        adopt(found.server ?? listen.defaultServer)
        switch found.pattern {
        case .none: break
        case .matched(let pattern): host.withReadable { matched(pattern, $0) }
        case .excess(let excess): values.captures.exceeded(excess)
        }
    }

    func adopt(_ server: VirtualServer) {
        if self.server !== server { self.server = server }
        enterServer()
    }

    /// The server in force was found.
    private func enterServer() {
        if location !== server.base { location = server.base }
        enterServerZone()
        values.makeRoom(for: snapshot.configuration.userVariableCount)
    }

    /// Splits and normalises the target.
    private func readTarget() -> Bool {
        uri.removeAll()
        arguments.removeAll()
        if let query = head.query { arguments.append(query, of: headBytes) }
        routing.hasQuery = head.query != nil
        routing.pathOrigin = .client
        guard head.pathNeedsNormalising else {
            uri.append(head.path, of: headBytes)
            return true
        }
        // The path is read before the host counts, as in nginx: whom the client named before decides.
        let merges = client.presumedServer.mergeSlashes
        return headBytes.withBytes(of: head.path) { URIPath.normalise($0, mergeSlashes: merges, into: uri) }
    }

    /// `keepalive_timeout`, `keepalive_requests` and `keepalive_time` of every location that the request
    /// comes through, as in nginx; of the server itself where no other is found, or a redirect begins.
    func settleKeepAlive() {
        if location.settings.core.keepaliveTimeoutMs == 0
            || client.requestCount >= location.settings.core.keepaliveRequests
            || worker.clock.nowMs - client.startedMs > Int64(location.settings.core.keepaliveTimeMs)
            || isOfStallingBrowser
        {
            stream.mustClose()
        }
    }

    // MARK: Phases

    enum Stage { case serverRewrite, findLocation, limits, access, precontent, content }

    /// Runs the phases from `stage` on until something answers or waits.
    func serve(from stage: Stage) {
        let outcome = run(from: stage)
        if !endsForExcess() { conclude(outcome) }
    }

    /// - Returns: what the first phase that does not decline has decided; whatever it is, a pattern that took
    ///   too long comes before it.
    private func run(from stage: Stage) -> Outcome {
        var outcome: Outcome
        switch stage {
        case .serverRewrite:
            outcome = Rewrite.run(server.base.settings.rewrite, on: self, inServer: true)
            guard goesOn(after: outcome) else { return outcome }
            fallthrough
        case .findLocation:
            outcome = findLocation()
            guard goesOn(after: outcome) else { return outcome }
            fallthrough
        case .limits:
            outcome = checkLimits()
            guard goesOn(after: outcome) else { return outcome }
            fallthrough
        case .access:
            outcome = checkAccess()
            guard goesOn(after: outcome) else { return outcome }
            fallthrough
        case .precontent:
            outcome = precontent()
            guard goesOn(after: outcome) else { return outcome }
            fallthrough
        case .content:
            return content()
        }
    }

    private func goesOn(after outcome: Outcome) -> Bool {
        if case .declined = outcome { !values.captures.isExceeded } else { false }
    }

    /// - Parameter step: what is done with the path.
    /// - Returns: whether one more internal redirect is allowed; otherwise 500 was answered.
    private func countRedirect(_ step: StaticString, _ path: ByteBuffer) -> Bool {
        routing.redirectCount += 1
        guard routing.redirectCount > Exchange.redirectsMax else { return true }
        worker.log(
            .error, self,
            "rewrite or internal redirection cycle while \(step) \"\(path.printableText)\"")
        finish(status: 500, withErrorPage: false)
        return false
    }

    /// `OPTIONS *`: no location is meant, but the server's own rules hold.
    private var asksAboutServer: Bool {
        method == .options && uri.count == 1 && uri[0] == UInt8(ascii: "*")
    }

    private func findLocation() -> Outcome {
        if asksAboutServer { return refusal(at: server.base) ?? .declined }
        let found = uri.withReadable { server.find(uri: $0) }
        if let trace = worker.trace { trace.found(found, for: self) }
        if !found.earlier.isEmpty {
            for pattern in found.earlier { uri.withReadable { matched(pattern, $0) } }
        }
        switch found.pattern {
        case .none: break
        case .matched(let pattern): uri.withReadable { matched(pattern, $0) }
        case .excess(let excess): values.captures.exceeded(excess)
        }
        // What leads somewhere is not known then: no location's settings may come into force.
        guard !values.captures.isExceeded else { return .declined }
        switch found.match {
        case .location(let match):
            return refusal(at: match) ?? rewrite()
        case .redirectToSlash(let match):
            if let refusal = refusal(at: match) { return refusal }
            Return.redirectToSlash(self)
            return .status(301)
        case .none:
            // The server's own rewrite steps ran before.
            return refusal(at: server.base) ?? .declined
        }
    }

    /// Takes on the settings of the location that was found for a path.
    ///
    /// - Returns: how the location refuses the request, if it does.
    private func refusal(at found: Location) -> Outcome? {
        take(on: found)
        if location.settings.core.isInternal && !routing.isInternal { return .status(404) }
        // What was refused once may have a page for that anywhere, which gets nothing of the content. Of
        // content in chunks the length is known where it was read before the location was chosen.
        guard let length = head.content.declared ?? body.keptLength, body.sizeMax > 0,
            length > body.sizeMax, !body.isDiscarded, !isSubrequest
        else { return nil }
        worker.log(.error, self, "client intended to send too large body: \(length) bytes")
        stream.mustClose()
        body.discard()
        return .status(413)
    }

    private func take(on found: Location) {
        location = found.governing(method)
        settleKeepAlive()
        body.sizeMax = location.settings.core.clientMaxBodySize
    }

    /// Runs the rewrite steps of the location in force.
    private func rewrite() -> Outcome {
        guard !location.settings.rewrite.steps.isEmpty else { return .declined }
        return Rewrite.run(location.settings.rewrite, on: self, inServer: false)
    }

    // MARK: Limits

    /// `limit_req`, then `limit_conn`, by the address that real IP found.
    private func checkLimits() -> Outcome {
        if !isSubrequest { RealIP.apply(self) }
        if let trace = worker.trace { trace.limited(self) }
        let outcome = LimitRequests.check(self)
        guard case .declined = outcome else { return outcome }
        return LimitConnections.check(self)
    }

    // MARK: Waiting

    /// Lets the request wait; a client that leaves meanwhile ends it.
    func wait(ms: Int, then next: Phase.AfterDelay) -> Outcome {
        advance(.delayed(then: next))
        stream.delay(ms: worker.trace == nil ? ms : 0)
        return .suspended
    }

    /// Its delay has passed.
    func delayPassed(_ next: Phase.AfterDelay) {
        advance(.resumed)
        LimitRequests.delayEnded(self)
        switch next {
        case .answer(let status): conclude(.status(status))
        case .goOn: serve(from: .limits)
        }
    }

    // MARK: Content

    /// RFC 8470 §3: what a replay of the request cannot harm, or whoever serves it is told.
    private var mayServeEarly: Bool {
        if isSubrequest { return true }
        guard method == .get || method == .head else { return false }
        if case .proxy = location.settings.content { return location.proxyPlan.tellsEarlyData }
        return true
    }

    /// RFC 8470 §5.2: it is to be sent again when the handshake is over.
    var isTooEarly: Bool { client.tls?.isEarly == true && !mayServeEarly }

    /// `try_files`, then `mirror`.
    private func precontent() -> Outcome {
        if asksAboutServer { return ServerOptions.handle(self) }
        let outcome = TryFiles.handle(self)
        guard case .declined = outcome else { return outcome }
        return Mirror.handle(self)
    }

    private func content() -> Outcome {
        if isTooEarly { return .status(425) }
        if client.isReserved, !location.settings.content.hasReserve, !isSubrequest,
            !worker.hasRoom(for: client)
        {
            accounting.fault = .noRoom
            return .status(503)
        }
        if let trace = worker.trace, !trace.serves(self) { return .suspended }
        if Addition.isAwaited(self, then: .serve) { return .suspended }
        switch location.settings.content {
        case .tunnel(let target) where method == .connect:
            return startProxying(target)
        case .proxy(let target) where method != .connect:
            return startProxying(target)
        case .module(let module) where method != .connect:
            return module.handle(self)
        // A tunnel leads to CONNECT and to nothing else, and it to nothing but a tunnel.
        case .tunnel, .proxy, .module:
            return .status(405)
        }
    }

    /// Carries out what a phase or handler decided.
    func conclude(_ outcome: Outcome) {
        switch outcome {
        case .respond:
            if Addition.isAwaited(self, then: .respond) { return }
            if !body.isAwaited || dropsSoundBody() { respond() } else { finish(status: 400) }
        case .status(let code): finish(status: code)
        case .suspended: break
        case .declined: finish(status: 404)
        case .reroute:
            guard countRedirect("processing", uri) else { return }
            serve(from: .findLocation)
        case .close:
            stream.mustClose()
            response.status = 444
            stream.abandon()
        }
    }

    /// Serves a path instead, as if it had been asked for; its query begins behind the first `?`.
    func redirectInternally(to target: [UInt8]) {
        let pathEnd = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        let query = pathEnd < target.count ? Array(target[pathEnd...].dropFirst()) : nil
        redirectInternally(uri: Array(target[..<pathEnd]), arguments: query)
    }

    /// Serves `uri` and `arguments` instead, as if they had been asked for.
    func redirectInternally(uri path: [UInt8], arguments query: [UInt8]?) {
        if let trace = worker.trace { trace.redirected(self, to: path) }
        uri.removeAll()
        uri.append(path)
        arguments.removeAll()
        arguments.append(query ?? [])
        routing.hasQuery = query != nil
        serveRedirected()
    }

    /// The path in force is of an internal redirect: serves it as if it had been asked for.
    func serveRedirected() {
        routing.pathOrigin = .changed
        routing.isInternal = true
        routing.appendsPathToAlias = false
        guard countRedirect("internally redirecting to", uri) else { return }
        advance(.resumed)
        location = server.base
        settleKeepAlive()
        serve(from: .serverRewrite)
    }

    /// Serves the request in a named location.
    func redirectInternally(named name: [UInt8]) {
        if let trace = worker.trace { trace.redirected(self, to: [UInt8(ascii: "@")] + name) }
        guard countRedirect("redirecting from", uri) else { return }
        // Nothing is known of a request whose first line was refused.
        guard !uri.isEmpty else {
            let name = String(decoding: name, as: UTF8.self)
            worker.log(.error, self, "empty URI in redirect to named location \"\(name)\"")
            return finish(status: 500, withErrorPage: false)
        }
        guard let target = server.namedLocation(name) else {
            worker.log(
                .error, self, "could not find named location \"@\(String(decoding: name, as: UTF8.self))\"")
            return finish(status: 500)
        }
        routing.isInternal = true
        advance(.resumed)
        take(on: target)
        let outcome = rewrite()
        if endsForExcess() { return }
        switch outcome {
        case .declined: serve(from: .limits)
        case .respond, .status, .suspended, .reroute, .close: conclude(outcome)
        }
    }
}
