import Config
import Core
import Foundation
import Glibc
import Net
import Sharing
import TestSupport
import Testing

@testable import Proxy

/// A worker that listens nowhere, for clients that a test plays.
final class ScriptedWorker {
    let worker: Worker
    let listen: ListenAddress
    /// For its temporary files.
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - server: directives of its one server, beside what it listens to.
    ///   - listening: what `listen` says behind the address.
    ///   - beside: other blocks of `http`.
    init(serving server: String, listening: String = "", beside: String = "") throws {
        let text = """
            events { }
            http { error_log stderr emerg; access_log off;
                \(beside)
                server { listen 127.0.0.1:8443 \(listening); \(server) } }
            """
        directory = try TemporaryDirectory()
        let request = LoadRequest(
            prefix: directory.path, path: nil, globalDirectives: "", errorLogPath: "stderr",
            builtIn: BuiltInConfiguration(name: "scripted.conf", text: text))
        let configuration = try Configuration.load(request)
        try configuration.openAccessLogs()
        let birth = Worker.Birth(
            configuration: configuration, sockets: [], shared: try SharedState(slots: 1), slot: 0)
        worker = try Worker(birth, orders: nil)
        listen = try #require(worker.snapshot.configuration.listeners.first)
    }

    /// Takes turns until nobody has more to do without an event.
    func turn(waitMs: Int32 = 0) {
        let turn = WorkerTurn(worker: worker)
        turn.take(waitMs: waitMs)
        turn.finish()
        var budget = 100
        while worker.loop.hasPosted, budget > 0 {
            turn.take(waitMs: 0)
            turn.finish()
            budget -= 1
        }
        // What the last turn's sends made possible shows as events.
        turn.take(waitMs: 0)
        turn.finish()
    }
}

/// One client's connection: a pair of sockets, whose other end the worker has.
final class ScriptedClient {
    let scripted: ScriptedWorker
    let token: Token
    private let fd: Int32
    private(set) var received: [UInt8] = []
    /// The worker has ended its side.
    private(set) var isEnded = false

    init(of scripted: ScriptedWorker, sendBuffer: Int32? = nil) throws {
        self.scripted = scripted
        let worker = scripted.worker
        let listen = scripted.listen
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        if var size = sendBuffer {
            setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        fd = ends[1]
        let accepted = Acceptance(
            listen: listen, snapshot: worker.snapshot, address: SocketAddress(.ipv4(0x7F00_0001, port: 1)),
            nowMs: worker.clock.nowMs)
        let tls =
            listen.isTLS
            ? listen.defaultServer.tlsConnection(
                fd: ends[0], selector: listen, gathering: ByteBuffer(capacity: 1024)) : nil
        token = worker.loop.enroll { token in
            let connection = ClientConnection(
                number: 1, token: token, transport: Transport(fd: ends[0], tls: tls), accepted: accepted)
            return .client(
                ClientOpening.isDue(on: connection)
                    ? .opening(ClientOpening(worker: worker, connection: connection))
                    : .http1(HTTP1Session(worker: worker, connection: connection)))
        }
        try worker.loop.poller.addConnection(ends[0], token)
    }

    deinit {
        session?.close()
        if !isLeft { Glibc.close(fd) }
    }

    /// `nil`: the worker has closed the connection.
    var session: Session? {
        scripted.worker.loop[token]?.session
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// What came, without what differs between two runs.
    var steadyText: String {
        text.components(separatedBy: "\r\n").filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
    }

    /// Sends a part, and lets the worker act on it.
    func send(_ part: some Sequence<UInt8>) {
        guard sendAhead(part) else { return }
        scripted.turn()
        read()
    }

    /// Sends a part that the worker finds in its next turn.
    ///
    /// - Returns: false: there was nothing to send.
    @discardableResult
    func sendAhead(_ part: some Sequence<UInt8>) -> Bool {
        let bytes = Array(part)
        guard !bytes.isEmpty else { return false }
        #expect(Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        return true
    }

    func send(_ text: String) { send(text.utf8) }

    /// Takes what is there, at most `limit` bytes; all to the end where the worker has closed the connection.
    func read(limit: Int = .max) {
        var chunk = [UInt8](repeating: 0, count: min(limit, 64 << 10))
        var left = limit
        while left > 0 {
            let count = recv(fd, &chunk, min(chunk.count, left), 0)
            guard count > 0 else {
                // A side that closes with something unread resets a pair of sockets.
                if count == 0 || errno == ECONNRESET { isEnded = true }
                // A process that another test starts holds copies of all descriptors until it is what it is to be.
                if !isEnded, session == nil, awaitReadable(fd) { continue }
                return
            }
            received += chunk[..<count]
            left -= count
        }
    }

    /// Sends no more, and lets the worker act on that.
    func endSending() {
        shutdown(fd, Int32(SHUT_WR))
        scripted.turn()
        read()
    }

    private var isLeft = false

    /// Goes away.
    func leave() {
        shutdown(fd, Int32(SHUT_RDWR))
        Glibc.close(fd)
        isLeft = true
        scripted.turn()
    }
}

/// Waits until a socket has something to say, its end included.
///
/// - Returns: whether it has, within ten seconds.
func awaitReadable(_ fd: Int32) -> Bool {
    var waiting = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, 10_000) == 1
}

extension Session {
    /// The next event goes on with a TLS handshake.
    var isShakingHands: Bool {
        if case .opening(let opening) = self { opening.isShakingHands } else { false }
    }
}
