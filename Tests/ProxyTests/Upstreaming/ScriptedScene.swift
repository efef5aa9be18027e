import Testing

@testable import Proxy

/// A worker, and the gateway behind it.
struct ScriptedScene {
    let gateway: ScriptedGateway
    let worker: ScriptedWorker

    /// - Parameter location: directives beside `proxy_pass`.
    init(_ location: String = "", servers: Int = 1) throws {
        try self.init(server: "location / { proxy_pass http://gateway; \(location) }", servers: servers)
    }

    /// - Parameter servers: so many lines of the upstream are the gateway.
    init(server: String, servers: Int = 1) throws {
        gateway = try ScriptedGateway()
        worker = try ScriptedWorker(serving: server, beside: gateway.upstream(servers: servers))
    }

    /// A client that sends a request, and the connection that it came by to the gateway.
    func ask(
        _ request: String = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", sendBuffer: Int32? = nil
    ) throws -> (ScriptedClient, ScriptedGateway.Connection) {
        let client = try ScriptedClient(of: worker, sendBuffer: sendBuffer)
        client.send(request)
        let connection = try #require(gateway.accept())
        connection.read()
        return (client, connection)
    }

    /// The gateway says something, and all act on it.
    func say(
        _ part: some Sequence<UInt8>, _ connection: ScriptedGateway.Connection, to client: ScriptedClient
    ) {
        if connection.send(part) > 0 { worker.turn() }
        client.read()
    }

    func hangUp(_ connection: ScriptedGateway.Connection, on client: ScriptedClient) {
        connection.close()
        worker.turn()
        client.read()
    }
}
