internal import Core
internal import HTTP
internal import Upstream

/// One request to a peer and the response to it: one protocol of gateways.
///
/// A closed set: a protocol is one more case, and every call here stops compiling until it answers. What goes
/// down is a request and the wish for more of its response; how either is written, framed and read, and
/// whether the connection can carry another request, are the protocol's. What comes back up are the
/// `UpstreamRequest`'s `connected`, `hintsArrived`, `responseArrived`, `contentArrived`, `trailersArrived`,
/// `responseEnded`, `attemptFailed` and `protocolSwitched`.
final class PeerStream {
    private enum Spoken {
        case http1
        case http2(HTTP2PeerStream)
    }

    private var spoken = Spoken.http1
    /// A constant, as most requests go by it: for what a variable holds a reference is counted with each
    /// call.
    let http1: HTTP1PeerStream
    /// While something else is spoken, kept for requests that go by it.
    private var spare: HTTP2PeerStream?

    init(_ exchange: Exchange, worker: Worker, response: ResponseHead) {
        http1 = HTTP1PeerStream(exchange, worker: worker, response: response)
    }

    /// Its connections carry other requests at the same time, and say themselves where content ends.
    var isShared: Bool {
        switch spoken {
        case .http1: false
        case .http2: true
        }
    }

    /// Speaks HTTP/2, or HTTP/1, from now on.
    func settle(isShared: Bool) {
        switch spoken {
        case .http1 where isShared:
            spoken = .http2(
                spare.take()
                    ?? HTTP2PeerStream(http1.exchange, worker: http1.worker, response: http1.response))
        case .http2(let stream) where !isShared:
            spare = stream
            spoken = .http1
        case .http1, .http2: break
        }
    }

    // MARK: Before it is sent

    /// Writes the request of the exchange for a target; attempts after the first one send it again.
    func write(for target: ProxyTarget) {
        switch spoken {
        case .http1: http1.write(for: target)
        case .http2(let stream): stream.write(for: target)
        }
        // A client may have many of them under way.
        let limit = http1.exchange.stream.sparesHeads ? HTTP2Session.leastHead : HTTP2Stream.usualHeadMax
        if case .http2 = http1.exchange.stream { requestHead.trim(above: limit) }
    }

    private var requestHead: ByteBuffer {
        switch spoken {
        case .http1: http1.requestHead
        case .http2(let stream): stream.requestHead
        }
    }

    /// The request's target, as the peer is sent it; for logs.
    func appendTarget(to out: ByteBuffer) {
        switch spoken {
        case .http1 where http1.requestHead.isEmpty: appendTargetAnew(to: out)
        case .http1: RequestTarget.append(ofHead: http1.requestHead, to: out)
        case .http2(let stream): RequestTarget.append(ofHead: stream.requestHead, to: out)
        }
    }

    /// The head was not kept.
    private func appendTargetAnew(to out: ByteBuffer) {
        let exchange = http1.exchange
        guard let target = exchange.proxying.target, !target.isTunnel else { return }
        RequestTarget.write(exchange, target, to: out)
    }

    /// The lines of the head that `write` has made.
    var headLines: [String] {
        switch spoken {
        case .http1: RequestRewrite.lines(of: http1.requestHead)
        case .http2(let stream): RequestRewrite.lines(of: stream.requestHead)
        }
    }

    /// Forgets the request.
    func reset() {
        switch spoken {
        case .http1: http1.reset()
        case .http2(let stream): stream.reset()
        }
    }

    /// Nothing of a former attempt, or of its response, is known any more.
    func prepare() {
        switch spoken {
        case .http1: http1.prepare()
        case .http2(let stream): stream.prepare()
        }
    }

    // MARK: Beginning

    /// A connection to the peer that may carry the request, which may still be in the making; `nil`: there is
    /// none.
    func pooled(_ group: PeerGroup, peer: Int, for request: UpstreamRequest) -> PeerConnection? {
        switch spoken {
        case .http1: http1.pooled(group, peer: peer, for: request)
        case .http2(let stream): stream.pooled(group, peer: peer, for: request)
        }
    }

    /// Waits for a connection that is being made.
    func wait(for connection: PeerConnection) {
        switch spoken {
        case .http1: http1.wait(for: connection)
        case .http2(let stream): stream.wait(for: connection)
        }
    }

    /// Sends the request over a connection that is open, and reads the response.
    func start(over connection: consuming PeerConnection, for request: UpstreamRequest) {
        switch spoken {
        case .http1: http1.start(over: connection, for: request)
        case .http2(let stream): stream.start(over: connection)
        }
    }

    // MARK: The request's content

    /// More of the content is here.
    func contentAdvanced() {
        switch spoken {
        case .http1: http1.contentAdvanced()
        case .http2(let stream): stream.contentAdvanced()
        }
    }

    /// Bytes of the request that the connection has not taken yet.
    var unsentCount: Int {
        switch spoken {
        case .http1: http1.unsentCount
        // Content waits where it is kept until a frame takes it.
        case .http2: 0
        }
    }

    // MARK: The response

    /// Whoever takes the content has room again.
    func readOn() {
        switch spoken {
        case .http1: http1.readOn()
        case .http2(let stream): stream.readOn()
        }
    }

    // MARK: The end

    /// How far the request has come.
    var progress: Attempts.Progress {
        switch spoken {
        case .http1: http1.progress
        case .http2(let stream): stream.progress
        }
    }

    /// The request was sent, and the peer cannot have read a byte of it; asks the kernel.
    var isUntaken: Bool {
        switch spoken {
        case .http1: http1.isUntaken
        case .http2(let stream): stream.isUntaken
        }
    }

    /// All of the response came with its head.
    var hasAllContent: Bool {
        switch spoken {
        case .http1: http1.hasAllContent
        case .http2(let stream): stream.hasAllContent
        }
    }

    /// The response whose head has just come ended with it: RFC 9113 §8.1.
    var endsWithHead: Bool {
        switch spoken {
        case .http1: false
        case .http2(let stream): stream.course.isWhole
        }
    }

    /// An attempt was begun, and has not ended.
    var hasConnection: Bool {
        switch spoken {
        case .http1: http1.connection != nil
        case .http2(let stream): stream.session != nil
        }
    }

    /// The connection that it has, from the beginning of the attempt to its end.
    var connection: PeerConnection? {
        switch spoken {
        case .http1: http1.connection
        case .http2(let stream): stream.session?.connection
        }
    }

    /// Nothing stands in the way of another request over its connection.
    var isInStep: Bool {
        switch spoken {
        case .http1: http1.isInStep
        // It goes by itself, whatever becomes of one request.
        case .http2: true
        }
    }

    /// The attempt is over.
    ///
    /// - Parameter keepsConnection: its connection goes back to the pool; otherwise it is closed.
    func end(keepsConnection: Bool) {
        switch spoken {
        case .http1: http1.end(keepsConnection: keepsConnection)
        case .http2(let stream): stream.end()
        }
    }
}
