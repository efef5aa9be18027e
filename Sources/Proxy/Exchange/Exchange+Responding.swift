internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// Answers: a handler's response, an error page, or the end without one.
extension Exchange {
    var isResponding: Bool {
        switch phase {
        case .responding, .finished: true
        case .receiving, .processing, .delayed, .checkingPassword, .awaitingSubrequest, .readingBody,
            .resolvingName,
            .awaitingUpstream:
            false
        }
    }

    /// Sends `response`, which a handler filled in.
    func respond() {
        if let status = routing.statusOverride {
            response.status = status
            response.hasOwnReason = false
        }
        if looksLikeTunnel { return refuseTunnel() }
        keptFields.add(to: response)
        if let upstream, upstream.binding != nil { upstream.tellServer(response) }
        if limiting.hasFields { LimitFields.apply(to: self) }
        HeaderFilter.apply(to: self)
        if location.settings.userID.sets { tellUserID() }
        if proxying.web != nil { GRPCWeb.settle(self) }
        Compression.settleUnpacking(self)
        SubFilter.settle(self)
        let isSurrounded = Addition.isForeseen(for: self)
        Charset.settle(self)
        if isSurrounded { Addition.surround(self) }
        Compression.settle(self)
        if let size = ForcedRanges.settle(self) { return refuseRange(of: size) }
        response.addRanges()
        discardBody()
        startResponse()
        switch response.contentKind {
        case .none:
            stream.end(self)
        case .buffered:
            if givesContent {
                give(Slice(from: 0, to: response.content.count), of: response.content)
            }
            endContent()
        case .file(let file, let offset, let count):
            guard givesContent else { return stream.end(self) }
            // What stands before the file.
            give(Slice(from: 0, to: response.content.count), of: response.content)
            send(FileContent(file: file, offset: offset, remaining: count))
        case .streamed:
            break
        }
    }

    /// A tunnel was asked for by CONNECT, of which 2xx says that it is there: RFC 9110 §9.3.6, RFC 8441 §5.
    /// This is an answer in its place, which the client would take for the tunnel's first bytes.
    private var looksLikeTunnel: Bool {
        (200..<300).contains(response.status) && !isSubrequest && asksForTunnel
    }

    /// The client takes 2xx for the beginning of a tunnel.
    var asksForTunnel: Bool { head.method == .connect || head.version == .http2 && head.upgrade != nil }

    /// No error page, and no status of gRPC: what is sent here is 501 whatever the location would make of it.
    private func refuseTunnel() {
        upstream?.endUnread()
        response.reset()
        beginError(501)
        routing.statusOverride = nil
        ErrorResponses.fill(self, status: 501)
        respond()
    }

    /// None of the ranges that are asked for is a part of the gateway's content.
    private func refuseRange(of size: Int64) {
        upstream?.endUnread()
        response.reset()
        response.add(.contentRange) { out in
            out.append("bytes */")
            out.append(decimal: Int(size))
        }
        finish(status: 416)
    }

    /// The response has its content, if any, and not only its head.
    var givesContent: Bool { method != .head && stream.takesContent }

    /// What is left of the request's content is of no use to this answer.
    func discardBody() {
        if case .unread = body.keeping { body.discard() }
        if body.isAwaited { _ = stream.takeBody() }
    }

    /// Drops what is here of the content, before a handler's answer is sent, as nginx does.
    ///
    /// - Returns: `false`: it turned out to be broken.
    func dropsSoundBody() -> Bool {
        if case .unread = body.keeping { body.discard() }
        guard body.isAwaited, case .badChunk? = stream.takeBody() else { return true }
        return false
    }

    /// Ends the exchange with `status`: by an `error_page`, or by the built-in answer.
    func finish(status: UInt16, withErrorPage: Bool = true) {
        guard !isResponding else { return stream.abandon() }
        if status == 408 || status == 444 || status == 499 {
            response.status = status
            return stream.abandon()
        }
        beginError(status)
        routing.statusOverride = status
        let core = location.settings.core
        if withErrorPage, status >= 300, !routing.hasErrorPage, !core.errorPages.elements.isEmpty,
            mayHaveErrorPage
        {
            // One error page for a request, unless recursive ones are asked for.
            routing.hasErrorPage = !core.recursiveErrorPages
            if let page = core.errorPages.elements.first(where: { $0.status == status }) {
                return serve(page, for: status)
            }
        }
        routing.statusOverride = nil
        if status >= 400, isGRPCCall {
            GRPCAnswers.fill(self, status: status)
        } else {
            ErrorResponses.fill(self, status: status)
        }
        respond()
    }

