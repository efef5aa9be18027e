import Foundation
import TestSupport
import Testing

/// Directives that say of one thing what others say of another: `grpc_…` and `tunnel_…` what `proxy_…` does,
/// `…_inherit` of several lists, and the methods of balancing.
@Suite("Directives by families", .serialized) struct DirectiveFamiliesTests {
    // MARK: grpc_…

    /// A gateway of HTTP/2 over TLS that tells what it sees, and a server in front of it.
    private func grpc(_ more: String) throws -> Server {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let locked = try Program.run(
            "openssl",
            [
                "ec", "-aes256", "-passout", "pass:secret", "-in", directory.path + "/good.key", "-out",
                directory.path + "/locked.key",
            ], in: directory, name: "openssl-lock")
        #expect(locked.ending == .exited(0), "\(locked.errors)")
        chmod(directory.path + "/locked.key", 0o644)
        try directory.write("wrong\nsecret\n", to: "passwords")
        return try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT2% ssl; http2 on; ssl_certificate %PREFIX%/server.crt;
                    ssl_certificate_key %PREFIX%/server.key; ssl_verify_client optional_no_ca;
                    add_header told "$ssl_client_s_dn $ssl_server_name $ssl_protocol $ssl_cipher";
                    add_header set "$http_x_set"; add_header hidden h; add_header from $remote_addr;
                    location / { return 200 x; }
                    location /none { return 404 gateway; }
                    location /elsewhere { add_header X-Accel-Redirect /page; return 200 x; } }
                server { listen 127.0.0.1:%PORT1%; http2 on;
                    grpc_ssl_name a.test; grpc_ssl_server_name on; grpc_ssl_verify on;
                    grpc_ssl_verify_depth 2; grpc_ssl_trusted_certificate %PREFIX%/server.crt;
                    grpc_ssl_protocols TLSv1.2; grpc_ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384;
                    grpc_ssl_conf_command Options -SessionTicket; grpc_ssl_session_reuse off;
                    grpc_ssl_certificate %PREFIX%/good.crt; grpc_ssl_certificate_key %PREFIX%/locked.key;
                    grpc_ssl_password_file %PREFIX%/passwords; grpc_ssl_certificate_cache max=10;
                    grpc_connect_timeout 5s; grpc_send_timeout 5s; grpc_buffer_size 8k;
                    grpc_next_upstream_timeout 9s; grpc_next_upstream_tries 2; grpc_socket_keepalive on;
                    grpc_set_header X-Set set; grpc_hide_header Hidden; grpc_pass_header Server;
                    error_page 404 = /page;
                    location / { grpc_pass grpcs://127.0.0.1:%PORT2%; \(more) }
                    location = /page { return 200 own; } }
            }
            """, directory: directory)
    }

    @Test("grpc_… says of gateways of gRPC what proxy_… says of those of HTTP")
    func grpcFamily() throws {
        let server = try grpc("")
        let answer = try server.curl("/")
        #expect(answer.hasPrefix("HTTP/2 200"))
        #expect(answer.contains("\r\ntold: CN=good a.test TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384\r\n"))
        #expect(answer.contains("\r\nset: set\r\n") && !answer.contains("\r\nhidden:"))
        #expect(answer.contains("\r\nfrom: 127.0.0.1\r\n"))
        #expect(try server.curl("/none").hasSuffix("\r\n\r\ngateway"))
        #expect(try server.curl("/elsewhere").hasSuffix("\r\n\r\nown"))
        server.finish()
    }

    @Test(
        "each of these makes a difference",
        arguments: [
            ("grpc_ssl_name b.test;", "/", " b.test TLSv1.2 "), ("grpc_ssl_name c.test;", "/", "HTTP/2 502"),
            ("grpc_ssl_server_name off;", "/", "CN=good  TLSv1.2"),
            ("grpc_ssl_trusted_certificate %PREFIX%/good.crt;", "/", "HTTP/2 502"),
            ("grpc_ssl_trusted_certificate %PREFIX%/good.crt; grpc_ssl_verify off;", "/", "HTTP/2 200"),
            ("grpc_ssl_crl %PREFIX%/list.crl;", "/", "HTTP/2 502"),
            ("grpc_ssl_protocols TLSv1.3;", "/", " TLSv1.3 "),
            ("grpc_ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;", "/", "AES128"),
            (
                "grpc_ssl_certificate %PREFIX%/revoked.crt; grpc_ssl_certificate_key %PREFIX%/revoked.key;",
                "/",
                "CN=revoked"
            ),
            ("grpc_set_header X-Set other;", "/", "set: other"), ("grpc_hide_header From;", "/", "hidden: h"),
            ("grpc_bind 127.0.0.3;", "/", "from: 127.0.0.3"),
            ("grpc_intercept_errors on;", "/none", "\r\n\r\nown"),
            ("grpc_ignore_headers X-Accel-Redirect;", "/elsewhere", "\r\n\r\nx"),
            ("grpc_buffer_size 64;", "/", "HTTP/2 502"),
        ])
    func grpcDifferences(more: String, path: String, part: String) throws {
        let server = try grpc(more)
        let answer = try server.curl(path)
        #expect(answer.contains(part), "\(answer)")
        server.finish()
    }

    // MARK: tunnel_…

    @Test("tunnel_bind is where a tunnel's connection comes from; its other settings leave it alone")
    func tunnelFamily() throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                upstream named { server %DEAD%; server 127.0.0.1:%PORT2% backup; }
                server { listen 127.0.0.1:%PORT2%; return 200 $remote_addr; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { tunnel_pass named; tunnel_bind 127.0.0.7; tunnel_connect_timeout 5s;
                        tunnel_send_timeout 5s; tunnel_socket_keepalive on; tunnel_next_upstream_tries 2;
                        tunnel_next_upstream_timeout 5s; } }
            }
            """)
        let client = try RawClient(port: server.port)
        client.send("CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.interimHead().startLine == "HTTP/1.1 200 OK")
        #expect(try client.response().body == Array("127.0.0.7".utf8))
        client.close()
        server.finish(expected: ["connect() failed"])
    }

    // MARK: …_inherit

    @Test(
        "add_header_inherit, add_trailer_inherit and proxy_set_header_inherit say what stays of outer lists",
        arguments: [("on", false, true), ("merge", true, true), ("off", false, true), ("off", false, false)])
    func inheritance(word: String, keepsOuter: Bool, hasOwn: Bool) throws {
        let own = "add_header inner i; add_trailer inner-t i; proxy_set_header Inner i;"
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT2%; return 200 "$http_outer,$http_inner"; }
                server { listen 127.0.0.1:%PORT1%;
                    add_header outer o; add_trailer outer-t o; proxy_set_header Outer o;
                    location / { proxy_pass http://127.0.0.1:%PORT2%; \(hasOwn ? own : "")
                        add_header_inherit \(word); add_trailer_inherit \(word);
                        proxy_set_header_inherit \(word); } }
            }
            """)
        let response = try RawClient.ask(server.port, "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n")
        let (outer, inner) = (keepsOuter ? ["o"] : [], hasOwn ? ["i"] : [])
        #expect(response.head.values("outer") == outer && response.head.values("inner") == inner)
        #expect(response.text == "\(outer.joined()),\(inner.joined())")
        #expect(response.trailers.contains("outer-t: o") == keepsOuter)
        #expect(response.trailers.contains("inner-t: i") == hasOwn)
        server.finish()
    }

    // MARK: Balancing, and what nobody sees

    @Test(
        "each method of balancing serves by both of two servers",
        arguments: ["ewma", "least_time header", "least_time last_byte", "random", "random two"])
    func methods(line: String) throws {
        let server = try Server(
            """
            worker_processes 1;
            env HOME;
            events { }
            http { access_log off; http2_peer_ping 1s; proxy_ssl_certificate_cache max=2;
                upstream both { zone both 64k; \(line); server 127.0.0.1:%PORT2%; server 127.0.0.1:%PORT3%; }
                server { listen 127.0.0.1:%PORT2%; return 200 2; }
                server { listen 127.0.0.1:%PORT3%; return 200 3; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://both; } } }
            """)
        var seen: Set<String> = []
        for _ in 0..<200 where seen.count < 2 { seen.insert(try RawClient.get(server.port, "/").text) }
        #expect(seen == ["2", "3"])
        server.finish()
    }

    @Test(
        "gzip_buffers, gunzip_buffers, http2_body_buffers and their like bound memory, and change no content")
    func buffers() throws {
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off; gzip_types text/plain; gzip_min_length 1; gzip_http_version 1.0; gunzip on;
                gzip_buffers 2 4k; gunzip_buffers 2 4k; tcp_nodelay off; http2_body_buffers 256k;
                http2_recv_buffer_size 256k;
                server { listen 127.0.0.1:%PORT2%; gzip on; root %PREFIX%; default_type text/plain; }
                server { listen 127.0.0.1:%PORT1%; http2 on; client_max_body_size 1m;
                    location / { proxy_pass http://127.0.0.1:%PORT2%; proxy_set_header Accept-Encoding gzip; } } }
            """, files: ["long": String(repeating: "0123456789abcdef\n", count: 4096)])
        let plain = try RawClient.get(server.port, "/long")
        #expect(plain.head.values("content-encoding").isEmpty)
        #expect(plain.text == server.directory.read("long"))
        let content = "@\(server.directory.path)/long"
        let sent = try server.curl("/long", "--compressed", "-X", "GET", "--data-binary", content)
        #expect(sent.contains("\r\ncontent-encoding: gzip\r\n") && sent.hasSuffix("0123456789abcdef\n"))
        server.finish()
    }
}
