import Core
import Glibc
import HTTP
import Net

/// `portico-bench gateway`: a server that answers every request alike, so that what is measured is in front.
enum GatewayCommand {
    struct Options {
        var port: UInt16 = 0
        var size = 6
        var delayMs = 0
        var isChunked = false
        /// Of a hundred requests, how many are answered with 500.
        var errorPercent = 0
    }

    static var help: String {
        """
        portico-bench gateway --port N [--size BYTES] [--delay TIME] [--chunked] [--errors PERCENT]

        Answers every request on 127.0.0.1 with the same content, until it is told to stop.
        """
    }

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") {
            Output.print(help)
            return 0
        }
        do {
            let options = try parse(words)
            try CannedGateway(options).run()
            return 0
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }

    private static func parse(_ words: [String]) throws(LoadOptions.Complaint) -> Options {
        var options = Options()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--chunked" {
                options.isChunked = true
                continue
            }
            guard let value = rest.popFirst() else {
                throw LoadOptions.Complaint(text: "\(word) needs a value")
            }
            switch word {
            case "--port": options.port = UInt16(value) ?? 0
            case "--size": options.size = max(0, Int(value) ?? 0)
            case "--delay": options.delayMs = Int(try LoadOptions.time(word, value) / 1000)
            case "--errors": options.errorPercent = Int(value) ?? 0
            default: throw LoadOptions.Complaint(text: "there is no option \(word)")
            }
        }
        guard options.port > 0 else { throw LoadOptions.Complaint(text: "--port is missing") }
        return options
    }
}

/// The server behind it: one event loop.
final class CannedGateway {
    private enum Endpoint {
        case listener
        case connection(Client)
        case signals
    }

    /// A connection of whoever asks.
    private final class Client {
        let transport: Transport
        let token: Token
        let timer: TimerID
        let input = ByteBuffer(capacity: 4096)
        let output = ByteBuffer(capacity: 4096)
        let head = RequestHead()
        var skips: Int64 = 0
        var chunks: ChunkedDecoder?
        /// Answers whose time has not come.
        var owed = 0

        init(_ transport: Transport, _ token: Token, _ timer: TimerID) {
            self.transport = transport
            self.token = token
            self.timer = timer
        }
    }

    private let options: GatewayCommand.Options
    private let clock = Clock()
    private let timers: Timers
    private let poller: Poller
    private let listener: Int32
    private let signals: SignalDescriptor
    private var endpoints = SlotTable<Endpoint>()
    private let answer = ByteBuffer(capacity: 1024)
    private let error = ByteBuffer(capacity: 128)
    private var served = 0

    init(_ options: GatewayCommand.Options) throws {
        self.options = options
        timers = Timers(nowMs: clock.nowMs)
        poller = try Poller()
        signals = try SignalDescriptor([.terminate, .interrupt])
        listener = try Socket.listen(SocketAddress(.ipv4(0x7F00_0001, port: options.port)), ListenOptions())
        try poller.addListener(listener, endpoints.insert { _ in .listener }, exclusive: false)
        try poller.addControl(signals.fd, endpoints.insert { _ in .signals })
        let content = [UInt8](repeating: UInt8(ascii: "x"), count: options.size)
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
        error.append("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
    }

    func run() throws {
        while true {
            let count = poller.wait(timeoutMs: timers.waitMs(nowMs: clock.nowMs, max: 10_000))
            clock.update()
            for index in 0..<count {
                let event = poller.event(at: index)
                switch endpoints[event.token] {
                case .listener: accept()
                case .connection(let client):
                    client.transport.note(event)
                    serve(client)
                case .signals: return
                case nil: break
                }
            }
            while let expired = timers.nextExpired(nowMs: clock.nowMs) {
                if case .connection(let client) = endpoints[expired.token] { payOwed(client) }
            }
        }
    }

    private func accept() {
        while case .accepted(let fd, _) = Socket.accept(listener) {
            Socket.setNoDelay(fd)
            let token = endpoints.insert { token in
                .connection(
                    Client(Transport(fd: fd, tls: nil), token, timers.create(token, kind: 0)))
            }
            do {
                try poller.addConnection(fd, token)
            } catch {
                Socket.close(fd)
            }
        }
    }

    private func close(_ client: Client) {
        timers.destroy(client.timer)
        client.transport.close()
        endpoints.remove(client.token)
    }

    private func serve(_ client: Client) {
        while client.transport.isReadable {
            switch client.transport.receive(into: client.input, atLeast: 4096) {
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
        while !client.input.isEmpty {
            if client.skips > 0 {
                let count = Int(min(client.skips, Int64(client.input.count)))
                client.input.consume(count)
                client.skips -= Int64(count)
                continue
            }
            switch client.head.parse(client.input, limits: HeadLimits()) {
            case .incomplete: return true
            case .refused: return false
            case .complete(let length):
                client.input.consume(length)
                client.skips = client.head.contentLength ?? 0
                if client.head.isChunked { return false }
                client.head.reset()
                owe(client)
            }
        }
        return true
    }

    private func owe(_ client: Client) {
        guard options.delayMs > 0 else { return put(client) }
        client.owed += 1
        if client.owed == 1 { timers.set(client.timer, deadlineMs: clock.nowMs + Int64(options.delayMs)) }
    }

    private func payOwed(_ client: Client) {
        for _ in 0..<client.owed { put(client) }
        client.owed = 0
        flush(client)
    }

    private func put(_ client: Client) {
        served += 1
        let isError = options.errorPercent > 0 && served % 100 < options.errorPercent
        client.output.append(contentsOf: isError ? error : answer)
    }

    private func flush(_ client: Client) {
        while !client.output.isEmpty, client.transport.isWritable {
            switch client.transport.send(client.output) {
            case .bytes, .wouldBlock: continue
            case .closed, .failed: return close(client)
            }
        }
    }
}
