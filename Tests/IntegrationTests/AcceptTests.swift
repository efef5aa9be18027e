import Foundation
import Testing

/// Clients that come at the same time, and small writes on what is accepted.
@Suite("Accepting") struct AcceptTests {
    @Test("all who come at one time are served", arguments: ["off", "on"])
    func manyAtOnce(_ several: String) throws {
        let server = try Server(
            """
            events { multi_accept \(several); }
            http { access_log off; server { listen 127.0.0.1:%PORT1%; return 200 "here"; } }
            """)
        let clients = try (0..<60).map { _ in try RawClient(port: server.port) }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        for client in clients { #expect(try client.response().text == "here") }
        server.finish()
    }

    @Test("a response that ends its connection comes whole, large or small", arguments: [10, 3000, 300_000])
    func lastResponse(_ count: Int) throws {
        let server = try Server(
            """
            events { }
            http { access_log off; upstream gateway { server 127.0.0.1:%PORT2%; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://gateway; } }
                server { listen 127.0.0.1:%PORT2%; root %PREFIX%; } }
            """)
        _ = try server.directory.write(String(repeating: "x", count: count), to: "file")
        for _ in 0..<20 {
            let response = try RawClient.get(server.port, "/file")
            #expect(response.body.count == count)
            #expect(response["Connection"] == "close")
        }
        server.finish()
    }
}
