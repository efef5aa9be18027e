internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// What is done for one request between its head and its log line, piece by piece and without a network:
/// for whoever measures the pieces.
package final class ExchangePieces {
    /// The samples are no heads, or the location does not proxy.
    package struct Unfit: Error {}

    private let exchange: Exchange
    private let upstream: UpstreamRequest
    private let target: ProxyTarget
    private let requestBytes = ByteBuffer(capacity: 4096)
    private let peerHead = ByteBuffer(capacity: 1024)
    private let line = ByteBuffer(capacity: 1024)
    private let session: HTTP1Session
    private let format: LogFormat

    /// - Parameters:
    ///   - location: directives of a location that proxies.
    ///   - requestHead: what a client sends.
    ///   - responseHead: what the gateway answers.
    package init(location: String, requestHead: String, responseHead: String) throws {
        let worker = try Worker.idle(serving: location)
        guard let listen = worker.snapshot.configuration.listeners.first else { throw Unfit() }
        let accepted = Acceptance(
            listen: listen, snapshot: worker.snapshot,
            address: SocketAddress(.ipv4(0xC0A8_6417, port: 51234)), nowMs: worker.clock.nowMs)
        let connection = ClientConnection(
            number: 1, token: Token(slot: 0, generation: 0), transport: Transport(fd: -1, tls: nil),
            accepted: accepted)
        let session = HTTP1Session(worker: worker, connection: connection)
        self.session = session
        let exchange = worker.takeExchange(for: .http1(session), of: connection)
        self.exchange = exchange
        upstream = UpstreamRequest(exchange: exchange, worker: worker)
        exchange.upstream = upstream
        requestBytes.append(requestHead)
        var parser = HTTP1RequestParser()
        guard case .complete = parser.parse(requestBytes, into: exchange.head, limits: HeadLimits())
        else { throw Unfit() }
        exchange.headBytes = requestBytes
        exchange.method = exchange.head.method
        session.keepsAlive = true
        exchange.uri.append(exchange.head.path, of: requestBytes)
        exchange.adopt(listen.defaultServer)
        exchange.body.begin(.none)
        let found = exchange.uri.withReadable { listen.defaultServer.find(uri: $0) }
        guard case .location(let location) = found.match, case .proxy(let target) = location.settings.content,
            let log = location.settings.logs.access.elements.first
        else { throw Unfit() }
        self.target = target
        exchange.location = location
        exchange.proxying.target = target
        format = worker.snapshot.configuration.logFormats[log.format]
        let responseBytes = ByteBuffer(capacity: 1024)
        responseBytes.append(responseHead)
        var responses = HTTP1ResponseParser()
        guard case .complete = responses.parse(responseBytes, into: upstream.response, sizeMax: 64 << 10)
        else { throw Unfit() }
    }

    /// Finds the server by host and the location by path.
    ///
    /// - Returns: bytes of the path; 0: nothing is found.
    package func route() -> Int {
        guard let host = exchange.head.host else { return 0 }
        let listen = exchange.client.listen
        let server =
            requestBytes.withBytes(of: host) { listen.server(forHost: $0).server } ?? listen.defaultServer
        let found = exchange.uri.withReadable { server.find(uri: $0) }
        guard case .location = found.match else { return 0 }
        return exchange.uri.count
    }

    /// Writes the head for the gateway.
    ///
    /// - Returns: its bytes.
    package func rewriteRequest() -> Int {
        RequestRewrite.write(exchange, target: target, to: peerHead)
        return peerHead.count
    }

    /// Takes the gateway's head over and writes it for the client.
    ///
    /// - Returns: its bytes.
    package func rewriteResponse() -> Int {
        ResponseRewrite.fill(exchange, from: upstream)
        HeaderFilter.apply(to: exchange)
        let writer = session.writer
        writer.pending.removeAll()
        HTTP1ResponseHead.write(exchange, to: writer, keepsAlive: &session.keepsAlive)
        return writer.pending.count
    }

    /// Writes the access log's line.
    ///
    /// - Returns: its bytes.
    package func logLine() -> Int {
        line.removeAll()
        format.append(for: exchange, to: line)
        return line.count
    }
}

extension Worker {
    /// A worker that listens nowhere, for a server with one location.
    fileprivate static func idle(serving location: String) throws -> Worker {
        let text = """
            events {}
            http {
                error_log stderr;
                access_log /dev/null combined;
                server { listen 127.0.0.1:8080; location / { \(location) } }
            }
            """
        let request = LoadRequest(
            prefix: "/nonexistent", path: nil, globalDirectives: "", errorLogPath: "stderr",
            builtIn: BuiltInConfiguration(name: "pieces.conf", text: text))
        let birth = Birth(
            configuration: try Configuration.load(request), sockets: [],
            shared: try SharedState(slots: 1), slot: 0)
        return try Worker(birth, orders: nil)
    }
}
