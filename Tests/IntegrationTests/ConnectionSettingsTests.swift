import Foundation
import TestSupport
import Testing

/// Settings of connections that only the other end, or the kernel, can see.
@Suite("What connections are set to") struct ConnectionSettingsTests {
    @Test("proxy_socket_keepalive has the kernel probe connections to gateways", arguments: [true, false])
    func socketKeepalive(isOn: Bool) throws {
        let gateway = try RecordingGateway()
        gateway.answerAll(with: .hang)
        let server = try Server(
            """
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://%GATEWAY1%; proxy_socket_keepalive \(isOn ? "on" : "off"); } } }
            """, gateways: [gateway])
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(gateway.waitForRequests(1))
        // A timer of kind 2 is that of probes (proc(5)); one of kind 1 goes when what was sent is acknowledged.
        let wanted = isOn ? "02:" : "00:"
        let isSeen = try waitUntil(Deadline(in: 5)) {
            try TCPTable.rows(to: gateway.port).contains { $0[3] == "01" && $0[5].hasPrefix(wanted) }
        }
        #expect(isSeen)
        client.close()
        server.finish()
        gateway.stop()
    }

    @Test("reset_timedout_connection", arguments: [true, false])
    func reset(isOn: Bool) throws {
        let server = try Server(
            """
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%; client_body_timeout 300ms;
                reset_timedout_connection \(isOn ? "on" : "off");
                location / { proxy_pass http://%DEAD%; } } }
            """)
        let client = try RawClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        var byte = [UInt8](repeating: 0, count: 4096)
        var count = 1
        while count > 0, Socket.waitReadable(client.descriptor, Deadline(in: 10)) {
            count = recv(client.descriptor, &byte, byte.count, 0)
        }
        #expect(isOn ? count < 0 && errno == ECONNRESET : count == 0)
        server.finish()
    }

    @Test("http2_chunk_size bounds what a frame carries", arguments: [("", 16_384), ("1k", 1024)])
    func chunkSize(size: String, most: Int) throws {
        let line = size.isEmpty ? "" : "http2_chunk_size \(size);"
        let server = try Server(
            """
            events { }
            http { access_log off; http2 on; server { listen 127.0.0.1:%PORT1%; root %PREFIX%; \(line) } }
            """, files: ["file": String(repeating: "x", count: 40_000)])
        let client = try FrameClient(port: server.port)
        client.send(FrameClient.request(1, "/file"))
        let frames = try client.stream(1).filter { $0.kind == 0 }
        #expect(frames.reduce(0) { $0 + $1.payload.count } == 40_000)
        let largest = frames.map(\.payload.count).max() ?? 0
        #expect(largest <= most && largest > most / 2)
        client.close()
        server.finish()
    }
}
