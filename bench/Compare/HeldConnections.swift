import Core
import HTTP
import Net

/// Connections that have had one answer each and are left idle.
final class HeldConnections {
    private var open: [Transport] = []
    private let tls: TLSClientContext?

    /// Opens them one after the other.
    init(_ options: LoadOptions) throws {
        tls = options.isTLS ? try TLSClientContext(options.tls) : nil
        guard let address = SocketAddress.resolve(host: options.host, port: options.port).first else {
            return
        }
        for _ in 0..<options.connections {
            if let made = try HeldConnections.connect(address, tls, Question(options)) { open.append(made) }
        }
    }

    var count: Int { open.count }

    func close() {
        for transport in open { transport.close() }
    }

    private static func connect(
        _ address: SocketAddress, _ tls: TLSClientContext?, _ question: Question
    ) throws -> Transport? {
        let poller = try Poller()
        let descriptor: Int32
        switch Socket.connect(address, from: nil) {
        case .failed: return nil
        case .connected(let fd), .inProgress(let fd): descriptor = fd
        }
        let connection = tls.map {
            TLSConnection(client: $0, fd: descriptor, serverName: nil, verifyName: nil, session: nil)
        }
        let transport = Transport(fd: descriptor, tls: connection)
        try poller.addConnection(descriptor, Token(slot: 0, generation: 1))
        var question = question
        let output = question.output
        let input = ByteBuffer(capacity: 4096)
        var isReady = false
        // Two seconds at most.
        for _ in 0..<20 {
            for index in 0..<poller.wait(timeoutMs: 100) { transport.note(poller.event(at: index)) }
            if !isReady {
                guard transport.isWritable else { continue }
                if let tls = transport.tls {
                    guard case .done = tls.handshake() else { continue }
                }
                isReady = true
            }
            if !output.isEmpty { _ = transport.send(output) }
            guard transport.isReadable else { continue }
            if case .bytes = transport.receive(into: input, atLeast: 4096), question.isAnswered(input) {
                if !output.isEmpty { _ = transport.send(output) }
                return transport
            }
        }
        transport.close()
        return nil
    }
}

/// The one request of such a connection.
private struct Question {
    let output = ByteBuffer(capacity: 256)
    private var client: HTTP2Client?

    init(_ options: LoadOptions) {
        guard options.speaksHTTP2 else {
            output.append("GET \(options.targets[0].path) HTTP/1.1\r\nHost: \(options.host)\r\n\r\n")
            return
        }
        var client = HTTP2Client(output)
        _ = client.ask(HTTP2RequestFields(options, path: options.targets[0].path), number: nil, output)
        self.client = client
    }

    /// Whether what came is the answer; in HTTP/1, whatever came is.
    mutating func isAnswered(_ input: ByteBuffer) -> Bool {
        guard client != nil else { return true }
        while let event = client?.next(input, output) {
            switch event {
            case .needsMore, .broken: return false
            case .head(_, _, let isLast), .content(_, _, let isLast): if isLast { return true }
            case .handled, .reset, .goingAway, .mayContinue, .windowsMoved: break
            }
        }
        return false
    }
}
