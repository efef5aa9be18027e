import Foundation
import TestSupport
import Testing

/// Clients that leave at every byte of a request, or send what is refused, while every variable is logged and
/// error pages are made of variables.
@Suite("Cut requests") struct CutRequestTests {
    private static func text() throws -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format all 'at=$pid host=[$http_host] a=[$arg_a] c=[$cookie_c] field=[$http_x_f] '
                '$upstream_http_x $upstream_cookie_x $sent_http_x_sent \(try VariableNames.format())';
            access_log %PREFIX%/access.log all;
            server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% proxy_protocol;
                client_header_timeout 60s;
                add_header X-Sent "[$http_x_f][$arg_a][$cookie_c][$request][$request_uri]" always;
                add_header X-Twice "$sent_http_x_sent$sent_http_x_sent$sent_http_connection" always;
                error_page 400 404 405 414 494 /error;
                location / { proxy_pass http://%GATEWAY1%; }
                location /error { return 200 "$status $request $http_x_f $arg_a $cookie_c"; } }
        }
        """
    }

    private static let request =
        "POST /path%20x/../y?a=value&b=2 HTTP/1.1\r\nHost: host.test:80\r\nX-F: field\r\n"
        + "Cookie: b=1; c=crumb\r\nContent-Length: 4\r\n\r\nbody"

    private func expectOneWorker(_ server: Server) throws {
        let good = "GET /last HTTP/1.1\r\nHost: a\r\nX-F: f\r\nConnection: close\r\n\r\n"
        #expect(try RawClient.ask(server.port, good)["X-Sent"] == "[f][][][GET /last HTTP/1.1][/last]")
        #expect(waitUntil(Deadline(in: 5)) { server.directory.read("access.log").contains("[/last]") })
        let lines = server.directory.read("access.log").split(separator: "\n")
        let workers = Set(lines.map { $0.prefix { $0 != " " } })
        #expect(workers.count == 1, "\(workers)")
        server.finish()
    }

    @Test("a client may leave anywhere")
    func leaves() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(try Self.text(), gateways: [gateway])
        let bytes = Array(Self.request.utf8)
        for cut in 0...bytes.count {
            let client = try RawClient(port: server.port)
            client.send(Array(bytes[..<cut]))
            if cut % 2 == 0 { client.reset() } else { client.close() }
        }
        try expectOneWorker(server)
    }

    @Test("no request of random bytes ends a worker, nor a header of the PROXY protocol", arguments: [1, 2])
    func randomRequests(seed: UInt64) throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(try Self.text(), gateways: [gateway])
        var seed = seed
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        let second: [UInt8] =
            [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12]
            + [127, 0, 0, 1, 127, 0, 0, 2, 1, 2, 3, 4]
        let marks = Array("\r\n: ;=,%?#/\0\u{7F}\t-019HTP/x".utf8) + [0xFF, 0x80]
        for _ in 0..<250 {
            let isProxied = random(2) == 0
            let first = Array("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n".utf8)
            var bytes = (isProxied ? [first, second][random(2)] : []) + Array(Self.request.utf8)
            for _ in 0..<random(5) {
                let place = random(bytes.count)
                switch random(4) {
                case 0: bytes[place] = marks[random(marks.count)]
                case 1: bytes.insert(marks[random(marks.count)], at: place)
                case 2: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(place + 30, bytes.count)], at: place)
                }
            }
            let client = try RawClient(port: server.ports[isProxied ? 1 : 0])
            client.send(bytes)
            client.finishSending()
            _ = try? client.readToEnd()
        }
        try expectOneWorker(server)
    }
    @Test("a pipelined request that came whole is answered, whenever its client ends its half behind it")
    func endBehindPipelined() throws {
        let server = try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log info; events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%; return 200 "[$request_uri]"; } }
            """)
        var missing = 0
        // The end has to come between two turns of the worker.
        for _ in 0..<1500 {
            let client = try RawClient(port: server.port)
            client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            client.finishSending()
            if !String(decoding: try client.readToEnd(), as: UTF8.self).contains("[/2]") { missing += 1 }
        }
        #expect(missing == 0)
        server.finish()
    }
}