    /// What was to be said of other content is not said of the error's; and nginx closes the connection after
    /// answers whose request may be out of step.
    private func beginError(_ status: UInt16) {
        keptFields.contentType.removeAll()
        keptFields.charset.removeAll()
        switch status {
        case 400, 413, 414, 494, 495, 496, 497, 500, 501: stream.mustClose()
        default: break
        }
    }

    /// A refusal that the request itself is to blame for: its framing can no longer be trusted.
    func refuse(_ refusal: Refusal) {
        stream.mustClose()
        body.begin(.none)
        finish(status: refusal.status)
    }

    /// `error_page`: an internal redirect, a named location, or a redirect of the client.
    private func serve(_ page: ErrorPage, for status: UInt16) {
        routing.errorStatus = status
        switch page.response {
        case .unchanged: routing.statusOverride = (494...497).contains(status) ? 400 : status
        case .fromTarget: routing.statusOverride = nil
        case .status(let code): routing.statusOverride = code
        }
        let target = worker.takeScratch()
        defer { worker.giveScratch(target) }
        page.target.append(for: self, to: target)
        let place = target.bytes
        for field in response.fields {
            switch field.known {
            case .wwwAuthenticate, .contentRange, .location: keptFields.append(field, of: response.lines)
            default: break
            }
        }
        keptFields.location.removeAll()
        keptFields.location.append(contentsOf: response.location)
        response.reset()
        upstream?.abandon()
        upstream?.endDeadline()
        if place.first == UInt8(ascii: "/") {
            if method != .head { method = .get }
            return redirectInternally(to: place)
        }
        if place.first == UInt8(ascii: "@") {
            return redirectInternally(named: Array(place.dropFirst()))
        }
        redirectClient(to: place, page)
    }

    /// An `error_page` with an absolute URL: 302 unless `=301` and the like.
    private func redirectClient(to url: [UInt8], _ page: ErrorPage) {
        var status: UInt16 = 302
        if case .status(let code) = page.response, (301...308).contains(code) { status = code }
        routing.statusOverride = nil
        response.add(.location) { $0.append(url) }
        ErrorResponses.fill(self, status: status)
        respond()
    }

    // MARK: From the session

    /// The client went away, or did not send or take bytes in time; nothing can be answered.
    func clientLeft(status: UInt16) {
        if !isResponding { response.status = status }
        accounting.fault = .clientClosed
        leaveSubrequest()
        upstream?.abandon()
        stream.abandon()
    }

    /// Whether it waits for nothing but a check or a delay, which are of no use to a client that has left.
    var isHeldUp: Bool {
        switch phase {
        case .delayed, .checkingPassword: true
        // An explanation is made for it alone.
        case .processing: if case .explaining = source { true } else { false }
        case .receiving, .awaitingSubrequest, .readingBody, .resolvingName, .awaitingUpstream,
            .responding, .finished:
            false
        }
    }

    /// Whether a client that hangs up ends the work of an upstream (`proxy_ignore_client_abort off`).
    var cancelsWhenClientLeaves: Bool {
        if let inner = awaitedSubrequest?.exchange {
            return inner.upstream?.isActive != true || inner.cancelsWhenClientLeaves
        }
        guard let upstream, upstream.isActive || nameWait != nil else { return false }
        return !location.settings.proxy.ignoresClientAbort
    }

    /// The stream wrote the last byte, or gave up: nothing more will happen here.
    func finished() {
        dropSource()
        endFilter()
        leaveSubrequest()
        nameWait?.leave(self)
        LimitRequests.delayEnded(self)
        upstream?.exchangeFinished()
    }
}

/// Why a request is refused before it is served.
enum Refusal {
    case status(UInt16)
    /// nginx's 497: sent as 400, found by `error_page 497`.
    case plainHTTPOnTLS
    /// nginx's 495 and 496: sent as 400.
    case badCertificate
    case noCertificate

    var status: UInt16 {
        switch self {
        case .status(let status): status
        case .plainHTTPOnTLS: 497
        case .badCertificate: 495
        case .noCertificate: 496
        }
    }
}
