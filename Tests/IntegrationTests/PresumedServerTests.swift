import Foundation
import TestSupport
import Testing

/// What holds for a connection before its first request says whom it is for.
@Suite("Before the host is known") struct PresumedServerTests {
    @Test("a head is bounded as the server says that the handshake named")
    func limits() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["wide.test", "narrow.test"], in: directory, name: "c")
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                ssl_certificate %PREFIX%/c.crt; ssl_certificate_key %PREFIX%/c.key;
                server { listen 127.0.0.1:%PORT1% ssl; server_name narrow.test;
                    client_header_buffer_size 256; large_client_header_buffers 2 256;
                    return 200 "narrow [$http_under_score] $uri"; }
                server { listen 127.0.0.1:%PORT1% ssl; server_name wide.test;
                    underscores_in_headers on; merge_slashes off;
                    return 200 "wide [$http_under_score] $uri"; }
            }
            """, directory: directory)
        let long = "X-Long: " + String(repeating: "x", count: 1000)
        let ask = { (host: String, fields: [String]) in
            try TLSClient.curl(
                port: server.port, host: host, options: ["--http1.1"] + fields.flatMap { ["-H", $0] },
                in: directory
            ).text
        }
        #expect(try ask("wide.test", [long]).hasSuffix("wide [] /"))
        #expect(try ask("wide.test", ["under_score: a"]).hasSuffix("wide [a] /"))
        #expect(try ask("narrow.test", [long]).contains("400"))
        #expect(try ask("narrow.test", ["under_score: a"]).hasSuffix("narrow [] /"))
        server.finish()
    }

    @Test("a client that has said nothing yet is waiting")
    func waiting() throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%; stub_status; }
                server { listen 127.0.0.1:%PORT2%; http2 on; return 204; } }
            """)
        let counts = { try RawClient.get(server.port, "/").text.split(separator: "\n").last ?? "" }
        let silent = [
            try RawClient(port: server.port), try RawClient(port: server.port),
            try RawClient(port: server.ports[1]),
        ]
        #expect(try waitUntil(Deadline()) { try counts() == "Reading: 0 Writing: 1 Waiting: 3 " })
        silent[0].send("GET ")
        #expect(try waitUntil(Deadline()) { try counts() == "Reading: 1 Writing: 1 Waiting: 2 " })
        for client in silent { client.close() }
        #expect(try waitUntil(Deadline()) { try counts() == "Reading: 0 Writing: 1 Waiting: 0 " })
        server.finish()
    }

    @Test("a request's port, and hosts that are none")
    func ports() throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%;
                return 200 "$host$is_request_port$request_port"; } }
            """)
        for (host, answer) in [
            ("a:81", "a:81"), ("A", "a"), ("a:", "a"), ("[::1]:8", "[::1]:8"), ("a:0081", "a:81"),
        ] {
            let request = "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n"
            #expect(try RawClient.ask(server.port, request).text == answer)
        }
        let absolute = "GET http://b:82/ HTTP/1.1\r\nHost: a:81\r\n\r\n"
        #expect(try RawClient.ask(server.port, absolute).text == "b:82")
        for host in ["a:65536", "a:99999999999999999999", "[::1", "[12345::]", "[::1]x", "[]"] {
            for request in [
                "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n", "GET http://\(host)/ HTTP/1.1\r\nHost: a\r\n\r\n",
            ] {
                #expect(try RawClient.ask(server.port, request).status == 400, "\(request)")
            }
        }
        server.finish()
    }

    @Test("values of the PROXY protocol")
    func proxyValues() throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% proxy_protocol;
                return 200 "$proxy_protocol_tlv_alpn|$proxy_protocol_tlv_ssl_cn|$proxy_protocol_tlv_ssl_verify|$proxy_protocol_tlv_0xE0|$proxy_protocol_tlv_netns"; }
            }
            """)
        let tls: [UInt8] = [1, 0, 0, 0, 0, 0x22, 0, 2] + Array("me".utf8)
        let values: [UInt8] =
            [1, 0, 2] + Array("h2".utf8) + [0x20, 0, UInt8(tls.count)] + tls + [0xE0, 0, 1, 0x78]
        let addresses: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 0x30, 0x39, 0, 80]
        let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
        let client = try RawClient(port: server.port)
        client.send(signature + [0x21, 0x11, 0, UInt8(addresses.count + values.count)] + addresses + values)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().text == "h2|me|0|x|")
        server.finish()
    }
}
