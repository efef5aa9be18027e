import Foundation
import TestSupport
import Testing

/// Gateways that die at every byte of a head, or send heads that are refused, while every variable is logged
/// and fields of the response are made of fields of the response.
@Suite("Dying gateways") struct DyingGatewayTests {
    private static func text() throws -> String {
        let all = try VariableNames.format()
        return """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http {
                log_format all 'at=$pid field=[$upstream_http_x_g] cookie=[$upstream_cookie_s] '
                    'sent=[$sent_http_x_g] tried=[$upstream_status] trailer=[$upstream_http_trailer] '
                    '$upstream_http_set_cookie $sent_http_set_cookie $sent_http_x_sent \(all)';
                access_log %PREFIX%/access.log all;
                upstream u { server %GATEWAY1% max_fails=0; keepalive 4; }
                upstream two { server %GATEWAY1% max_fails=0; server %GATEWAY1% max_fails=0; }
                server { listen 127.0.0.1:%PORT1%;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_buffer_size 8k;
                    add_header X-Field "[$upstream_http_x_g]" always;
                    add_header X-Cookie "[$upstream_cookie_s]" always;
                    add_header X-Sent "[$sent_http_x_g]" always;
                    add_header X-Twice "$sent_http_x_sent$sent_http_x_sent" always;
                    add_header X-Four "$sent_http_x_twice$sent_http_x_twice" always;
                    add_header X-Set "[$sent_http_set_cookie][$sent_http_x_none]" always;
                    location / { proxy_pass http://u; }
                    location /two { proxy_pass http://two; }
                    location /page { return 200 page; }
                    location /intercept { proxy_pass http://u; proxy_intercept_errors on;
                        error_page 404 /page; error_page 502 /page; } }
            }
            """
    }

    /// One server, its gateway, and what was asked of them so far.
    private final class Scene {
        let gateway: RecordingGateway
        let server: Server
        private var count = 0

        init() throws {
            gateway = try RecordingGateway("g1")
            server = try Server(try DyingGatewayTests.text(), gateways: [gateway])
        }

        deinit { gateway.stop() }

        func get(_ target: String, answering steps: GatewayAnswer.Step...) throws -> Response {
            gateway.answerAll(with: GatewayAnswer(steps: steps))
            count += 1
            return try RawClient.get(server.port, target)
        }

        /// The lines of the access log, once all are there.
        func lines() -> [String] {
            var lines: [String] = []
            _ = waitUntil(Deadline(in: 5)) {
                lines = server.directory.read("access.log").split(separator: "\n").map(String.init)
                return lines.count >= count
            }
            return lines
        }

        /// One worker served everything, and nothing was alarming.
        func finish(sourceLocation: SourceLocation = #_sourceLocation) {
            let lines = lines()
            #expect(lines.count == count, sourceLocation: sourceLocation)
            let workers = Set(lines.map { $0.prefix { $0 != " " } })
            #expect(workers.count == 1, "\(workers)", sourceLocation: sourceLocation)
            server.finish()
        }
    }

    private static func send(_ text: String) -> GatewayAnswer.Step { .send(Array(text.utf8)) }

    private static func answer(_ value: String) -> String {
        "HTTP/1.1 200 OK\r\nX-G: \(value)\r\nSet-Cookie: s=\(value); Path=/\r\nContent-Length: 2\r\n\r\nhi"
    }

    private func expectNone(_ response: Response, _ comment: String, status: Int = 502) {
        #expect(response.status == status, "\(comment)")
        #expect(response["X-Field"] == "[]" && response["X-Cookie"] == "[]", "\(comment)")
        #expect(response["X-Sent"] == "[]" && response["X-Set"] == "[][]", "\(comment)")
    }

    private func expect(_ value: String, _ response: Response, status: Int = 200) {
        #expect(response.status == status)
        #expect(response["X-Field"] == "[\(value)]")
        #expect(response["X-Cookie"] == "[\(value)]")
        #expect(response["X-Sent"] == "[\(value)]")
        #expect(response["X-Twice"] == "[\(value)][\(value)]")
        #expect(response["X-Four"] == "[\(value)][\(value)][\(value)][\(value)]")
        #expect(response["X-Set"] == "[s=\(value); Path=/][]")
    }

