import Core
import HTTP
import Net

/// The server behind it: one event loop.
final class CannedGateway {
    fileprivate enum Endpoint {
        case listener
        case connection(Client)
        case signals
    }

    /// Which of the answers it is.
    fileprivate enum Kind { case usual, large }

    /// A connection of whoever asks.
    fileprivate final class Client {
        let transport: Transport
        let token: Token
        let timer: TimerID
        let input = ByteBuffer(capacity: 4096)
        let output = ByteBuffer(capacity: 4096)
        let head = RequestHead()
        var parser = HTTP1RequestParser()
        /// Content of the request that is still to come.
        var skips: Int64 = 0
        /// What it is answered with.
        var kind = Kind.usual
        var chunks: ChunkedDecoder?
        /// `--grpc`
        var calls: CannedCalls?
        /// Of a large answer, what is still to be put into `output`.
        var largeRest = 0
        /// It has been posted for the next piece.
        var isPosted = false
        /// Answers that wait for the rest of a large one.
        var behind = Queue<Kind>()
        /// Answers whose time has not come.
        var owed = Queue<Kind>()
        /// It has one of the gateway's places.
        var isServed = false
        var isClosed = false

        init(_ transport: Transport, _ token: Token, _ timer: TimerID) {
            self.transport = transport
            self.token = token
            self.timer = timer
        }
    }

    private let options: GatewayCommand.Options
    fileprivate let loop: EventLoop<Endpoint>
    private let listener: Int32
    private let signals: SignalDescriptor
    private var isEnding = false
    private let answer = ByteBuffer(capacity: 1024)
    private let largeAnswer = ByteBuffer(capacity: 1024)
    private let error = ByteBuffer(capacity: 128)
    private let board: GatewayBoard
    /// Places that are taken, and who waits for one.
    private var served = 0
    private var line = Queue<Client>()

