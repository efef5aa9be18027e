import Config
import Core
import Foundation
import Sharing
import Testing

@testable import Net
@testable import Proxy

@Suite("TLS handshake of a session") struct HandshakeTests {
    /// A worker that listens nowhere, and the address that it would listen at.
    private func worker() throws -> (Worker, ListenAddress) {
        let text = """
            events { }
            http { error_log stderr; access_log off;
                server { listen 127.0.0.1:8443 ssl; ssl_certificate self-signed; return 200 "here"; } }
            """
        let request = LoadRequest(
            prefix: "/nonexistent", path: nil, globalDirectives: "", errorLogPath: "stderr",
            builtIn: BuiltInConfiguration(name: "handshake.conf", text: text))
        let birth = Worker.Birth(
            configuration: try Configuration.load(request), sockets: [],
            shared: try SharedState(slots: 1), slot: 0)
        let worker = try Worker(birth, orders: nil)
        return (worker, try #require(worker.snapshot.configuration.listeners.first))
    }

    @Test("a request that the handshake has read is served, though no event told that there is something")
    func requestBehindHandshake() throws {
        let (worker, listen) = try worker()
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        let tls = listen.defaultServer.tlsConnection(
            fd: ends[0], selector: listen, gathering: worker.records)
        let accepted = Acceptance(
            listen: listen, snapshot: worker.snapshot, address: SocketAddress(.ipv4(0x7F00_0001, port: 1)),
            nowMs: worker.clock.nowMs)
        let token = worker.loop.enroll { token in
            let connection = ClientConnection(
                number: 1, token: token, transport: Transport(fd: ends[0], tls: tls), accepted: accepted)
            return .opening(ClientOpening(worker: worker, connection: connection))
        }
        func session() throws -> Session {
            guard let session = worker.loop[token]?.session else { throw ConfigError("no session") }
            return session
        }
        let client = TLSConnection(
            client: try TLSClientContext(TLSClientSettings()), fd: ends[1], serverName: nil,
            verifyName: nil, session: nil)
        var isDone = false
        for _ in 0..<4 where !isDone {
            if case .done = client.handshake(thenSends: true) { isDone = true } else { try session().ready() }
        }
        #expect(try isDone && session().isShakingHands)
        let transport = Transport(fd: ends[1], tls: client)
        let request = ByteBuffer(capacity: 64)
        request.append("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        guard case .bytes = transport.send(request) else { return #expect(Bool(false), "not sent") }
        try session().ready()
        #expect(try !session().isShakingHands)
        WorkerTurn(worker: worker).goOn(.client(try session()))
        let answer = ByteBuffer(capacity: 1024)
        guard case .bytes = transport.receive(into: answer, atLeast: 1024) else {
            return #expect(Bool(false), "no answer")
        }
        #expect(String(decoding: answer.bytes, as: UTF8.self).hasSuffix("here"))
        try session().close()
        transport.close()
    }
}
