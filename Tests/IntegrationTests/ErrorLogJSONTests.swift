import Foundation
import TestSupport
import Testing

/// `error_log … json`, and requests in traces.
@Suite("Error logs in JSON, and traces") struct ErrorLogJSONTests {
    private func objects(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { line in
            try #require(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    @Test("a line is an object with the parts of the message, and the number that the access log has")
    func parts() throws {
        let server = try Server(
            #"""
            worker_processes 1; error_log %PREFIX%/main.json info json; error_log %PREFIX%/error.log info;
            events { }
            http { log_format ids "$request_id $uri"; access_log %PREFIX%/access.log ids;
                server { listen 127.0.0.1:%PORT1%; server_name me;
                    location / { proxy_pass http://%DEAD%; }
                    location /none { deny all; } } }
            """#)
        let target = "/a%22%5Cq"
        #expect(try RawClient.get(server.port, target, host: "x.example").status == 502)
        #expect(try RawClient.get(server.port, "/none").status == 403)
        #expect(
            waitUntil(Deadline(in: 5)) { server.directory.read("main.json").contains("forbidden by rule") })
        #expect(waitUntil(Deadline(in: 5)) { server.directory.read("access.log").contains("/none") })
        let lines = try objects(server.directory.read("main.json"))
        let failure = try #require(
            lines.first { ($0["message"] as? String)?.contains("connect() failed") == true })
        #expect(failure["level"] as? String == "error")
        #expect(failure["client"] as? String == "127.0.0.1" && failure["server"] as? String == "me")
        #expect(failure["request"] as? String == "GET \(target) HTTP/1.1")
        #expect((failure["upstream"] as? String)?.hasSuffix(target) == true)
        #expect(failure["host"] as? String == "x.example")
        #expect(failure["connection"] is Int && failure["pid"] is Int)
        #expect((failure["time"] as? String)?.contains("T") == true)
        let number = try #require(failure["request_id"] as? String)
        #expect(server.directory.read("access.log").contains("\(number) /a\\x22"))
        // The other file has nginx's lines, of the same things.
        let text = server.directory.read("error.log")
        #expect(text.contains("access forbidden by rule, client: 127.0.0.1, server: me, request: "))
        #expect(!text.contains("{\""))
        server.finish(expected: ["[error]"])
    }

    @Test(
        "what error_log does not know is refused",
        arguments: [
            ("json json", "invalid log level \"json\""), ("warn text", "invalid parameter \"text\""),
        ])
    func refusals(_ words: String, _ complaint: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("error_log stderr \(words); events { } http { server { } }", to: "a.conf")
        let run = try Program.run(
            Binary.portico, ["-t", "-p", directory.path, "-c", "a.conf", "-e", "stderr"], in: directory)
        #expect(run.ending == .exited(1) && run.errors.contains(complaint), "\(run.errors)")
    }

    @Test("a client's trace is gone on with, another one is begun")
    func traces() throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let server = try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log warn; events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_set_header traceparent $trace_parent; proxy_pass http://%GATEWAY1%;
                        add_header X-IDs "$trace_id $span_id $parent_span_id"; } } }
            """, gateways: [gateway])
        func ask(_ fields: String) throws -> (sent: [Substring], told: [Substring]) {
            gateway.forget()
            let answer = try RawClient.ask(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            let sent = try #require(gateway.requests.first?["traceparent"])
            return (sent.split(separator: "-"), try #require(answer["X-IDs"]).split(separator: " "))
        }
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let known = try ask("traceparent: 00-\(trace)-00f067aa0ba902b7-00\r\n")
        #expect(known.sent.count == 4 && known.sent[1] == trace && known.sent[3] == "00")
        #expect(known.sent[2] != "00f067aa0ba902b7" && known.sent[2].count == 16)
        #expect(known.told == [Substring(trace), known.sent[2], "00f067aa0ba902b7"])
        let fresh = try ask("")
        #expect(fresh.sent.count == 4 && fresh.sent[0] == "00" && fresh.sent[1].count == 32)
        #expect(fresh.sent[3] == "01" && fresh.told == [fresh.sent[1], fresh.sent[2]])
        #expect(fresh.sent[1] != trace)
        let other = try ask("traceparent: 00-\(trace)-0000000000000000-01\r\n")
        #expect(other.sent[1] != trace && other.sent[1] != fresh.sent[1])
        server.finish()
    }
}