    init(_ options: GatewayCommand.Options, _ board: GatewayBoard) throws {
        self.options = options
        self.board = board
        board.delayMs = options.delayMs
        board.errorPercent = options.errorPercent
        loop = try EventLoop()
        signals = try SignalDescriptor([.terminate, .interrupt])
        listener = try Socket.listen(SocketAddress(.ipv4(0x7F00_0001, port: options.port)), ListenOptions())
        try loop.poller.addListener(listener, loop.enroll(.listener), exclusive: false)
        try loop.poller.addControl(signals.fd, loop.enroll(.signals))
        fill(answer, count: options.size)
        fill(largeAnswer, count: options.largeSize)
        error.append("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
    }

    private func fill(_ answer: ByteBuffer, count: Int) {
        let content =
            options.isText ? SampleText.bytes(count) : [UInt8](repeating: UInt8(ascii: "x"), count: count)
        answer.append("HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n")
        if options.isChunked {
            answer.append("Transfer-Encoding: chunked\r\n\r\n")
            if !content.isEmpty { answer.append(String(content.count, radix: 16) + "\r\n") }
            answer.append(content)
            answer.append(content.isEmpty ? "0\r\n\r\n" : "\r\n0\r\n\r\n")
        } else {
            answer.append("Content-Length: \(content.count)\r\n\r\n")
            answer.append(content)
        }
    }

    /// Serves until a signal says that it is enough.
    func run() {
        let turn = GatewayTurn(gateway: self)
        while !isEnding { turn.take(waitMs: 10_000) }
    }

    fileprivate func end() { isEnding = true }

    fileprivate func accept() {
        while case .accepted(let fd, _) = Socket.accept(listener) {
            Socket.setNoDelay(fd)
            let client = loop.enroll(as: Endpoint.connection) { token in
                Client(Transport(fd: fd, tls: nil), token, loop.timers.create(token, kind: 0))
            }
            if options.speaksGRPC {
                client.calls = CannedCalls(size: options.size, nowMs: loop.clock.nowMs, out: client.output)
            }
            do {
                try loop.poller.addConnection(fd, client.token)
            } catch {
                close(client)
            }
        }
    }

    private func close(_ client: Client) {
        client.isClosed = true
        if client.isServed { leavePlace(client) }
        loop.timers.destroy(client.timer)
        client.transport.close()
        loop.dismiss(client.token)
    }

    fileprivate func serve(_ client: Client) {
        while client.transport.isReadable {
            // Content is only counted: the more at once, the more of the machine is left to who is measured.
            let room = client.skips > 0 ? 64 << 10 : 4096
            switch client.transport.receive(into: client.input, atLeast: room) {
            case .bytes: break
            case .wouldBlock: continue
            case .closed, .failed: return close(client)
            }
            guard take(client) else { return close(client) }
        }
        flush(client)
    }

    /// - Returns: false if it is no HTTP.
    private func take(_ client: Client) -> Bool {
        if let calls = client.calls {
            let count = calls.take(client.input, out: client.output, nowMs: loop.clock.nowMs)
            for _ in 0..<(count ?? 0) { board.countRequest() }
            return count != nil
        }
        while !client.input.isEmpty {
            if client.skips > 0 {
                let count = Int(min(client.skips, Int64(client.input.count)))
                client.input.consume(count)
                client.skips -= Int64(count)
                if client.skips == 0 { owe(client, client.kind) }
                continue
            }
            switch client.parser.parse(client.input, into: client.head, limits: HeadLimits()) {
            case .incomplete: return true
            case .refused: return false
            case .complete(let length):
                note(client)
                client.kind = kind(client)
                client.input.consume(length)
                client.skips = client.head.content.declared ?? 0
                if client.head.content == .unknown { return false }
                client.head.reset()
                // Like most gateways: an answer to half of a request costs the proxy its connection.
                if client.skips == 0 { owe(client, client.kind) }
            }
        }
        return true
    }

    /// Counts the request, by its number if it has one.
    private func note(_ client: Client) {
        board.countRequest()
        for field in client.head.fields
        where client.input.equalsIgnoringCase(field.name, "x-request-number") {
            if let number = Int(client.input.string(of: field.value)) { board.countNumber(number) }
        }
    }

    private func kind(_ client: Client) -> Kind {
        let large = "/large".utf8
        let target = client.head.target
        guard target.count >= large.count else { return .usual }
        let start = Slice(from: Int(target.start), to: Int(target.start) + large.count)
        return client.input.equalsIgnoringCase(start, "/large") ? .large : .usual
    }

    private func owe(_ client: Client, _ kind: Kind) {
        guard board.delayMs > 0 || !client.owed.isEmpty else { return put(kind, client) }
        client.owed.append(kind)
        guard client.owed.count == 1 else { return }
        guard options.places > 0 else { return pay(client, afterMs: board.delayMs) }
        line.append(client)
        fillPlaces()
    }

    private func fillPlaces() {
        while served < options.places, let client = line.popFirst() {
            guard !client.isClosed else { continue }
            served += 1
            client.isServed = true
            pay(client, afterMs: board.delayMs)
        }
    }

    private func leavePlace(_ client: Client) {
        client.isServed = false
        served -= 1
        fillPlaces()
    }

    private func pay(_ client: Client, afterMs: Int) {
        loop.timers.set(client.timer, deadlineMs: loop.clock.nowMs + Int64(afterMs))
    }

    fileprivate func payOwed(_ client: Client) {
        if client.isServed { leavePlace(client) }
        while let kind = client.owed.popFirst() { put(kind, client) }
        flush(client)
    }

    private func put(_ kind: Kind, _ client: Client) {
        guard client.largeRest == 0 else { return client.behind.append(kind) }
        if board.errorPercent > 0 && board.requests % 100 < board.errorPercent {
            client.output.append(contentsOf: error)
        } else if kind == .large {
            client.largeRest = largeAnswer.count
        } else {
            client.output.append(contentsOf: answer)
        }
    }

    /// Most of a large answer that is made and sent before others have their turn, in bytes.
    private static var pieceMax: Int { 64 << 10 }

    fileprivate func flush(_ client: Client) {
        if client.output.isEmpty, client.largeRest > 0 { putPiece(client) }
        while !client.output.isEmpty, client.transport.isWritable {
            switch client.transport.send(client.output) {
            case .bytes, .wouldBlock: continue
            case .closed, .failed: return close(client)
            }
        }
        if client.output.isEmpty, client.largeRest > 0, !client.isPosted {
            client.isPosted = true
            loop.post(client.token)
        }
    }

    private func putPiece(_ client: Client) {
        let start = largeAnswer.count - client.largeRest
        let end = min(largeAnswer.count, start + CannedGateway.pieceMax)
        client.output.append(Slice(from: start, to: end), of: largeAnswer)
        client.largeRest = largeAnswer.count - end
        while client.largeRest == 0, let kind = client.behind.popFirst() { put(kind, client) }
    }
}

/// A turn of a gateway's loop.
private struct GatewayTurn: LoopTurn {
    let gateway: CannedGateway

    var loop: EventLoop<CannedGateway.Endpoint> { gateway.loop }

    func ready(_ endpoint: CannedGateway.Endpoint, _ event: ReadyEvent) {
        switch endpoint {
        case .listener: gateway.accept()
        case .connection(let client):
            client.transport.note(event)
            gateway.serve(client)
        case .signals: gateway.end()
        }
    }

    func timedOut(_ endpoint: CannedGateway.Endpoint, kind: UInt8) {
        if case .connection(let client) = endpoint { gateway.payOwed(client) }
    }

    /// A large answer goes on.
    func goOn(_ endpoint: CannedGateway.Endpoint) {
        if case .connection(let client) = endpoint {
            client.isPosted = false
            gateway.flush(client)
        }
    }
}
