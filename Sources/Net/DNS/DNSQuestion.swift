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

    // RCODEs: RFC 1035 §4.1.1.

    /// The server did not understand the query.
    static var formatError: Int { 1 }
    static var serverFailure: Int { 2 }
    static var hostNotFound: Int { 3 }
    static var notImplemented: Int { 4 }
    static var refused: Int { 5 }

    /// Aliases that lead from one message to the next.
    private static var aliasMax: Int { 8 }

    let kind: DNSMessage.Kind
    /// What is asked for: the name, or where its aliases have led.
    private(set) var name: DNSName
    /// Unforeseeable, so that nobody can answer who has not seen the query: RFC 5452 §4.3.
    private(set) var id: UInt16
    private(set) var state = State.pending
    /// SRV: what was answered.
    private(set) var services: [DNSMessage.Service] = []
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
    private var aliasCount = 0
    /// The smallest TTL of the aliases that led here.
    private var aliasTTL = Int.max
    /// A server whose answer no datagram holds, and as much of it as came.
    private var truncated: (server: Int, list: [SocketAddress], ttlSeconds: Int)?

    init(_ kind: DNSMessage.Kind, _ name: DNSName, id: UInt16, serverCount: Int, nowMs: Int64) {
        self.kind = kind
        self.name = name
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

    /// Whether a message is about what is asked.
    func isAnswered(by message: DNSMessage) -> Bool {
        isPending && id == message.id && kind == message.kind && name == message.name
    }

    mutating func take(_ message: DNSMessage, from server: Int) {
        switch message.code {
        case 0:
            let (list, ttl, end) = message.followed
            if message.isTruncated, truncated == nil {
                // RFC 7766 §5: asked once more over TCP.
                truncated = (server, list, ttl)
                askAtMs = .min
                return
            }
            if kind == .srv {
                services = message.services.list
                state = .answered([], ttlSeconds: message.services.ttlSeconds)
                return
            }
            if list.isEmpty, end != name, aliasCount < DNSQuestion.aliasMax { return follow(end, ttl) }
            state = .answered(list, ttlSeconds: min(ttl, aliasTTL))
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

    /// The server that is to be asked over TCP.
    var streamServer: Int? { truncated?.server }

    /// The server cannot be asked over TCP: what came before does, if anything did.
    mutating func streamFailed() {
        guard let part = truncated else { return }
        guard part.list.isEmpty else {
            state = .answered(part.list, ttlSeconds: min(part.ttlSeconds, aliasTTL))
            return
        }
        truncated = nil
        fail(DNSQuestion.serverFailure, part.server)
    }

    /// Asks for the name that an alias means, which the server did not tell the addresses of.
    private mutating func follow(_ name: DNSName, _ ttlSeconds: Int) {
        self.name = name
        id = UInt16.random(in: .min ... .max)
        aliasCount += 1
        aliasTTL = min(aliasTTL, ttlSeconds)
        truncated = nil
        queryCount = 0
        hasFailed = hasFailed.map { _ in false }
        firstCode = nil
        askAtMs = .min
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
