package import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// `portico explain`: what would become of a request, found out by the code that serves.
///
/// A worker of its own, without a listening socket and with counts of its own, has a client at the other end
/// of a pair of sockets. The request goes through parser, phases and modules as any other would; where a peer
/// would be connected with, it ends. Nothing is sent, logged or shared with a service that runs.
package enum Explainer {
    /// How long it may take: a password that is checked aside takes longest.
    private static var patienceMs: Int64 { 10_000 }
    /// Longest head of an answer that is looked at.
    private static var answerMax: Int { 64 << 10 }

    /// By a configuration alone: beside a service that may run, of which nothing is known.
    ///
    /// - Throws: what is wrong with the question, or that nobody listens there.
    package static func explain(
        _ question: ExplainQuestion, by configuration: Configuration
    ) throws(ConfigError) -> Explanation {
        let visit = try Visit(question, configuration.listeners)
        do throws(Errno) {
            let shared = try SharedState(slots: 1)
            shared.prepare(configuration, for: .start)
            let birth = Worker.Birth(configuration: configuration, sockets: [], shared: shared, slot: 0)
            let trace = RequestTrace(of: visit, knowsService: false)
            let worker = try Worker(birth, orders: nil, trace: trace)
            worker.snapshot.groups.presumeHealthy()
            return try explain(visit, by: worker, trace)
        } catch {
            throw ConfigError("the request cannot be tried out \(error.logText)")
        }
    }

    /// As things are with a worker now. The process is a child of its, which has shared memory for itself
    /// and no descriptors, and ends with this.
    ///
    /// - Throws: what is wrong with the question, or that nobody listens there.
    static func explain(
        _ question: ExplainQuestion, inPlaceOf parent: Worker
    ) throws(ConfigError) -> Explanation {
        let visit = try Visit(question, parent.configuration.listeners)
        // The numbers of its files are of other things here.
        parent.configuration.silence()
        do throws(Errno) {
            let birth = Worker.Birth(
                configuration: parent.configuration, sockets: [], shared: parent.shared, slot: parent.slot)
            let trace = RequestTrace(of: visit, knowsService: true)
            return try explain(visit, by: try Worker(birth, orders: nil, trace: trace), trace)
        } catch {
            throw ConfigError("the request cannot be tried out \(error.logText)")
        }
    }

    private static func explain(
        _ visit: Visit, by worker: Worker, _ trace: RequestTrace
    ) throws(Errno) -> Explanation {
        if let server = visit.refusingServer {
            let name = visit.serverName.map { String(decoding: $0, as: UTF8.self) } ?? ""
            trace.refuse(
                "ssl_reject_handshake: the handshake "
                    + (name.isEmpty ? "without a server's name is refused" : "for \"\(name)\" is refused"),
                at: server.base.place?.description)
            return Explanation(visit: visit, trace: trace, answer: [])
        }
        let (near, far) = try Socket.pair()
        let client = Transport(fd: far, tls: nil)
        defer { client.close() }
        try worker.receive(visit, over: near)
        let request = ByteBuffer(capacity: visit.head.count)
        request.append(visit.head)
        guard case .bytes = client.send(request) else { throw .brokenPipe }
        let answer = wait(for: trace, worker, client)
        return Explanation(visit: visit, trace: trace, answer: answer)
    }

    /// - Returns: the head of the answer, if there is one.
    private static func wait(for trace: RequestTrace, _ worker: Worker, _ client: Transport) -> [String] {
        let turn = WorkerTurn(worker: worker)
        let answer = ByteBuffer(capacity: 4096)
        let endMs = worker.clock.nowMs + patienceMs
        var lines: [String] = []
        // Copies of the request begin at the end of a turn.
        var turnsLeft = 3
        while turnsLeft > 0, worker.clock.nowMs < endMs, !worker.life.isOver {
            turn.take(waitMs: trace.isOver ? 0 : 50)
            turn.finish()
            if lines.isEmpty, let head = read(client, into: answer) { lines = head }
            if trace.isOver || !lines.isEmpty { turnsLeft -= 1 }
        }
        return lines
    }

    /// The head, once all of it is here; what follows it stays where it is.
    private static func read(_ client: Transport, into answer: ByteBuffer) -> [String]? {
        client.assumeReadable()
        if answer.count < answerMax { _ = client.receive(into: answer, atLeast: 4096, limit: answerMax) }
        var lines: [String] = []
        // A head ends in lines of CRLF; nothing but those is looked at.
        for line in answer.bytes.split(separator: UInt8.lineFeed, omittingEmptySubsequences: false).dropLast()
        {
            let text = Array(line.dropLast())
            if text.isEmpty { return lines }
            lines.append(ByteBuffer.shown { $0.append(text) })
        }
        return nil
    }
}

extension Worker {
    /// Serves a client that is not there, over a socket whose other end plays it.
    fileprivate func receive(_ visit: Visit, over fd: Int32) throws(Errno) {
        let accepted = Acceptance(
            listen: visit.listen, snapshot: snapshot, address: visit.client, nowMs: clock.nowMs)
        let session = loop.enroll(as: Endpoint.http1) { token in
            let connection = ClientConnection(
                number: 1, token: token, transport: Transport(fd: fd, tls: nil), accepted: accepted)
            connection.stand(for: visit, nowMs: clock.nowMs)
            return HTTP1Session(worker: self, connection: connection)
        }
        admission.connectionCount += 1
        counters.add(.active, 1)
        try loop.poller.addConnection(fd, session.connection.token)
    }
}
