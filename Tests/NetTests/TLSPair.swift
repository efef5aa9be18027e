import Core
import Glibc

@testable import Net

/// A server and a client of TLS at the two ends of a socket pair.
final class TLSPair {
    let serverFD: Int32
    let clientFD: Int32
    var server: TLSConnection
    var client: TLSConnection

    init(
        _ serverContext: TLSServerContext, _ clientContext: TLSClientContext? = nil,
        serverName: String? = nil,
        verifyName: String? = nil, session: TLSSession? = nil, kind: __socket_type = SOCK_STREAM
    ) throws {
        (serverFD, clientFD) = try TLSPair.sockets(kind)
        server = TLSConnection(server: serverContext, fd: serverFD)
        client = TLSConnection(
            client: try clientContext ?? TLSClientContext(TLSClientSettings()), fd: clientFD,
            serverName: serverName.map { Array($0.utf8) }, verifyName: verifyName.map { Array($0.utf8) },
            session: session)
    }

    deinit {
        close(serverFD)
        close(clientFD)
    }

    static func sockets(_ kind: __socket_type = SOCK_STREAM) throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(kind.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno.current }
        return (ends[0], ends[1])
    }

    /// Shakes hands until both ends are done or one failed.
    ///
    /// - Returns: the errors of server and client.
    @discardableResult
    func shakeHands() -> (server: TLSError?, client: TLSError?) {
        var errors: (server: TLSError?, client: TLSError?)
        var isDone = (server: false, client: false)
        for _ in 0..<20 where !(isDone.server && isDone.client) {
            if !isDone.client { (isDone.client, errors.client) = TLSPair.step(client) }
            if !isDone.server { (isDone.server, errors.server) = TLSPair.step(server) }
        }
        return errors
    }

    private static func step(_ connection: TLSConnection) -> (Bool, TLSError?) {
        switch connection.handshake() {
        case .done: (true, nil)
        case .failed(let error): (true, error)
        case .wantsRead, .wantsWrite, .wantsContext: (false, nil)
        case .plainHTTP: (true, TLSError("plain HTTP"))
        }
    }

    static func send(_ text: String, _ connection: TLSConnection, isLast: Bool = false) -> IOOutcome {
        Array(text.utf8).withUnsafeBytes { connection.send($0, isLast: isLast) }
    }

    static func receive(_ connection: TLSConnection, limit: Int = 65536) -> (outcome: IOOutcome, text: String)
    {
        var bytes = [UInt8](repeating: 0, count: limit)
        let outcome = bytes.withUnsafeMutableBytes { connection.receive(into: $0) }
        guard case .bytes(let count) = outcome else { return (outcome, "") }
        return (outcome, String(decoding: bytes[..<count], as: UTF8.self))
    }
}

extension TLSServerContext {
    /// One server with this certificate.
    static func make(
        _ certificate: TLSCertificate = TLSFixtures.one, store: TLSSessionStore? = nil,
        _ change: (inout TLSServerSettings) -> Void = { _ in }
    ) throws -> TLSServerContext {
        var settings = TLSServerSettings()
        settings.certificates = [certificate]
        change(&settings)
        return try TLSServerContext(settings: settings, sessionStore: store)
    }
}

extension TLSClientContext {
    /// A client that trusts the tests' authority, or nobody.
    static func make(
        trusts: [UInt8]? = nil, _ change: (inout TLSClientSettings) -> Void = { _ in }
    ) throws -> TLSClientContext {
        var settings = TLSClientSettings()
        if let trusts {
            settings.verifies = true
            settings.trustedCertificates = (trusts, "ca.pem")
        }
        change(&settings)
        return try TLSClientContext(settings)
    }
}
