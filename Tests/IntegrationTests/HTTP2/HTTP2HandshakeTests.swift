import Foundation
import TestSupport
import Testing

/// What TLS settles before the first stream: whose certificate it is, and what came early.
@Suite("HTTP/2 and TLS", .serialized) struct HTTP2HandshakeTests {
    /// What curl prints with a certificate: text and status of each request, on one connection.
    private func ask(_ server: Server, as name: String?, _ host: String, hosts: [String]) throws -> [String] {
        let path = server.directory.path
        let certificate = name.map { ["--cert", "\(path)/\($0).crt", "--key", "\(path)/\($0).key"] } ?? []
        var words: [String] = []
        for (index, other) in hosts.enumerated() {
            if index > 0 { words.append("--next") }
            words +=
                ["-s", "-k", "--http2", "--max-time", "8", "-H", "Host: \(other)"] + certificate
                + ["--resolve", "\(host):\(server.port):127.0.0.1"]
                + ["-o", "/dev/null", "-w", "%{http_code} %{http_version} %{num_connects}\\n"]
                + ["https://\(host):\(server.port)/"]
        }
        return try Program.run("curl", words, in: server.directory, name: "curl").output
            .split(separator: "\n").map(String.init)
    }

    @Test("a certificate that one name has judged is none for a name that judges differently: 421")
    func misdirected() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        func block(_ name: String, _ lines: String) -> String {
            """
            server { listen 127.0.0.1:%PORT1% ssl; server_name \(name); \(lines)
                location / { return 200 "$ssl_client_verify"; } }
            """
        }
        let own = "ssl_verify_client on; ssl_client_certificate %PREFIX%/ca.crt;"
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; http2 on;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                \(block("a.test", own)) \(block("open.test", ""))
                \(block("b.test", "ssl_verify_client on; ssl_client_certificate %PREFIX%/stranger.crt;")) }
            """, directory: directory)
        // The connection goes on after a refusal.
        #expect(
            try ask(server, as: "good", "a.test", hosts: ["a.test", "b.test", "open.test", "a.test"]) == [
                "200 2 1", "421 2 0", "200 2 0", "200 2 0",
            ])
        #expect(
            try ask(server, as: nil, "open.test", hosts: ["open.test", "a.test", "open.test"]) == [
                "200 2 1", "421 2 0", "200 2 0",
            ])
        #expect(try ask(server, as: nil, "a.test", hosts: ["a.test", "open.test"]).first == "400 2 1")
        #expect(try ask(server, as: "stranger", "a.test", hosts: ["a.test"]).first == "400 2 1")
        server.finish()
    }

    // MARK: Early data

    /// The value of `:status` as it stands in a field block (RFC 7541 §5.2).
    private static let tooEarly = "\u{3}425"

    /// A first connection for a ticket, then a second one that begins with the request.
    private func askEarly(_ server: Server, _ method: String, _ path: String) throws -> String {
        let folder = server.directory.path
        let request = FrameClient.request(1, path, method: method)
        let content = FrameClient.preface + FrameClient.frame(4, 0, 0) + request
        try Data(content).write(to: URL(fileURLWithPath: folder + "/request"))
        let session = folder + "/session"
        let words = [
            "s_client", "-connect", "127.0.0.1:\(server.port)", "-alpn", "h2", "-tls1_3", "-ign_eof",
        ]
        unlink(session)
        let first = try Program(
            "openssl", words + ["-sess_out", session], in: server.directory, name: "first")
        let hasTicket = waitUntil(Deadline(in: 8)) {
            (try? String(contentsOfFile: session, encoding: .utf8))?.contains("END SSL SESSION") == true
        }
        first.stop(within: 1)
        try #require(hasTicket, "\(first.output)")
        let second = try Program(
            "openssl", words + ["-sess_in", session, "-early_data", folder + "/request"],
            in: server.directory, name: "second")
        let isAnswered = waitUntil(Deadline(in: 8)) {
            second.output.contains("early=") || second.output.contains(Self.tooEarly)
                || second.output.contains("g1 ")
        }
        second.stop(within: 1)
        #expect(isAnswered && second.output.contains("Early data was accepted"), "\(second.output)")
        return second.output
    }

    private func server(_ lines: String, _ gateway: RecordingGateway) throws -> Server {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        return try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off; http2 on; server { listen 127.0.0.1:%PORT1% ssl; ssl_early_data on;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                \(lines) location / { return 200 "early=$ssl_early_data;"; } } }
            """, gateways: [gateway], directory: directory)
    }

    @Test("an early stream waits for the handshake where gateways are not told of it")
    func held() throws {
        let gateway = try RecordingGateway()
        let server = try server("location /gw { proxy_pass http://%GATEWAY1%; }", gateway)
        #expect(try askEarly(server, "GET", "/").contains("early=;"))
        #expect(try askEarly(server, "POST", "/gw").contains("g1 /gw"))
        #expect(gateway.requests.count == 1 && gateway.requests[0].method == "POST")
        server.finish()
    }

    @Test("a gateway that is told of it is asked at once; what may do harm gets 425")
    func told() throws {
        let gateway = try RecordingGateway()
        let server = try server(
            """
            location /told { proxy_pass http://%GATEWAY1%; proxy_set_header Early-Data $ssl_early_data; }
            location /untold { proxy_pass http://%GATEWAY1%; }
            """, gateway)
        #expect(try askEarly(server, "GET", "/").contains("early=1;"))
        #expect(try askEarly(server, "GET", "/told").contains("g1 /told"))
        #expect(gateway.requests.last?["early-data"] == "1")
        #expect(try askEarly(server, "GET", "/untold").contains(Self.tooEarly))
        #expect(try askEarly(server, "POST", "/told").contains(Self.tooEarly))
        #expect(gateway.requests.count == 1)
        server.finish()
    }
}