    @Test("a head that ends anywhere has no values, and the next one has its own")
    func cutHeads() throws {
        let scene = try Scene()
        let head = Self.answer("a-value-of-some-length")
        for cut in 0..<(head.utf8.count - 2) {
            let part = GatewayAnswer.Step.send(Array(head.utf8.prefix(cut)))
            let value = String(repeating: "v", count: cut % 40 + 1)
            expect(value, try scene.get("/good", answering: Self.send(Self.answer(value))))
            let ending: GatewayAnswer.Step = cut % 2 == 0 ? .close : .reset
            expectNone(try scene.get("/cut", answering: part, ending), "cut at \(cut)")
        }
        for line in scene.lines() where line.contains("request_uri=[/cut]") {
            #expect(line.contains("field=[-] cookie=[-] sent=[-] tried=[502]"))
        }
        scene.finish()
    }

    @Test("a head that is refused has no values")
    func refusedHeads() throws {
        let scene = try Scene()
        // Characters: CR LF is one.
        let good = Self.answer("one").dropLast(3)
        let heads = [
            good + "Content-Length: 2\r\n\r\nhi", good + "bad line\r\n\r\n", good + "X: a\rb\r\n\r\n",
            good + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", good + "X:\0\r\n\r\n",
            good + "X: " + String(repeating: "a", count: 9000) + "\r\n\r\n",
            String(repeating: "HTTP/1.1 103 Early\r\nX-G: one\r\nSet-Cookie: s=1\r\n\r\n", count: 17),
            "HTTP/1.1 101 Switching Protocols\r\nX-G: one\r\nSet-Cookie: s=1\r\nUpgrade: a\r\n\r\n",
        ]
        for head in heads {
            expect("first", try scene.get("/good", answering: Self.send(Self.answer("first"))))
            expectNone(try scene.get("/bad", answering: Self.send(head), .close), head)
        }
        scene.finish()
    }

    @Test("interim and empty answers, retries and error pages show what the last complete head had")
    func otherAnswers() throws {
        let scene = try Scene()
        let early = "HTTP/1.1 103 Early\r\nX-G: early\r\nSet-Cookie: s=early\r\n\r\n"
        expectNone(try scene.get("/", answering: Self.send(early), .close), "after 103")
        expectNone(try scene.get("/", answering: Self.send(early + "HTTP/1.1 2"), .close), "in the next")
        expect("v", try scene.get("/", answering: Self.send(early + Self.answer("v"))))
        let fields = "X-G: v\r\nSet-Cookie: s=v; Path=/\r\n\r\n"
        for status in [204, 304] {
            let head = Self.send("HTTP/1.1 \(status) Nothing\r\n" + fields)
            expect("v", try scene.get("/", answering: head), status: status)
        }
        let notFound = Self.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n" + fields)
        #expect(try scene.get("/intercept", answering: notFound)["X-Field"] == "[v]")
        expectNone(
            try scene.get("/intercept", answering: Self.send("HTTP/1.1 404 N\r\nX-G: v\r\n"), .close),
            "intercepted")
        expectNone(
            try scene.get("/two", answering: Self.send("HTTP/1.1 200 OK\r\nX-G: v\r\n"), .close), "two tries")
        scene.finish()
    }

    @Test("fields made of fields grow as long as they must")
    func growingFields() throws {
        let scene = try Scene()
        for length in [1, 100, 500, 511, 512, 513, 1000, 2000, 3500] {
            let value = String(repeating: "0123456789", count: length / 10 + 1)
            expect(value, try scene.get("/long", answering: Self.send(Self.answer(value))))
        }
        scene.finish()
    }

    @Test("no head of random bytes ends a worker", arguments: [1, 2, 3])
    func randomHeads(seed: UInt64) throws {
        let scene = try Scene()
        var seed = seed
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        let marks = Array("\r\n: ;=,\0\u{7F}\t-0169HTP/XgS".utf8) + [0xFF, 0x80]
        for step in 0..<150 {
            var bytes = Array(Self.answer("value\(step)").utf8)
            if random(4) == 0 { bytes = Array("HTTP/1.1 100 Go\r\nX-G: x\r\n\r\n".utf8) + bytes }
            for _ in 0..<random(6) {
                let place = random(bytes.count)
                switch random(4) {
                case 0: bytes[place] = marks[random(marks.count)]
                case 1: bytes.insert(marks[random(marks.count)], at: place)
                case 2: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(place + 30, bytes.count)], at: place)
                }
            }
            let cut = random(bytes.count + 1)
            let target = ["/", "/two", "/intercept"][random(3)]
            let response = try scene.get(
                target, answering: .send(Array(bytes[..<cut])), .send(Array(bytes[cut...])), .close)
            if response.status == 502 { expectNone(response, "\(step)") }
        }
        scene.finish()
    }
}
