internal import Core

/// One name being looked up: A and AAAA over UDP, with retries over the servers and the search list, and
/// aliases inside the answer. It never waits: whoever owns it does, for `fd` and `deadlineMs`.
public final class DNSLookup {
    /// What became of it.
    public enum Outcome: Equatable, Sendable {
        /// With the port that was asked for, IPv4 first, each once, in a stable order; and the smallest TTL.
        case found([SocketAddress], ttlSeconds: Int)
        /// In nginx's words: "app.local could not be resolved (3: Host not found)".
        case failed(String)
    }

    private static var firstWaitMs: Int { 2000 }
    /// One type's answer waits so long for the other's: some servers never answer for AAAA.
    private static var patienceMs: Int64 { 3000 }
    /// Bounds the work of one call when somebody floods the port.
    private static var datagramMax: Int { 64 }
    private static var waitDoublingMax: Int { 4 }
    /// A line of `/etc/hosts` says nothing of its life; the file may be changed at any time.
    private static var hostsTTL: Int { 10 }
    private static var literalTTL: Int { 86_400 }

    private let host: String
    private let port: UInt16
    private let kinds: [DNSMessage.Kind]
    private let servers: [SocketAddress]
    private let startMs: Int64
    private let endMs: Int64
    private let firstWaitMs: Int64

    private var socket: DNSSocket?
    private var watch: DNSWatch?
    /// Questions that are asked over TCP, by their places.
    private var streams: [Int: DNSStream] = [:]
    private var outcome: Outcome?
    /// Why it failed, where a server or the time has told.
    public private(set) var ending: LookupEnding?
    /// Where the service is offered that was found.
    public private(set) var services: [DNSMessage.Service] = []
    private let tally: (any LookupTally)?
    /// The names still to be asked for; the first is the one being asked for.
    private var names: ArraySlice<DNSName>
    private var questions: [DNSQuestion] = []
    private var patienceEndMs = Int64.max
    /// Why a name could not be asked for, the first time.
    private var firstCode: Int?

    /// Prepares it; nothing is sent before `advance`.
    ///
    /// - Parameters:
    ///   - hosts: instead of `/etc/hosts`, where the settings say that it is looked at.
    ///   - tally: where it is counted, if a server has to be asked.
    public init(
        host: String, port: UInt16, settings: ResolverSettings, nowMs: Int64, hosts: HostsFile? = nil,
        tally: (any LookupTally)? = nil
    ) {
        self.tally = tally
        self.host = host
        self.port = port
        let kinds: [DNSMessage.Kind] = (settings.usesIPv4 ? [.a] : []) + (settings.usesIPv6 ? [.aaaa] : [])
        self.kinds = kinds
        servers = settings.usableServers
        names = settings.candidates(for: host)[...]
        (startMs, endMs, firstWaitMs) = DNSLookup.times(settings, nowMs)
        if let known = DNSLookup.literal(host) {
            outcome = found([known], DNSLookup.literalTTL)
        } else if names.isEmpty || kinds.isEmpty {
            outcome = failed(DNSQuestion.hostNotFound)
        } else if let known = fromHosts(settings, hosts) {
            outcome = found(known, DNSLookup.hostsTTL)
        } else {
            begin()
        }
    }

    /// Prepares a lookup of SRV records (RFC 2782): `service` is the whole name, `_http._tcp.example.org`.
    public init(
        service: String, settings: ResolverSettings, nowMs: Int64, tally: (any LookupTally)? = nil
    ) {
        self.tally = tally
        host = service
        port = 0
        kinds = [.srv]
        servers = settings.usableServers
        names = settings.candidates(for: service)[...]
        (startMs, endMs, firstWaitMs) = DNSLookup.times(settings, nowMs)
        if names.isEmpty { outcome = failed(DNSQuestion.hostNotFound) } else { begin() }
    }

    private static func times(_ settings: ResolverSettings, _ nowMs: Int64) -> (Int64, Int64, Int64) {
        let timeoutMs = min(max(settings.timeoutMs, 1), Int(Int32.max))
        // Each server is asked, even in a short time.
        let firstWaitMs = max(1, min(DNSLookup.firstWaitMs, timeoutMs / (settings.usableServers.count + 1)))
        return (nowMs, nowMs + Int64(timeoutMs), Int64(firstWaitMs))
    }

