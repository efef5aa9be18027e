internal import Core
internal import Net

/// A client's connection: who is at the other end and what it speaks through.
///
/// What is said on it is the session's matter.
final class ClientConnection {
    /// Serial number of the connection in this worker: `*12` in logs, `$connection`.
    let number: Int
    let token: Token
    let transport: Transport
    /// The listening socket that accepted it.
    let listen: ListenAddress
    /// The peer's address as the kernel gave it.
    let remoteAddress: SocketAddress
    let startedMs: Int64
    /// Requests begun on it: `$connection_requests`.
    var requestCount = 0
    /// What the PROXY protocol said of the client, if the listener asks for it.
    var proxyProtocolAddress: SocketAddress?
    /// Where the client connected to, as the PROXY protocol says.
    var proxyProtocolDestination: SocketAddress?

    /// The address that the client connected to, asked of the kernel when first wanted.
    private(set) lazy var localAddress: SocketAddress =
        SocketAddress.local(of: transport.fd) ?? listen.address

    var tls: TLSConnection? { transport.tls }

    init(number: Int, token: Token, transport: Transport, accepted: Acceptance) {
        self.number = number
        self.token = token
        self.transport = transport
        listen = accepted.listen
        remoteAddress = accepted.address
        startedMs = accepted.nowMs
    }
}

/// Where and when a connection was accepted.
struct Acceptance {
    let listen: ListenAddress
    let address: SocketAddress
    let nowMs: Int64
}
