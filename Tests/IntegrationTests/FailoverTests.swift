import Foundation
import TestSupport
import Testing

/// Requests that wait, are tried again, or are not.
@Suite("Failover", .serialized) struct FailoverTests {
    @Test("requests beyond max_conns wait in the queue, in order, and are served when a server is free")
    func queueWaits() throws {
        let gateway = try RecordingGateway("one")
        for _ in 0..<3 {
            gateway.enqueue(
                .raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").then(.waitForRelease).then(
                    .send(Array("ok".utf8))))
        }
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { log_format q "$uri $upstream_queue_time"; access_log %PREFIX%/access.log q;
                upstream app { zone app 64k; server %GATEWAY1% max_conns=1; queue 2 timeout=5s; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app; }
                    location /status { stub_status; access_log off; } } }
            """, gateways: [gateway])
        let clients = try (0..<4).map { number -> RawClient in
            let client = try RawClient(port: server.port)
            client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            // Each is taken in before the next one comes.
            let isTaken = try waitUntil(Deadline(in: 5)) {
                let text = String(latin1: try RawClient.get(server.port, "/status").body)
                return number == 3 || text.contains("Writing: \(number + 2)")
            }
            #expect(isTaken)
            return client
        }
        // One is being served, two wait: the fourth finds the queue full.
        #expect(try clients[3].response().status == 502)
        for number in 0..<3 {
            #expect(gateway.waitForRequests(number + 1))
            gateway.release()
            #expect(try clients[number].response().status == 200)
        }
        #expect(gateway.requests.map(\.target) == ["/0", "/1", "/2"])
        #expect(
            waitUntil(Deadline(in: 5)) {
                let lines = server.directory.read("access.log").split(separator: "\n")
                return lines.contains("/0 -") && lines.contains { $0.hasPrefix("/2 0.") }
            })
        server.finish(expected: ["no live upstreams"])
    }

    @Test("a request that has waited too long in the queue is a 502")
    func queueTimesOut() throws {
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream app { zone app 64k; server %DEAD% down; server 127.0.0.1:1 down;
                    queue 5 timeout=200ms; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app; } } }
            """)
        let start = Deadline.nowNs()
        #expect(try RawClient.get(server.port, "/").status == 502)
        let seconds = Double(Deadline.nowNs() - start) / 1e9
        #expect((0.2...3).contains(seconds), "\(seconds) s")
        server.finish(expected: ["no live upstreams"])
    }

    @Test("many requests that fail together are tried again a few at a time, and none is lost")
    func budgetBoundsRetries() throws {
        let silent = try RecordingGateway("silent")
        silent.answerAll(with: .hang)
        let good = try RecordingGateway("good")
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream app { server %GATEWAY1% max_fails=0; server %GATEWAY2% backup; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app;
                    proxy_read_timeout 300ms; proxy_next_upstream_budget 10%; } } }
            """, gateways: [silent, good])
        let clients = try (0..<20).map { _ -> RawClient in
            let client = try RawClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return client
        }
        for client in clients { #expect(try client.response().status == 200) }
        server.finish(expected: ["upstream timed out"])
    }

    @Test("a POST on a kept connection that the gateway has closed meanwhile is sent on another one")
    func staleConnectionIsReplaced() throws {
        let gateway = try RecordingGateway("one")
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; upstream app { server %GATEWAY1%; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://app; } } }
            """, gateways: [gateway])
        for number in 0..<20 {
            gateway.enqueue(.fixed("ok").then(.close))
            // The connection of the last round is closed; the worker may not have been told yet.
            #expect(waitUntil(Deadline(in: 5)) { gateway.openConnections == 0 })
            let client = try RawClient(port: server.port)
            client.send(
                "POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
            #expect(try client.response().status == 200)
        }
        #expect(gateway.requests.count == 20)
        server.finish()
    }
}
