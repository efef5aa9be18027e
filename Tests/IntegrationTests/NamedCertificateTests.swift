import Foundation
import TestSupport
import Testing

/// `ssl_certificate` with the name that the client asks for in its path.
@Suite("Named certificates", .serialized) struct NamedCertificateTests {
    private func subject(_ server: Server, _ name: String?) throws -> String {
        try TLSClient.handshake(port: server.port, serverName: name, in: server.directory)
            .split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? "none"
    }

    @Test("each name gets its own certificate; a renewed file is seen; a name cannot lead out of the folder")
    func names() throws {
        let directory = try TemporaryDirectory()
        for name in ["a.test", "b.test", "next"] {
            _ = try TLSClient.makeCertificate(for: [name], in: directory, name: name)
        }
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; server_name ~.;
                ssl_certificate %PREFIX%/$ssl_server_name.crt; ssl_certificate_key ${ssl_server_name}.key;
                return 200 "$ssl_server_name"; } }
            """, directory: directory)
        #expect(try subject(server, "a.test").contains("a.test"))
        #expect(try subject(server, "b.test").contains("b.test"))
        #expect(try subject(server, "c.test") == "none")
        #expect(server.waitForLog("c.test.crt"))
        #expect(try subject(server, nil) == "none")
        #expect(try subject(server, "../a.test") == "none")
        #expect(
            try TLSClient.curl(port: server.port, host: "b.test", in: directory).text.hasSuffix("b.test"))
        for kind in ["crt", "key"] {
            rename(directory.path + "/next.\(kind)", directory.path + "/a.test.\(kind)")
        }
        #expect(try waitUntil(Deadline(in: 4)) { try subject(server, "a.test").contains("next") })
        server.finish()
    }

    private static func files(_ names: [String]) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in names { _ = try TLSClient.makeCertificate(for: [name], in: directory, name: name) }
        return directory
    }

    @Test("any variable may name them, or be what stands in them", arguments: Server.Kind.all)
    func variables(_ kind: Server.Kind) throws {
        let directory = try Self.files(["a.test", "other", "inline"])
        // One that has no certificate is served with those of the address's own server.
        let bare = "server { listen 127.0.0.1:%PORT1% ssl; server_name bare.test; return 204; }"
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                map $ssl_server_name $pair { a.test a.test; data.test ""; default other; }
                map $ssl_server_name $chain { default "%PREFIX%/$pair.crt"; data.test "data:\(directory.read("inline.crt"))"; }
                map $ssl_server_name $key { default "%PREFIX%/$pair.key"; data.test "data:\(directory.read("inline.key"))"; }
                server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate $chain; ssl_certificate_key $key;
                    return 200 "$ssl_server_name"; } \(kind == .portico ? bare : "") }
            """, kind: kind, directory: directory)
        for (name, subject) in [
            ("a.test", "a.test"), ("b.test", "other"), (nil, "other"), ("data.test", "inline"),
            ("bare.test", "other"),
        ] {
            #expect(try self.subject(server, name).contains(subject), "\(name ?? "-") \(kind)")
        }
        #expect(try TLSClient.curl(port: server.port, host: "a.test", in: directory).text.hasSuffix("a.test"))
        server.program.stop()
    }

    @Test("what is no file, or a large one, holds nobody up; a cache believes as long as it says")
    func badFiles() throws {
        let directory = try Self.files(["a.test", "next"])
        #expect(mkfifo(directory.file("fifo.crt"), 0o644) == 0)
        try directory.write(String(repeating: "x", count: 3 << 20), to: "large.crt")
        for name in ["fifo", "large"] { try directory.write(directory.read("a.test.key"), to: "\(name).key") }
        try directory.write(directory.read("a.test.crt"), to: "wrong.crt")
        try directory.write(directory.read("next.key"), to: "wrong.key")
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; http2 on; ssl_early_data on;
                ssl_certificate %PREFIX%/$ssl_server_name.crt; ssl_certificate_key %PREFIX%/$ssl_server_name.key;
                ssl_certificate_cache max=10 inactive=1h valid=1h;
                return 200 "$ssl_server_name"; } }
            """, directory: directory)
        for name in ["fifo", "large", "wrong", "nothing"] {
            #expect(try subject(server, name) == "none")
            #expect(server.waitForLog("\(name)."), "\(name)")
        }
        #expect(try subject(server, "a.test").contains("a.test"))
        for kind in ["crt", "key"] {
            rename(directory.file("next.\(kind)"), directory.file("a.test.\(kind)"))
        }
        #expect(try subject(server, "a.test").contains("a.test"))
        #expect(try TLSClient.curl(port: server.port, host: "a.test", in: directory).text.hasSuffix("a.test"))
        let failures = server.directory.read("error.log").split(separator: "\n").filter {
            $0.contains("cannot load")
        }
        #expect(failures.count == 3)
        server.finish(expected: ["cannot load certificate", "SSL_CTX_use_PrivateKey"])
    }

    @Test("a key of a store, one that stands in the configuration, and one of an engine")
    func otherPlaces() throws {
        let directory = try Self.files(["a.test"])
        let server = { (key: String) in
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate "data:\(directory.read("a.test.crt"))"; ssl_certificate_key "\(key)";
                ssl_certificate_compression on; return 204; } }
            """
        }
        for key in ["store:file:%PREFIX%/a.test.key", "data:\(directory.read("a.test.key"))"] {
            let server = try Server(server(key), directory: directory)
            #expect(try subject(server, "a.test").contains("a.test"), "\(key.prefix(20))")
            server.finish(expected: ["does not compress"])
        }
        for key in ["engine:e:id", "store:file:/nowhere.key"] {
            try directory.write(
                server(key).replacing("%PREFIX%", with: directory.path).replacing("%PORT1%", with: "1"),
                to: "bad.conf")
            let run = try Program.run(
                Binary.portico, ["-p", directory.path, "-c", directory.path + "/bad.conf", "-t"],
                in: directory)
            #expect(run.ending == .exited(1) && run.errors.contains("bad.conf:"), "\(run)")
        }
    }

    @Test(
        "proxy_ssl_certificate: gateways are shown what variables name, or nothing",
        arguments: Server.Kind.all)
    func towardsGateways(_ kind: Server.Kind) throws {
        let directory = try Self.files(["a.test", "one", "two"])
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream gateways { server 127.0.0.1:%PORT2%; keepalive 4; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_http_version 1.1; proxy_set_header Connection "";
                        proxy_ssl_certificate $arg_c; proxy_ssl_certificate_key $arg_k;
                        proxy_pass https://gateways; }
                    location /none { \(kind == .nginx ? "" : "proxy_ssl_certificate ''; proxy_ssl_certificate_key '';")
                        proxy_pass https://gateways; } }
                server { listen 127.0.0.1:%PORT2% ssl; ssl_verify_client optional_no_ca;
                    ssl_certificate %PREFIX%/a.test.crt; ssl_certificate_key %PREFIX%/a.test.key;
                    return 200 "[$ssl_client_s_dn]"; } }
            """, kind: kind, directory: directory)
        let ask = { (name: String) -> Response in
            let path = "\(directory.path)/\(name)"
            return try RawClient.get(server.port, "/?c=\(path).crt&k=\(path).key")
        }
        // nginx uses a connection again that another certificate was shown on.
        let names = kind == .portico ? ["one", "two", "one", "two"] : ["one"]
        for name in names { #expect(try ask(name).text == "[CN=\(name)]", "\(kind)") }
        if kind == .portico {
            #expect(try ask("gone").status == 500)
            #expect(try RawClient.get(server.port, "/").text == "[]")
            #expect(try RawClient.get(server.port, "/none").text == "[]")
            #expect(server.waitForLog("while SSL handshaking to upstream"))
        }
        server.program.stop()
    }
}
