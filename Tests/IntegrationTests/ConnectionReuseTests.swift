import TestSupport
import Testing

/// Which connections to servers carry requests of which locations.
@Suite("Reuse of connections to servers", .serialized) struct ConnectionReuseTests {
    /// Two locations that pass to a server of the same service, which says what came over which connection.
    private func server(
        _ one: String, _ two: String, keepalive: String = "keepalive 8;", scheme: String = "https",
        target: String = "up"
    ) throws -> Server {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = scheme == "https" ? "%PORT2%" : "%PORT3%"
        let name = target == "up" ? "up" : "127.0.0.1:\(port)"
        return try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                upstream up { server 127.0.0.1:\(port); \(keepalive) }
                server { listen 127.0.0.1:%PORT2% ssl; listen 127.0.0.1:%PORT3%;
                    ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                    ssl_verify_client optional_no_ca;
                    return 200 "$connection $ssl_server_name $remote_addr"; }
                server { listen 127.0.0.1:%PORT1%; proxy_ssl_trusted_certificate %PREFIX%/server.crt;
                    proxy_ssl_name a.test;
                    location /one { proxy_pass \(scheme)://\(name); \(one) }
                    location /two { proxy_pass \(scheme)://\(name); \(two) } } }
            """, directory: directory)
    }

    private func ask(_ server: Server, _ target: String) throws -> [String] {
        let answer = try RawClient.get(server.port, target)
        #expect(answer.status == 200, "\(answer.status) \(server.log)")
        return answer.text.split(separator: " ").map(String.init)
    }

    static let alike = [
        "", "proxy_ssl_server_name on;", "proxy_ssl_verify on;", "proxy_bind 127.0.0.2;",
        "proxy_read_timeout 5s; proxy_set_header X y;",
    ]

    @Test("what is alike is shared", arguments: alike)
    func shared(_ lines: String) throws {
        let server = try server(lines, lines)
        let first = try ask(server, "/one")
        #expect(try ask(server, "/two") == first)
        #expect(try ask(server, "/one") == first)
        server.finish()
    }

    static let different = [
        ("", "proxy_ssl_server_name on;"),
        ("", "proxy_ssl_name b.test;"),
        ("", "proxy_ssl_verify on;"),
        ("proxy_ssl_verify on;", "proxy_ssl_verify on; proxy_ssl_verify_depth 3;"),
        ("", "proxy_ssl_trusted_certificate %PREFIX%/ca.crt;"),
        ("", "proxy_ssl_crl %PREFIX%/list.crl;"),
        ("", "proxy_ssl_certificate %PREFIX%/good.crt; proxy_ssl_certificate_key %PREFIX%/good.key;"),
        (
            "proxy_ssl_certificate %PREFIX%/good.crt; proxy_ssl_certificate_key %PREFIX%/good.key;",
            "proxy_ssl_certificate %PREFIX%/revoked.crt; proxy_ssl_certificate_key %PREFIX%/revoked.key;"
        ),
        ("", "proxy_ssl_protocols TLSv1.3;"),
        ("", "proxy_ssl_ciphers HIGH;"),
        ("", "proxy_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;"),
        ("", "proxy_bind 127.0.0.2;"),
        ("proxy_bind 127.0.0.3;", "proxy_bind 127.0.0.2;"),
    ]

    @Test("what differs in anything is not", arguments: different)
    func apart(_ one: String, _ two: String) throws {
        let server = try server(one, two)
        let first = try ask(server, "/one")
        let second = try ask(server, "/two")
        #expect(first[0] != second[0])
        #expect(try ask(server, "/one") == first)
        #expect(try ask(server, "/two") == second)
        server.finish()
    }

    @Test(
        "what variables made is compared, not how it was written",
        arguments: ["proxy_ssl_server_name on; proxy_ssl_name $arg_x;", "proxy_bind $arg_x;"])
    func variables(_ lines: String) throws {
        let server = try server(lines, lines)
        let values = lines.contains("bind") ? ["127.0.0.2", "127.0.0.3"] : ["one.test", "two.test"]
        let first = try ask(server, "/one?x=\(values[0])")
        let second = try ask(server, "/one?x=\(values[1])")
        #expect(first[0] != second[0])
        #expect(first.contains(values[0]) && second.contains(values[1]))
        #expect(try ask(server, "/two?x=\(values[0])") == first)
        #expect(try ask(server, "/one?x=\(values[1])") == second)
        server.finish()
    }

    @Test("a request that is to be encrypted never takes a connection that is not")
    func schemes() throws {
        let line = "set $s $arg_s; proxy_pass $s://up; proxy_ssl_server_name on;"
        let server = try server("", "", keepalive: "keepalive 8;")
        try server.rewrite(
            server.configuration.replacing("proxy_pass https://up;", with: line))
        #expect(try server.reload().ending == .exited(0))
        let first = try ask(server, "/one?s=https")
        // The port speaks TLS only.
        #expect(try RawClient.get(server.port, "/one?s=http").status == 400)
        #expect(try ask(server, "/one?s=https") == first)
        server.finish()
    }

    @Test(
        "locations share connections only where `keepalive` is written without `local`",
        arguments: [("keepalive 8;", true), ("keepalive 8 local;", false), ("", false)], ["http", "https"])
    func local(_ keepalive: (words: String, isShared: Bool), _ scheme: String) throws {
        let server = try server("", "", keepalive: keepalive.words, scheme: scheme)
        let first = try ask(server, "/one")
        let second = try ask(server, "/two")
        #expect((first[0] == second[0]) == keepalive.isShared)
        #expect(try ask(server, "/one") == first)
        #expect(try ask(server, "/two") == second)
        // A reload finds them again.
        #expect(try server.reload().ending == .exited(0))
        #expect(try ask(server, "/one") == first)
        #expect(try ask(server, "/two") == second)
        server.finish()
    }

    @Test("a connection to an address without an upstream is not kept", arguments: ["http", "https"])
    func implicit(_ scheme: String) throws {
        let server = try server("", "", scheme: scheme, target: "address")
        let first = try ask(server, "/one")
        #expect(try ask(server, "/one")[0] != first[0])
        server.finish()
    }
}

/// Addresses that variables make.
@Suite("Addresses made of variables") struct MadeAddressTests {
    @Test("there may be any number of them, one after the other")
    func many() throws {
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; keepalive_requests 100000;
                server { listen 0.0.0.0:%PORT2%; return 200 "$server_addr"; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_pass http://127.0.$arg_a:%PORT2%; } } }
            """)
        let client = try RawClient(port: server.port)
        for number in Array(0..<2500) + [0, 1, 2499] {
            let address = "\(1 + number / 250).\(1 + number % 250)"
            client.send("GET /?a=\(address) HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try client.response()
            guard answer.status == 200, answer.text == "127.0.\(address)" else {
                #expect(Bool(false), "\(number): \(answer.status) \(answer.text)")
                break
            }
        }
        client.close()
        server.finish()
    }
}
