internal import Config
internal import Core
internal import HTTP

/// Requests within a request: what one that was made here takes over, and how the client's waits for it.
extension Exchange {
    /// It was made here, for the sake of a client's request.
    var isSubrequest: Bool { if case .inner = stream { true } else { false } }

    /// Only an error page that the sub-request's own location names is served in it: an inherited one, meant
    /// for clients, would turn a refusal into leave.
    var mayHaveErrorPage: Bool { !isSubrequest || location.settings.core.errorPages.isOwn }

    /// Takes over what a sub-request has of the request that it is made for; its path is still to be given.
    func take(over main: Exchange, _ headCopy: ByteBuffer) {
        if snapshot !== main.snapshot { snapshot = main.snapshot }
        if server !== main.server { server = main.server }
        if location !== server.base { location = server.base }
        remoteAddress = main.remoteAddress
        head.copy(main.head)
        headBytes = headCopy
        host.append(contentsOf: main.host)
        arrival.number = main.arrival.number
        // What limits have said holds for both, once.
        limiting = main.limiting
        routing.isInternal = true
        routing.pathOrigin = .changed
        values.takeVariables(of: main.values)
        advance(.headArrived)
    }

    /// Asks the location of a path whether the request may go on; `answered` tells.
    func askForLeave(at path: [UInt8]) {
        advance(.askedSubrequest)
        awaitedSubrequest = worker.takeSubrequest()
        awaitedSubrequest?.begin(.authorization, of: self, path: path)
    }

    /// Asks the location of a path what is to stand before or behind the response; `added` tells.
    func askForAddition(at path: [UInt8]) {
        advance(.askedSubrequest)
        awaitedSubrequest = worker.takeSubrequest()
        awaitedSubrequest?.begin(.addition, of: self, path: path)
    }

    /// What was asked for by `askForAddition` is here; `nil`: it is more than is kept.
    func added(_ content: ByteBuffer?) {
        awaitedSubrequest = nil
        advance(.resumed)
        guard let additions, let content else { return finish(status: 500) }
        additions.take(content)
        switch additions.next {
        case .serve: serve(from: .content)
        case .respond: conclude(.respond)
        }
    }

    /// The sub-request that was waited for has an answer, or is over without one.
    func answered(by inner: Exchange, _ answer: Subrequest.Answer) {
        awaitedSubrequest = nil
        advance(.resumed)
        AuthRequest.setVariables(inner, self)
        values.takeVariables(of: inner.values)
        limiting = inner.limiting
        takeConnections(of: inner)
        goOn(with: AuthRequest.verdict(inner, answer, self), of: .subrequest)
    }

    /// `mirror_request_body`: the content is read whole before anybody gets any of it.
    ///
    /// - Returns: whether it is waited for; then `bodyIsHere` goes on.
    func awaitBodyForMirrors() -> Bool {
        guard body.isPresent, !body.isKeptWhole, !body.isDiscarded, worker.trace == nil else { return false }
        body.keep(.whole(keepingPlan))
        // A part of it is lost.
        guard !body.isDiscarded else { return false }
        awaitBody(for: .mirrors)
        return true
    }

    /// The content is here that somebody waited for, before the request is served itself.
    func bodyIsHere() {
        let waiter = routing.bodyWaiter
        routing.bodyWaiter = .nobody
        advance(.resumed)
        switch waiter {
        case .mirrors:
            Mirror.send(self)
            serve(from: .content)
        case .phases, .nobody:
            location = server.base
            serve(from: .serverRewrite)
        }
    }

    /// The request is over: so are those that it waits for.
    func leaveSubrequest() { awaitedSubrequest.take()?.leave() }
}