    private func begin() {
        guard !servers.isEmpty else {
            outcome = .failed("no resolver defined to resolve \(host)")
            return
        }
        tally?.began(isService: kinds == [.srv])
        open()
        beginName(startMs)
    }

    /// What is to be watched for reading (level-triggered), until `cancel` or the end of the object.
    ///
    /// -1: there is none, because the answer was there at once.
    public var fd: Int32 { watch?.fd ?? -1 }

    /// When `advance` must be called at the latest.
    public var deadlineMs: Int64 {
        guard outcome == nil else { return startMs }
        guard socket != nil else { return .max }
        let due = questions.lazy.filter(\.isPending).map(\.askAtMs).min() ?? startMs
        return min(due, patienceEndMs, endMs)
    }

    /// Sends, receives, retries: to be called after `init`, when `fd` is readable, and at the deadline.
    ///
    /// - Returns: `nil`: not done yet; an outcome comes again with every further call.
    public func advance(nowMs: Int64) -> Outcome? {
        guard let socket, outcome == nil else { return outcome }
        receive(socket, nowMs)
        receiveStreams(nowMs)
        while outcome == nil {
            if nowMs >= min(endMs, patienceEndMs) { giveUp() }
            ask(socket, nowMs)
            if questions.contains(where: \.isPending) { return nil }
            concludeName(nowMs)
        }
        return outcome
    }

    /// Closes the sockets: no outcome will come that has not come yet.
    public func cancel() {
        socket = nil
        streams = [:]
        watch = nil
    }

    // MARK: Beginning

