import TestSupport
import Testing

/// `add_before_body`, where it is not as nginx's.
@Suite("Addition") struct AdditionTests {
    private func server(_ files: [String: String]) throws -> Server {
        let directory = try TemporaryDirectory()
        for (name, text) in files { try directory.write(text, to: "www/" + name) }
        return try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; types { text/html html; }
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; add_before_body /before;
                    location = /before { types { } default_type text/plain; }
                    location = /coded { default_type text/html; add_header Content-Encoding x; return 200 said; }
                    location / { } } }
            """, directory: directory)
    }

    @Test("more than is kept is no page cut in the middle", arguments: [(256, 200), (257, 500)])
    func size(kilobytes: Int, status: Int) throws {
        let before = String(repeating: "b", count: kilobytes << 10)
        let server = try server(["before": before, "page.html": "page"])
        let answer = try RawClient.get(server.port, "/page.html")
        #expect(answer.status == status && answer.isWhole)
        #expect(String(latin1: answer.body).hasSuffix("bpage") == (status == 200))
        // What one request held is free for the next.
        for _ in 0..<3 { #expect(try RawClient.get(server.port, "/page.html").status == status) }
        server.finish(expected: status == 500 ? ["too much is to be put around a response"] : [])
    }

    @Test("all that a worker keeps for such responses has a bound, and is given back")
    func memory() throws {
        let before = String(repeating: "b", count: 256 << 10)
        let page = String(repeating: "p", count: 8 << 20)
        let server = try server(["before": before, "page.html": page])
        var clients: [RawClient] = []
        #expect(
            try waitUntil(Deadline(in: 30)) {
                let client = try RawClient(port: server.port)
                client.send("GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n")
                clients.append(client)
                return server.log.contains("too much is to be put around a response")
            })
        #expect(clients.count > 200)
        for client in clients { client.close() }
        #expect(
            try waitUntil(Deadline(in: 10)) { try RawClient.get(server.port, "/page.html").status == 200 })
        server.finish(expected: ["too much is to be put around a response"])
    }

    @Test("coded content is left alone")
    func coded() throws {
        let server = try server(["before": "before, "])
        let answer = try RawClient.get(server.port, "/coded")
        #expect(answer["content-encoding"] == "x" && String(latin1: answer.body) == "said")
        server.finish()
    }
}
