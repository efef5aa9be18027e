import Foundation
import TestSupport
import Testing

/// Times, sizes and numbers at their bounds, in a service that starts, serves, reloads and ends with them.
@Suite("Huge values at run time") struct HugeValuesTests {
    private static let time = "31536000000s"
    private static let size = "1099511627776"
    private static let memory = "2147483647"
    private static let number = "1099511627776"

    private static var text: String {
        """
        worker_processes 1; worker_shutdown_timeout \(time); shutdown_delay \(time);
        error_log %PREFIX%/error.log info;
        events { worker_connections \(number); }
        http {
            access_log %PREFIX%/access.log combined buffer=64k flush=\(time);
            client_header_timeout \(time); client_header_buffer_size \(memory);
            large_client_header_buffers 1024 2097151; max_headers \(number);
            keepalive_timeout \(time) \(time); keepalive_requests \(number); keepalive_time \(time);
            send_timeout \(time); lingering_time \(time); lingering_timeout \(time);
            client_body_timeout \(time); client_body_buffer_size \(memory); client_min_rate \(size);
            client_max_body_size 1152921504606846976; auth_delay \(time); max_ranges \(number);
            proxy_connect_timeout \(time); proxy_send_timeout \(time); proxy_read_timeout \(time);
            proxy_buffer_size 1073741823; proxy_buffers 2 1073741823; proxy_busy_buffers_size 1073741823;
            proxy_max_temp_file_size 1152921504606846976;
            proxy_next_upstream_timeout \(time); proxy_next_upstream_tries \(number);
            upstream u { zone z 64k; server %GATEWAY1% slow_start=2147483647ms fail_timeout=\(time)
                    max_fails=2147483647 max_conns=2147483647 weight=65535;
                server %DEAD% weight=65535 slow_start=2147483647ms fail_timeout=\(time);
                queue \(number) timeout=\(time);
                keepalive \(number); keepalive_requests \(number); keepalive_time \(time);
                keepalive_timeout \(time);
                health_check interval=\(time) jitter=\(time) timeout=\(time) fastinter=\(time)
                    keepalive_time=\(time); }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://u; }
                location /rate { limit_rate \(size); limit_rate_after \(size); proxy_pass http://u; }
                location /late { auth_basic r; auth_basic_user_file %PREFIX%/nobody; return 200; }
                location /expires { expires \(time); add_header X-A a; return 200 x; }
                location /past { expires -\(time); return 200 x; }
                location /modified { expires modified \(time); return 200 x; }
                location /status { status; }
                location /api { api; }
                location /ready { readiness; } }
        }
        """
    }

    private static func ask(_ server: Server) throws {
        for target in ["/", "/rate", "/expires", "/past", "/modified", "/api/9/http/upstreams"] {
            #expect(try RawClient.get(server.port, target).status == 200, "\(target)")
        }
        for form in ["json", "text", "prometheus"] {
            #expect(try RawClient.get(server.port, "/status?format=\(form)").status == 200)
        }
        let body = String(repeating: "x", count: 100_000)
        let post = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n" + body
        #expect(try RawClient.ask(server.port, post).status == 200)
        let client = try RawClient(port: server.port)
        for _ in 0..<3 {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.response().status == 200)
        }
    }

    @Test("a service whose every number is at its bound starts, serves, reloads and ends")
    func servesAtTheBounds() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway], files: ["nobody": ""])
        try Self.ask(server)
        // The lowest number; the checker may be replaced.
        let worker = server.program.children.first
        let delayed = try RawClient(port: server.port)
        delayed.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try server.reload().ending == .exited(0))
        try Self.ask(server)
        server.program.send(SIGTERM)
        #expect(server.waitForLog("readiness fails for"))
        #expect(waitUntil(Deadline(in: 5)) { (try? RawClient.get(server.port, "/ready").status) == 503 })
        #expect(try RawClient.get(server.port, "/").status == 200)
        #expect(worker != nil && server.program.children.first == worker)
        server.finish()
    }

    @Test(
        "what is beyond the bounds is refused by -t, with the place",
        arguments: [
            "keepalive_timeout 9223372036854775807;", "send_timeout 9223372036854775807ms;",
            "proxy_buffers 9223372036854775807 1m;", "client_min_rate 9223372036854775807;",
            "access_log /dev/null combined buffer=9223372036854775807;",
            "upstream u { server 127.0.0.1:1 slow_start=9223372036854775807ms; }",
            "upstream u { server 127.0.0.1:1; queue 9223372036854775807; }",
            "upstream u { server 127.0.0.1:1; health_check jitter=9223372036854775807ms; }",
            "ssl_session_timeout 9223372036854775807s;", "ssl_session_cache shared:a:9223372036854775807;",
        ])
    func refusedBeyond(line: String) throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/t.conf"
        try directory.write("events {}\nhttp {\n\(line)\n}\n", to: "t.conf")
        let arguments = ["-t", "-p", directory.path + "/", "-c", file, "-e", "stderr"]
        let run = try Program.run(Binary.portico, arguments, in: directory)
        #expect(run.ending == .exited(1))
        #expect(run.errors.contains("[emerg]") && run.errors.contains(" in \(file):3"), "\(run.errors)")
    }
}