    private static func literal(_ host: String) -> SocketAddress? {
        if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
            let six = SocketAddress(ip: String(host.dropFirst().dropLast()), port: 0)
            return six?.isIPv6 == true ? six : nil
        }
        return SocketAddress(ip: host, port: 0)
    }

    private func fromHosts(_ settings: ResolverSettings, _ hosts: HostsFile?) -> [SocketAddress]? {
        guard settings.usesHosts else { return nil }
        let known = (hosts ?? HostsFile.system()).addresses(of: host)
            .filter { $0.isIPv6 ? settings.usesIPv6 : settings.usesIPv4 }
        return known.isEmpty ? nil : known
    }

    private func open() {
        do throws(Errno) {
            let made = try DNSLookup.socket(isIPv6: servers.contains(where: \.isIPv6))
            let watch = try DNSWatch()
            try watch.add(made.fd)
            socket = made
            self.watch = watch
        } catch {
            outcome = .failed("\(host) could not be resolved \(error.logText)")
            tally?.ended(.unknown)
        }
    }

    /// Without IPv6 in the system the IPv4 servers can still be asked.
    private static func socket(isIPv6: Bool) throws(Errno) -> DNSSocket {
        do throws(Errno) {
            return try DNSSocket(isIPv6: isIPv6)
        } catch {
            guard isIPv6, let plain = try? DNSSocket(isIPv6: false) else { throw error }
            return plain
        }
    }

    private func beginName(_ nowMs: Int64) {
        guard let name = names.first else { return }
        streams = [:]
        var ids: [UInt16] = []
        while ids.count < kinds.count {
            // The system's generator: getrandom(2).
            let id = UInt16.random(in: .min ... .max)
            if !ids.contains(id) { ids.append(id) }
        }
        questions = zip(kinds, ids).map { kind, id in
            DNSQuestion(kind, name, id: id, serverCount: servers.count, nowMs: nowMs)
        }
        patienceEndMs = .max
    }

    // MARK: Asking

    private func ask(_ socket: DNSSocket, _ nowMs: Int64) {
        for index in questions.indices where questions[index].askAtMs <= nowMs {
            // An answer over TCP that takes so long is none.
            if streams.removeValue(forKey: index) != nil { questions[index].streamFailed() }
            questions[index].concludeRounds()
            guard questions[index].isPending else { continue }
            let round = min(questions[index].roundCount, DNSLookup.waitDoublingMax)
            questions[index].askAtMs = nowMs + firstWaitMs << Int64(round)
            if let server = questions[index].streamServer, openStream(index, servers[server]) { continue }
            let question = questions[index]
            guard question.isPending else { continue }
            let query = DNSMessage.query(
                id: question.id, name: question.name, kind: question.kind, edns: question.usesEDNS)
            // A server that cannot be reached is passed over at once.
            for _ in servers where socket.send(query, to: servers[questions[index].nextServer()]) { break }
        }
    }

    // MARK: Answers

    private func receive(_ socket: DNSSocket, _ nowMs: Int64) {
        for _ in 0..<DNSLookup.datagramMax {
            guard let (bytes, source) = socket.receive() else { return }
            guard let source, let server = servers.firstIndex(of: source) else { continue }
            guard let message = DNSMessage(response: bytes) else { continue }
            guard let asked = questions.firstIndex(where: { $0.isAnswered(by: message) }) else { continue }
            take(message, for: asked, from: server, nowMs)
        }
    }

    private func take(_ message: DNSMessage, for asked: Int, from server: Int, _ nowMs: Int64) {
        questions[asked].take(message, from: server)
        if !questions[asked].isPending {
            patienceEndMs = min(patienceEndMs, nowMs + DNSLookup.patienceMs)
        }
    }

    // MARK: Over TCP

    /// Returns `false` if the server cannot be asked that way.
    private func openStream(_ index: Int, _ server: SocketAddress) -> Bool {
        let question = questions[index]
        let query = DNSMessage.query(
            id: question.id, name: question.name, kind: question.kind, edns: false)
        do throws(Errno) {
            let stream = try DNSStream(query, to: server)
            try watch?.add(stream.fd)
            try watch?.watch(stream.fd, alsoForSending: true)
            streams[index] = stream
            return true
        } catch {
            questions[index].streamFailed()
            return false
        }
    }

    private func receiveStreams(_ nowMs: Int64) {
        for (index, stream) in streams {
            switch stream.advance() {
            case .pending:
                try? watch?.watch(stream.fd, alsoForSending: stream.wantsToSend)
                continue
            case .answered(let bytes):
                if let message = DNSMessage(response: bytes), questions[index].isAnswered(by: message),
                    let server = questions[index].streamServer
                {
                    take(message, for: index, from: server, nowMs)
                } else {
                    questions[index].streamFailed()
                }
            case .failed:
                questions[index].streamFailed()
            }
            streams[index] = nil
        }
    }

    private func giveUp() {
        for index in questions.indices { questions[index].giveUp(Int(Errno.timedOut.code)) }
    }

    /// All questions about a name have an end: it is found, or the next is asked for.
    private func concludeName(_ nowMs: Int64) {
        var list: [SocketAddress] = []
        var ttl = DNSLookup.literalTTL
        for question in questions {
            switch question.state {
            case .pending: break
            case .failed(let code): firstCode = firstCode ?? code
            case .answered(let addresses, let seconds) where !addresses.isEmpty:
                list += addresses
                ttl = min(ttl, seconds)
            case .answered(_, let seconds): if !question.services.isEmpty { ttl = min(ttl, seconds) }
            }
        }
        names = names.dropFirst()
        if let services = questions.first?.services, !services.isEmpty {
            self.services = services
            outcome = .found([], ttlSeconds: ttl)
            tally?.ended(.noError)
        } else if !list.isEmpty {
            outcome = found(list, ttl)
            tally?.ended(.noError)
        } else if nowMs >= endMs || names.isEmpty {
            let code = firstCode ?? DNSQuestion.hostNotFound
            outcome = failed(code)
            tally?.ended(LookupEnding(code: code))
        } else {
            beginName(nowMs)
        }
    }

    // MARK: Ending

    private func found(_ list: [SocketAddress], _ ttlSeconds: Int) -> Outcome {
        let unique = Set(list).sorted { DNSLookup.order($0) < DNSLookup.order($1) }
        return .found(unique.map { $0.with(port: port) }, ttlSeconds: ttlSeconds)
    }

    private static func order(_ address: SocketAddress) -> (Int, UInt64, UInt64) {
        switch address.kind {
        case .ipv4(let four, _): (0, 0, UInt64(four))
        case .ipv6(let high, let low, _): (1, high, low)
        case .unix: (2, 0, 0)
        }
    }

    private func failed(_ code: Int) -> Outcome {
        ending = LookupEnding(code: code)
        let text =
            switch code {
            case DNSQuestion.formatError: "Format error"
            case DNSQuestion.serverFailure: "Server failure"
            case DNSQuestion.hostNotFound: "Host not found"
            case DNSQuestion.notImplemented: "Unimplemented"
            case DNSQuestion.refused: "Operation refused"
            case Int(Errno.timedOut.code): "Operation timed out"
            default: "Unknown error"
            }
        return .failed("\(host) could not be resolved (\(code): \(text))")
    }
}
