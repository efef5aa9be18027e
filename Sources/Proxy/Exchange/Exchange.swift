internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// One request and its response, whichever protocol the client speaks.
///
/// Recycled: a worker hands it to a session when a head begins to arrive and takes it back when the
/// response is finished and logged. Nothing in it allocates in steady state.
final class Exchange {
    // MARK: Whose it is

    let worker: Worker
    /// The configuration that it is served by to its end.
    var snapshot: Snapshot
    /// The client's connection; set while the exchange is in use.
    var client: ClientConnection

    /// What the response is written to.
    var stream: ResponseStream

    // MARK: The request

    let head = RequestHead()
    /// The bytes that `head` points into. Held by the exchange until it is logged.
    var headBytes: ByteBuffer
    /// The method in force; an internal redirect may turn it into GET.
    var method = Method.get
    /// The normalised path in force; changed by rewrites and internal redirects.
    let uri = ByteBuffer(capacity: 32)
    /// The query in force, without `?`.
    let arguments = ByteBuffer(capacity: 0)
    /// The lower-case host of the request without its port; empty if there was none.
    let host = ByteBuffer(capacity: 32)
    /// The client's address, as replaced by real IP.
    var remoteAddress: SocketAddress
    let body: RequestBody
    var arrival = Arrival()

    // MARK: Where it is served

    var server: VirtualServer
    /// The location in force; the server's own settings until one is found.
    var location: Location
    var routing = Routing()
    var limiting = Limiting()
    /// Zones that count the request as under way.
    var heldConnections: [HeldConnection] = []
    let values = ExchangeValues()
    /// What it waits for while its client's password is checked.
    var passwordCheck: PasswordCheck?
    /// What it waits for while another request finds out whether it may go on, or what stands around its
    /// response.
    var awaitedSubrequest: Subrequest?
    /// What other locations have answered to be put around its response.
    var additions: Additions?
    /// What it waits for while its upstream's name is looked up.
    var nameWait: CachedName?

    // MARK: The response

    let response = Response()
    private(set) var phase = Phase.receiving
    var delivery = Delivery()
    var source = Delivery.Source.none
    /// What content goes through on its way; `nil`: it passes as it is.
    var filter: ContentFilter?
    /// The attempts at upstreams, in order, for `$upstream_…` and logs.
    let attempts = AttemptLog()
    /// The upstream's side while a proxying location serves it.
    var upstream: UpstreamRequest?
    var proxying = Proxying()
    /// Fields of an upstream's response that go with the answer given instead of it.
    let keptFields = KeptFields()
    var accounting = Accounting()

    init(worker: Worker, stream: ResponseStream, client: ClientConnection) {
        self.worker = worker
        self.stream = stream
        self.client = client
        snapshot = client.snapshot
        server = client.listen.defaultServer
        location = server.base
        remoteAddress = client.remoteAddress
        headBytes = worker.noBytes
        body = RequestBody(pool: worker.contentBuffers)
    }

    /// Goes to the phase that follows; what cannot happen is a mistake of ours, and changes nothing.
    func advance(_ event: Phase.Event) {
        guard let next = phase.after(event) else {
            return assertionFailure("\(event) while \(phase)")
        }
        phase = next
    }

    /// Another request begins.
    func restartPhases() { phase = .receiving }
}

/// What a content handler or a check decided.
enum Outcome {
    /// Not mine: the next handler's turn.
    case declined
    /// `exchange.response` is filled in; send it.
    case respond
    /// Answer with this status: an error page, or the built-in one.
    case status(UInt16)
    /// Something else will finish it: an upstream, a timer.
    case suspended
    /// The request was redirected internally; route it again.
    case reroute
    /// Close without an answer (`return 444`).
    case close
}
