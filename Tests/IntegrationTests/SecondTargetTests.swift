import Foundation
import TestSupport
import Testing

/// A request's content where it is served by another location than the one that it was read for: what the
/// second gateway is promised is what it gets, and the connections on both sides stay in step.
@Suite("Second target", .serialized) struct SecondTargetTests {
    private static let content = "name=value&secret=0123456789"

    /// What leads to the second location.
    enum Kind: String, CaseIterable {
        case failureToNamed, failureToURI, interceptedToNamed, interceptedToURI, accelToURI, accelToNamed

        var path: String { "/\(rawValue)" }

        /// What the first gateway does.
        var answer: GatewayAnswer {
            switch self {
            case .failureToNamed, .failureToURI: .close
            case .interceptedToNamed, .interceptedToURI: .fixed("no", status: "404 Not Found")
            case .accelToURI: .fixed("", fields: ["X-Accel-Redirect: /second"])
            case .accelToNamed: .fixed("", fields: ["X-Accel-Redirect: @second"])
            }
        }

        var directives: String {
            switch self {
            case .failureToNamed: "error_page 502 = @second;"
            case .failureToURI: "error_page 502 = /second;"
            case .interceptedToNamed: "proxy_intercept_errors on; error_page 404 = @second;"
            case .interceptedToURI: "proxy_intercept_errors on; error_page 404 = /second;"
            case .accelToURI, .accelToNamed: ""
            }
        }
    }

    private static func text(first: String, second: String) -> String {
        let locations = Kind.allCases.map {
            "location \($0.path) { proxy_pass http://first; proxy_request_buffering \(first); \($0.directives) }"
        }
        return """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http {
                access_log off;
                upstream first { server %GATEWAY1% max_fails=0; keepalive 8; }
                upstream second { server %GATEWAY2% max_fails=0; keepalive 8; }
                upstream both { server %GATEWAY1% max_fails=0; server %GATEWAY2% max_fails=0; keepalive 8; }
                server { listen 127.0.0.1:%PORT1%;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    client_body_buffer_size 8;
                    client_body_temp_path %PREFIX%/bodies;
                    \(locations.joined(separator: "\n"))
                    location /second { proxy_pass http://second; proxy_request_buffering \(second); }
                    location @second { proxy_pass http://second; proxy_request_buffering \(second); }
                    location /small { client_max_body_size 20; error_page 413 = @second;
                        proxy_pass http://first; proxy_request_buffering \(first); }
                    location /small-uri { client_max_body_size 20; error_page 413 = /second;
                        proxy_pass http://first; proxy_request_buffering \(first); }
                    location /retry { proxy_pass http://both; proxy_request_buffering \(first);
                        proxy_next_upstream error http_503 non_idempotent; }
                    location /lost { proxy_pass http://first; proxy_request_buffering \(first);
                        error_page 502 = @both; }
                    location @both { proxy_pass http://both; proxy_request_buffering \(second);
                        proxy_next_upstream error http_503 non_idempotent; }
                    location /set { proxy_pass http://first; proxy_request_buffering \(first);
                        proxy_set_body "one $request_method"; proxy_intercept_errors on;
                        recursive_error_pages on;
                        error_page 404 = @set; }
                    location @set { proxy_pass http://second; proxy_set_body "two $request_method";
                        proxy_request_buffering \(second);
                        proxy_intercept_errors on; recursive_error_pages on; error_page 404 = @second; }
                    location /nobody { proxy_pass http://first; proxy_request_buffering \(first);
                        proxy_pass_request_body off; proxy_set_header Content-Length $content_length;
                        proxy_intercept_errors on; error_page 404 = @second; }
                    location /lies { proxy_pass http://first; proxy_request_buffering \(first);
                        proxy_set_header Content-Length 3; proxy_set_header Transfer-Encoding gzip; }
                }
            }
            """
    }

    private static func request(_ path: String, chunked: Bool, _ content: String = content) -> String {
        let framing =
            chunked
            ? "Transfer-Encoding: chunked\r\n\r\n\(String(content.utf8.count, radix: 16))\r\n\(content)\r\n0\r\n\r\n"
            : "Content-Length: \(content.utf8.count)\r\n\r\n\(content)"
        return "POST \(path) HTTP/1.1\r\nHost: a\r\n\(framing)"
    }

