import Foundation
import TestSupport
import Testing

/// What strangers may send to a TLS port: a closed connection, and never a worker's end.
@Suite("TLS hardening", .serialized) struct TLSHardeningTests {
    private func server(_ directory: TemporaryDirectory, _ lines: String = "") throws -> Server {
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        return try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; ssl_handshake_timeout 1s;
                server { listen 127.0.0.1:%PORT1% ssl; server_name a.test;
                    ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                    \(lines) location / { return 200 "ok"; } location /big { root %PREFIX%; } } }
            """, directory: directory)
    }

    /// One byte a segment; the client is Python's, over memory.
    private static var trickle: String {
        """
        import socket, ssl, sys, time
        port, what = int(sys.argv[1]), sys.argv[2]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="a.test")
        s = socket.create_connection(("127.0.0.1", port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.settimeout(5)
        def flush():
            data = outgoing.read()
            if not data: return
            if what == "bytes":
                for i in range(len(data)): s.send(data[i:i+1])
            else: s.sendall(data)
        def run(call):
            while True:
                try:
                    result = call(); flush(); return result
                except ssl.SSLWantReadError:
                    flush()
                    got = s.recv(1 if what == "bytes" else 16384)
                    if not got: raise SystemExit("closed")
                    incoming.write(got)
        run(tls.do_handshake)
        if what == "halfclosed":
            tls.write(b"GET / HTTP/1.1\\r\\nHost: a.test\\r\\nConnection: close\\r\\n\\r\\n"); flush()
            s.shutdown(socket.SHUT_WR)
        elif what == "garbled":
            tls.write(b"GET / HTTP/1.1\\r\\nHost: a.test\\r\\n\\r\\n")
            data = bytearray(outgoing.read()); data[-1] ^= 1; s.sendall(data)
            while s.recv(1000): pass
            print("closed"); sys.exit()
        else:
            tls.write(b"GET / HTTP/1.1\\r\\nHost: a.test\\r\\nConnection: close\\r\\n\\r\\n"); flush()
        text = b""
        try:
            while True:
                got = run(lambda: tls.read(1000))
                if not got: break
                text += got
        except (ssl.SSLError, SystemExit): pass
        print(text.decode())
        """
    }

    private func python(_ server: Server, _ what: String) throws -> String {
        try server.directory.write(TLSHardeningTests.trickle, to: "client.py")
        let run = try Program.run(
            "python3", [server.directory.path + "/client.py", "\(server.port)", what],
            in: server.directory, name: "client")
        return run.output + run.errors
    }

    @Test("a handshake and a request that come byte by byte are served; a half-closed client is answered")
    func trickled() throws {
        let server = try server(TemporaryDirectory())
        #expect(try python(server, "bytes").hasPrefix("HTTP/1.1 200"))
        #expect(try python(server, "halfclosed").hasPrefix("HTTP/1.1 200"))
        server.finish()
    }

    @Test("a record that was changed on its way ends the connection")
    func changedRecord() throws {
        let server = try server(TemporaryDirectory())
        #expect(try python(server, "garbled") == "closed\n")
        #expect(try python(server, "plain").hasPrefix("HTTP/1.1 200"))
        server.finish()
    }

    @Test(
        "raw bytes that are no handshake end the connection",
        arguments: [
            // A record that claims more than any record may hold (RFC 8446 §5.2).
            [0x16, 0x03, 0x01, 0xFF, 0xFF] + [UInt8](repeating: 1, count: 100),
            // One that ends before it began, a handshake message longer than the record, an alert, a
            // change of ciphers, content, an SSLv2 hello, and a version that nobody knows.
            [0x16, 0x03, 0x01, 0, 0], [0x16, 0x03, 0x01, 0, 4, 1, 0xFF, 0xFF, 0xFF],
            [0x16, 0x03, 0x01, 0, 2, 2, 40], [0x16, 0x03, 0x03, 0, 1, 1, 0x14, 3, 3, 0, 1, 1],
            [0x80, 0x2E, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10] + [UInt8](repeating: 7, count: 37),
            [0x16, 0x09, 0x09, 0, 5, 1, 0, 0, 1, 0],
        ] as [[UInt8]])
    func nonsense(_ bytes: [UInt8]) throws {
        let server = try server(TemporaryDirectory())
        let client = try RawClient(port: server.port)
        client.send(bytes)
        // It is closed at once, or when the time for a handshake is over.
        #expect(client.isClosedByPeer(within: 3))
        client.close()
        #expect(try python(server, "plain").hasPrefix("HTTP/1.1 200"))
        server.finish()
    }

    @Test("random changes to a client's first message do no harm", arguments: 0..<4)
    func mutatedHello(_ seed: Int) throws {
        let directory = try TemporaryDirectory()
        let server = try server(directory)
        try directory.write(
            """
            import random, socket, ssl, sys
            r = random.Random(int(sys.argv[2]))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            out = ssl.MemoryBIO()
            try: context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="a.test").do_handshake()
            except ssl.SSLWantReadError: pass
            hello = out.read()
            for _ in range(60):
                data = bytearray(hello)
                for _ in range(r.randint(1, 6)): data[r.randrange(len(data))] = r.randrange(256)
                if r.random() < .3: data = data[:r.randrange(1, len(data))]
                s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                s.sendall(data)
                if r.random() < .5: s.shutdown(socket.SHUT_WR)
                s.settimeout(.05)
                try:
                    while s.recv(4096): pass
                except OSError: pass
                s.close()
            """, to: "mutate.py")
        let run = try Program.run(
            "python3", [directory.path + "/mutate.py", "\(server.port)", "\(seed)"], in: directory, within: 60
        )
        #expect(run.ending == .exited(0), "\(run.errors)")
        #expect(try python(server, "plain").hasPrefix("HTTP/1.1 200"))
        server.finish()
    }

    @Test("a client that asks for another handshake is refused; an old version and an unknown suite too")
    func refusedHandshakes() throws {
        let server = try server(TemporaryDirectory())
        let renegotiated = try Program.run(
            "sh",
            [
                "-c", "(echo R; sleep 0.3) | openssl s_client -connect 127.0.0.1:\(server.port) -tls1_2 2>&1",
            ], in: server.directory)
        #expect(renegotiated.output.contains("no renegotiation"))
        let old = try TLSClient.handshake(
            port: server.port, options: ["-tls1", "-cipher", "ALL:@SECLEVEL=0"], in: server.directory)
        #expect(old.contains("alert"))
        #expect(server.waitForLog("unsupported protocol"))
        let weak = try TLSClient.handshake(
            port: server.port, options: ["-tls1_2", "-cipher", "AES128-SHA"], in: server.directory)
        #expect(weak.contains("handshake failure"))
        #expect(server.waitForLog("no shared cipher"))
        #expect(try python(server, "plain").hasPrefix("HTTP/1.1 200"))
        server.finish()
    }

    @Test("a silent client is let go when the time for a handshake is over")
    func silent() throws {
        let server = try server(TemporaryDirectory())
        let client = try RawClient(port: server.port)
        client.send([0x16])
        #expect(client.isClosedByPeer(within: 3))
        #expect(server.waitForLog("client timed out while SSL handshaking"))
        client.close()
        server.finish()
    }

    @Test("a big answer comes whole, though its first record is a short one")
    func recordSizes() throws {
        let directory = try TemporaryDirectory()
        let bytes = String(repeating: "0123456789abcdef", count: 20_000)
        try directory.write(bytes, to: "big")
        let server = try server(directory)
        let answer = try TLSClient.curl(port: server.port, host: "a.test", path: "/big", in: directory)
        #expect(answer.text.hasSuffix(bytes))
        // The head and the start of the file: 4 KB with what encryption adds; full records after that.
        #expect(try recordLengths(of: "/big", server).first == 4096 + Self.gcmOverhead)
        server.finish()
    }

    @Test("ssl_buffer_size is what a record carries at most", arguments: [2, 8, 16])
    func bufferSize(_ kilobytes: Int) throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: "0123456789abcdef", count: 20_000), to: "big")
        let server = try server(directory, "ssl_buffer_size \(kilobytes)k;")
        let lengths = try recordLengths(of: "/big", server)
        #expect(lengths.max() == kilobytes << 10 + Self.gcmOverhead)
        server.finish()
    }

    /// What AES-GCM of TLS 1.2 adds to a record: an explicit nonce and a tag.
    private static let gcmOverhead = 24

    /// The lengths of the records that bring a file.
    private func recordLengths(of path: String, _ server: Server) throws -> [Int] {
        let traced = try Program.run(
            "sh",
            [
                "-c",
                "printf 'GET \(path) HTTP/1.1\\r\\nHost: a.test\\r\\nConnection: close\\r\\n\\r\\n'"
                    + " | openssl s_client -connect 127.0.0.1:\(server.port) -tls1_2 -quiet -msg"
                    + " -cipher ECDHE+AESGCM -ign_eof 2>/dev/null | grep -a -A1 '<<<.*RecordHeader'"
                    + " | grep -aoE '17 03 03 .. ..'",
            ], in: server.directory)
        return traced.output.split(separator: "\n").compactMap { line in
            Int(line.split(separator: " ").suffix(2).joined(), radix: 16)
        }
    }

    @Test(
        "files that cannot be used are named with their directive",
        arguments: [
            ("ssl_certificate %PREFIX%/none.crt;", "none.crt", "No such file"),
            ("ssl_certificate %PREFIX%/broken.crt;", "broken.crt", "PEM_read_bio_X509"),
            ("ssl_certificate %PREFIX%/empty.crt;", "empty.crt", "cannot load certificate"),
            ("ssl_verify_client on; ssl_client_certificate %PREFIX%/broken.crt;", "broken.crt", "failed"),
            ("ssl_crl %PREFIX%/empty.crt;", "empty.crt", "failed"),
            ("ssl_dhparam %PREFIX%/broken.crt;", "broken.crt", "failed"),
        ])
    func unusableFiles(_ line: String, _ file: String, _ complaint: String) throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        try directory.write(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", to: "broken.crt")
        try directory.write("", to: "empty.crt")
        let usual = line.hasPrefix("ssl_certificate ") ? "" : "ssl_certificate \(directory.path)/server.crt;"
        try directory.write(
            """
            events { }
            http { server { listen 127.0.0.1:8999 ssl;
                \(line.replacingOccurrences(of: "%PREFIX%", with: directory.path)) \(usual)
                ssl_certificate_key \(directory.path)/server.key; } }
            """, to: "bad.conf")
        let run = try Program.run(
            Binary.portico, ["-p", directory.path, "-c", directory.path + "/bad.conf", "-t"], in: directory)
        #expect(run.ending == .exited(1))
        #expect(run.errors.contains(file) && run.errors.contains(complaint), "\(run.errors)")
        #expect(run.errors.contains("bad.conf:"), "\(run.errors)")
    }
}
