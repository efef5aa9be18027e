import Foundation
import TestSupport
import Testing

/// What an operator sees first when something has broken: its name.
@Suite("Faults are named", .serialized) struct FaultNamingTests {
    private func waitFor(_ words: String, _ server: Server) throws {
        var text = ""
        let isTold = try waitUntil(Deadline(in: 10)) {
            text = try RawClient.get(server.port, "/status?format=text").text
            return text.prefix { $0 != "\n" }.contains(words)
        }
        #expect(isTold, "no \"\(words)\" in \(text)")
    }

    @Test("a log whose disk is full is named, and costs nobody an answer")
    func fullLog() throws {
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log /dev/full;
                server { listen 127.0.0.1:%PORT1%; location / { return 200 fine; }
                    location /status { status; access_log off; } } }
            """)
        for _ in 0..<3 { #expect(try RawClient.get(server.port, "/").text == "fine") }
        try waitFor(
            "amber: no gateways are configured, but log \"/dev/full\" cannot be written: (28:", server)
        #expect(server.waitForLog("write() to \"/dev/full\" failed (28: No space left on device)"))
        server.finish(expected: ["/dev/full"])
    }

    @Test("a gateway that refuses, one that breaks its answer off, and a folder that cannot be written to")
    func names() throws {
        let gateway = try RecordingGateway()
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
        gateway.answer("/cut", with: GatewayAnswer(steps: [.send(Array(half.utf8)), .close]))
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { log_format reasons '$uri $status $proxy_reason'; access_log %PREFIX%/access.log reasons;
                client_body_temp_path %PREFIX%/bodies; client_body_buffer_size 1k;
                upstream dead { server %DEAD% max_fails=0; }
                upstream gw { server %GATEWAY1% max_fails=0; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_pass http://gw; }
                    location /dead { proxy_pass http://dead; }
                    location /status { status; } } }
            """, gateways: [gateway])
        #expect(try RawClient.get(server.port, "/dead").status == 502)
        try waitFor("the last attempt failed: connection refused", server)
        _ = try RawClient.get(server.port, "/cut")
        try waitFor("the last attempt failed: its answer broke off in the middle", server)
        try FileManager.default.removeItem(atPath: server.directory.path + "/bodies")
        let body = String(repeating: "x", count: 5000)
        for _ in 0..<5 {
            let answer = try RawClient.ask(
                server.port,
                "POST /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n\(body)")
            #expect(answer.status == 500)
        }
        try waitFor("requests are answered with 5xx here: a temporary file cannot be written", server)
        #expect(server.directory.read("access.log").contains("/b 500 storage_error\n"))
        server.finish(expected: ["connect() failed", "upstream prematurely closed", "temporary file"])
    }
}
