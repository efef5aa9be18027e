/// One type of a name's records being asked for, of one server after the other.
struct DNSQuestion {
    enum State {
        case pending
        /// The name's addresses: perhaps none.
        case answered([SocketAddress], ttlSeconds: Int)
        /// No server knows; why: an RCODE or a code of errno(3).
        case failed(Int)
    }

    /// Rounds over the servers after which an error that one of them sent counts.
    private static var roundMax: Int { 2 }
    /// RCODE: the server did not understand the query.
    private static var formatError: Int { 1 }
    static var serverFailure: Int { 2 }
    static var hostNotFound: Int { 3 }
    private static var notImplemented: Int { 4 }

    let kind: DNSMessage.Kind
    /// Unforeseeable, so that nobody can answer who has not seen the query: RFC 5452 §4.3.
    let id: UInt16
    private(set) var state = State.pending
    /// The next query is due then.
    var askAtMs: Int64

    /// Whether each server, by its index, has sent an error.
    private var hasFailed: [Bool]
    private var firstCode: Int?
    private var next = 0
    private var current = 0
    private var queryCount = 0
    private var speaksEDNS = true
    private var lastUsedEDNS = false

    init(_ kind: DNSMessage.Kind, id: UInt16, serverCount: Int, nowMs: Int64) {
        self.kind = kind
        self.id = id
        askAtMs = nowMs
        hasFailed = [Bool](repeating: false, count: serverCount)
    }

    // MARK: Asking

    var isPending: Bool {
        if case .pending = state { true } else { false }
    }

    /// Whole rounds over the servers that queries have gone.
    var roundCount: Int { queryCount / max(hasFailed.count, 1) }

    /// A server or a path may drop what it does not know: later rounds do without EDNS.
    var usesEDNS: Bool { speaksEDNS && roundCount == 0 }

    /// The index of the server to ask now: in turn, those left out that sent an error.
    mutating func nextServer() -> Int {
        let count = hasFailed.count
        let turn = (0..<count).lazy.map { [next] in (next + $0) % count }
        current = turn.first { !hasFailed[$0] } ?? 0
        next = current + 1
        lastUsedEDNS = usesEDNS
        queryCount += 1
        return current
    }

    /// Gives up when an error came from some servers, and nothing from the others in time.
    mutating func concludeRounds() {
        if let firstCode, roundCount >= DNSQuestion.roundMax { state = .failed(firstCode) }
    }

    /// Waiting is no longer worth it.
    mutating func giveUp(_ code: Int) {
        if isPending { state = .failed(firstCode ?? code) }
    }

    // MARK: Answers

    mutating func take(_ message: DNSMessage, from server: Int) {
        switch message.code {
        case 0:
            let (list, ttl) = message.addresses
            if list.isEmpty, message.isTruncated { return fail(DNSQuestion.serverFailure, server) }
            state = .answered(list, ttlSeconds: ttl)
        case DNSQuestion.hostNotFound:
            state = .answered([], ttlSeconds: 0)
        case DNSQuestion.formatError where lastUsedEDNS, DNSQuestion.notImplemented where lastUsedEDNS:
            speaksEDNS = false
            lastUsedEDNS = false
            next = server
            askAtMs = .min
        default:
            fail(message.code, server)
        }
    }

    private mutating func fail(_ code: Int, _ server: Int) {
        guard hasFailed.indices.contains(server) else { return }
        hasFailed[server] = true
        firstCode = firstCode ?? code
        if !hasFailed.contains(false) {
            state = .failed(firstCode ?? code)
        } else if server == current {
            askAtMs = .min
        }
    }
}