    private struct Scene {
        let first: RecordingGateway
        let second: RecordingGateway
        let server: Server

        init(first: String, second: String) throws {
            self.first = try RecordingGateway("one")
            self.second = try RecordingGateway("two")
            server = try Server(
                SecondTargetTests.text(first: first, second: second), gateways: [self.first, self.second])
        }

        /// What the second gateway was sent is framed as it says, and the connection that it came on
        /// carries another client's request afterwards.
        func expectInStep(_ kind: String) throws {
            for request in first.requests + second.requests {
                #expect(request.isBodyWhole, "\(kind): \(request.line)")
                #expect(request["Content-Length"] == nil || request["Transfer-Encoding"] == nil)
                #expect(["GET", "POST"].contains(request.method), "\(kind): \(request.line)")
            }
            for target in ["/second/after", "/interceptedToNamed/after"] {
                let answer = try RawClient.get(server.port, target)
                #expect(answer.text.hasSuffix(" \(target)\n"), "\(kind): \(answer.text)")
            }
            #expect(first.failures + second.failures == [], "\(kind)")
        }

        func finish() {
            server.finish()
            first.stop()
            second.stop()
        }
    }

    @Test(
        "what came whole goes to the second gateway whole; what was let go is not promised to it",
        arguments: ["on", "off"], ["on", "off"])
    func promisedIsSent(first: String, second: String) throws {
        let scene = try Scene(first: first, second: second)
        for kind in Kind.allCases {
            for chunked in [false, true] {
                scene.first.forget()
                scene.second.forget()
                scene.first.enqueue(kind.answer)
                let client = try RawClient(port: scene.server.port)
                client.send(Self.request(kind.path, chunked: chunked))
                #expect(try client.response().status == 200)
                #expect(scene.first.requests.map(\.text) == [Self.content])
                let request = try #require(scene.second.requests.first)
                #expect(request.text == (first == "on" ? Self.content : ""), "\(kind)")
                #expect(request["Content-Length"] == "\(request.body.count)", "\(kind)")
                // The client's own connection is in step, too.
                client.send("GET /second/next HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.response().text == "two /second/next\n")
                try scene.expectInStep("\(kind)")
            }
        }
        scene.finish()
    }

    @Test(
        "the second gateway does not wait for what is still to come of content that has lost its beginning",
        arguments: [false, true])
    func restIsNotAwaited(chunked: Bool) throws {
        let scene = try Scene(first: "off", second: "off")
        for kind in Kind.allCases {
            scene.first.forget()
            scene.second.forget()
            scene.first.enqueue(
                GatewayAnswer(steps: [.waitForRelease] + kind.answer.steps + [.hang], isEarly: true))
            let client = try RawClient(port: scene.server.port)
            let request = Array(Self.request(kind.path, chunked: chunked).utf8)
            client.send(Array(request.dropLast(15)))
            #expect(scene.first.waitForRequests(1))
            scene.first.release()
            #expect(scene.second.waitForRequests(1), "\(kind)")
            let got = try #require(scene.second.requests.first)
            #expect(got.text == "" && got["Content-Length"] == "0", "\(kind)")
            #expect(try client.response().status == 200)
            client.send(request.suffix(15) + Array("GET /second/next HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect(try client.response().text == "two /second/next\n", "\(kind)")
            // The first gateway has left the rest of its request unread: its connection is not used again.
            #expect(waitUntil(Deadline(in: 5)) { scene.first.openConnections == 0 })
            try scene.expectInStep("\(kind)")
        }
        scene.finish()
    }

    @Test(
        "content in chunks that is refused is not promised to the page that says so",
        arguments: ["on", "off"], ["/small", "/small-uri"])
    func refusedIsNotPromised(first: String, path: String) throws {
        let scene = try Scene(first: first, second: "on")
        let long = String(repeating: "x", count: 15)
        // By the second chunk it is too much.
        let client = try RawClient(port: scene.server.port)
        client.send(
            "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n\(long)\r\nf\r\n\(long)\r\n"
                + "0\r\n\r\nGET /second/hidden HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 200)
        #expect(client.isClosedByPeer())
        let request = try #require(scene.second.requests.first)
        #expect(request.text == "" && request["Content-Length"] == "0")
        #expect(!scene.second.requests.contains { $0.target.contains("hidden") })
        try scene.expectInStep(path)
        // A length is judged with the head: what was refused goes nowhere, whatever the page's limit is.
        scene.second.forget()
        #expect(try RawClient.ask(scene.server.port, Self.request(path, chunked: false)).status == 200)
        #expect(scene.second.requests.map(\.text) == [""])
        #expect(scene.second.requests.first?["Content-Length"] == "0")
        scene.finish()
    }

    @Test("content is sent to a next server only where it is still here", arguments: ["on", "off"])
    func retriesNeedContent(buffering: String) throws {
        let scene = try Scene(first: buffering, second: "on")
        for chunked in [false, true] {
            for answer in [GatewayAnswer.fixed("busy", status: "503 Service Unavailable"), .close] {
                scene.first.forget()
                scene.second.forget()
                let queue = AnswerQueue([answer, .fixed("good")])
                scene.first.takeAnswers(from: queue)
                scene.second.takeAnswers(from: queue)
                let response = try RawClient.ask(
                    scene.server.port, Self.request("/retry", chunked: chunked))
                let requests = scene.first.requests + scene.second.requests
                if buffering == "on" {
                    #expect(response.text == "good")
                    #expect(requests.map(\.text) == [Self.content, Self.content])
                } else {
                    #expect(response.status >= 502)
                    #expect(requests.map(\.text) == [Self.content])
                }
                scene.first.forget()
                scene.second.forget()
                try scene.expectInStep("retry")
            }
        }
        scene.finish()
    }

    @Test("a second target that gets no content may still be tried at each of its servers")
    func nothingIsSentAgain() throws {
        let scene = try Scene(first: "off", second: "off")
        scene.first.enqueue(.close)
        let queue = AnswerQueue([.fixed("busy", status: "503 Service Unavailable"), .fixed("good")])
        // The first answer of the first gateway is its own; all others are shared.
        scene.first.takeAnswers(from: queue)
        scene.second.takeAnswers(from: queue)
        let client = try RawClient(port: scene.server.port)
        client.send(Self.request("/lost", chunked: false))
        #expect(try client.response().text == "good")
        for request in scene.second.requests { #expect(request["Content-Length"] == "0") }
        scene.finish()
    }

    @Test(
        "each target gets its own proxy_set_body, and a later one the client's content",
        arguments: ["on", "off"], ["on", "off"])
    func replacedContent(first: String, second: String) throws {
        let scene = try Scene(first: first, second: second)
        for chunked in [false, true] {
            scene.first.forget()
            scene.second.forget()
            scene.first.enqueue(.fixed("no", status: "404 Not Found"))
            scene.second.enqueue(.fixed("no", status: "404 Not Found"))
            #expect(
                try RawClient.ask(scene.server.port, Self.request("/set", chunked: chunked)).status == 200)
            #expect(scene.first.requests.map(\.text) == ["one POST"])
            #expect(scene.second.requests.map(\.text) == ["two POST", Self.content])
            try scene.expectInStep("set")
        }
        scene.finish()
    }

    @Test("proxy_set_header cannot say another length than the content's", arguments: ["on", "off"])
    func framingIsOurs(buffering: String) throws {
        let scene = try Scene(first: buffering, second: "on")
        for chunked in [false, true] {
            scene.first.forget()
            scene.second.forget()
            scene.first.enqueue(.fixed("no", status: "404 Not Found"))
            #expect(
                try RawClient.ask(scene.server.port, Self.request("/nobody", chunked: chunked)).status == 200)
            #expect(scene.first.requests.map(\.text) == [""])
            #expect(scene.first.requests.first?["Content-Length"] == nil)
            #expect(scene.second.requests.map(\.text) == [Self.content])
            #expect(
                try RawClient.ask(scene.server.port, Self.request("/lies", chunked: chunked)).status == 200)
            #expect(scene.first.requests.last?.text == Self.content)
            try scene.expectInStep("framing")
        }
        scene.finish()
    }
}
