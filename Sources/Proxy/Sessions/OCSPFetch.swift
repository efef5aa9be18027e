internal import Core
internal import HTTP
package import Net
package import Sharing

/// One question to an OCSP responder over plain HTTP (RFC 6960 §A). It never waits: whoever owns it does,
/// for its socket under its token, and until `deadlineMs`.
package final class OCSPFetch {
    /// What became of it.
    package enum Outcome {
        case pending
        /// The content of a 200; not looked at yet.
        case answered([UInt8])
        case failed(String)
    }

    private enum State {
        case resolving(DNSLookup)
        case connecting(Transport)
        case asking(Transport)
        case ended
    }

    /// Answers have some 2,000 bytes.
    private static var answerMax: Int { 64 << 10 }
    private static var headMax: Int { 8 << 10 }

    private let responder: OCSPResponder
    private let poller: Poller
    private let token: Token
    private let endMs: Int64
    private var state = State.ended
    private var addresses: ArraySlice<SocketAddress> = []
    private let request: [UInt8]
    private let outgoing = ByteBuffer(capacity: 512)
    private let incoming = ByteBuffer(capacity: 4096)
    private let head = ResponseHead()

    /// Whom it asks for addresses, and who is told of what comes.
    package struct Means {
        let resolver: ResolverSettings
        let tally: ResolverTally?
        let poller: Poller
        let token: Token

        /// - Parameters:
        ///   - tally: where questions to the resolver are counted.
        ///   - token: of whoever calls `advance` at events.
        package init(resolver: ResolverSettings, tally: ResolverTally?, poller: Poller, token: Token) {
            self.resolver = resolver
            self.tally = tally
            self.poller = poller
            self.token = token
        }
    }

    /// A question that has not been asked yet; it gives up after so many milliseconds.
    package init(_ subject: OCSPSubject, by means: Means, nowMs: Int64, timeoutMs: Int) {
        responder = subject.responder
        request = subject.request ?? []
        poller = means.poller
        token = means.token
        endMs = nowMs + Int64(timeoutMs)
        state = .resolving(
            DNSLookup(
                host: responder.host, port: responder.port, settings: means.resolver, nowMs: nowMs,
                tally: means.tally))
    }

    /// When to call `advance` at the latest.
    package var deadlineMs: Int64 {
        if case .resolving(let lookup) = state { return min(endMs, lookup.deadlineMs) }
        return endMs
    }

    // MARK: Steps

    /// Asks. What it waits for then is told by the descriptor, and by `deadlineMs`.
    package func start(nowMs: Int64) -> Outcome {
        if case .resolving(let lookup) = state, lookup.fd >= 0 {
            do throws(Errno) {
                try poller.addControl(lookup.fd, token)
            } catch {
                return fail("epoll_ctl() failed \(error.logText)")
            }
        }
        return advance(nil, nowMs: nowMs)
    }

    /// Goes on after an event on its socket, or when its time has come.
    package func advance(_ event: ReadyEvent?, nowMs: Int64) -> Outcome {
        switch state {
        case .resolving(let lookup): return resolve(lookup, nowMs)
        case .connecting(let transport), .asking(let transport):
            guard nowMs < endMs else { return fail("OCSP responder timed out") }
            if let event { transport.note(event) }
            if case .connecting = state { return connected(transport) }
            return ask(transport)
        case .ended: return .pending
        }
    }

    private func resolve(_ lookup: DNSLookup, _ nowMs: Int64) -> Outcome {
        switch lookup.advance(nowMs: nowMs) {
        case nil: return nowMs < endMs ? .pending : fail("OCSP responder timed out")
        case .failed(let reason)?: return fail(reason)
        case .found(let found, _)?:
            end()
            addresses = found[...]
            return connect("no address of \(responder.host)")
        }
    }

    private func connect(_ reason: String) -> Outcome {
        guard let address = addresses.popFirst() else { return fail(reason) }
        let descriptor: Int32
        switch Socket.connect(address, from: nil) {
        case .failed(let errno): return connect("connect() to \(address.text) failed \(errno.logText)")
        case .connected(let fd), .inProgress(let fd): descriptor = fd
        }
        let transport = Transport(fd: descriptor, tls: nil)
        state = .connecting(transport)
        do throws(Errno) {
            try poller.addConnection(descriptor, token)
        } catch {
            return fail("epoll_ctl() failed \(error.logText)")
        }
        return .pending
    }

    private func connected(_ transport: Transport) -> Outcome {
        if let errno = Socket.pendingError(transport.fd) {
            transport.close()
            return connect("connect() to \(responder.host) failed \(errno.logText)")
        }
        guard transport.isWritable || transport.isHangup else { return .pending }
        state = .asking(transport)
        outgoing.append(request)
        return ask(transport)
    }

    private func ask(_ transport: Transport) -> Outcome {
        while !outgoing.isEmpty, transport.isWritable {
            switch transport.send(outgoing) {
            case .bytes, .wouldBlock: continue
            case .closed, .failed: return fail("OCSP responder closed the connection")
            }
        }
        while transport.isReadable {
            switch transport.receive(into: incoming, atLeast: 4096) {
            case .bytes:
                guard incoming.count <= OCSPFetch.answerMax else { return fail("OCSP answer is too long") }
                if let outcome = take(isEnd: false) { return outcome }
            case .wouldBlock: continue
            case .closed: return take(isEnd: true) ?? fail("OCSP responder closed in its answer")
            case .failed(let errno): return fail("recv() failed \(errno.logText)")
            }
        }
        return .pending
    }

    /// Reads the answer from its beginning: it is short.
    private func take(isEnd: Bool) -> Outcome? {
        head.reset()
        var parser = HTTP1ResponseParser()
        switch parser.parse(incoming, into: head, sizeMax: OCSPFetch.headMax) {
        case .incomplete: return nil
        case .refused(let error): return fail("OCSP responder sent an invalid answer: \(error.reason)")
        case .complete(let length):
            guard head.status == 200 else { return fail("OCSP responder answered \(head.status)") }
            let framing = head.framing(requestMethod: .get)
            if framing == .none { return fail("OCSP responder answered with nothing") }
            if framing == .chunked { return fail("OCSP responder sent chunks to a client of HTTP/1.0") }
            return takeContent(framing, from: length, isEnd: isEnd)
        }
    }

    private func takeContent(_ framing: BodyFraming, from start: Int, isEnd: Bool) -> Outcome? {
        var reader = ContentReader(framing)
        var found = Slice()
        if case .content(let range)? = try? reader.next(in: incoming, from: start) {
            found = Slice(from: range.lowerBound, to: range.upperBound)
        }
        guard isEnd ? reader.closed() : reader.isEnded else { return nil }
        return answer(incoming.bytes(of: found))
    }

    private func answer(_ content: [UInt8]) -> Outcome {
        end()
        return .answered(content)
    }

    private func fail(_ reason: String) -> Outcome {
        end()
        return .failed(reason)
    }

    /// Lets go of the socket.
    func end() {
        switch state {
        case .resolving(let lookup):
            if lookup.fd >= 0 { poller.remove(lookup.fd) }
            lookup.cancel()
        case .connecting(let transport), .asking(let transport): transport.close()
        case .ended: break
        }
        state = .ended
    }
}
