import Foundation
import TestSupport
import Testing

/// Responses and requests that leave together belong to whom they are for.
@Suite("Sends of a turn") struct BatchTests {
    @Test("who asks at the same time gets what is his own", arguments: ["on", "off"])
    func atTheSameTime(_ batches: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            """
            import ctypes, os, re, signal, socket, ssl, sys
            plain, tls, worker = (int(word) for word in sys.argv[1:])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            def connect(port): return socket.create_connection(("127.0.0.1", port), timeout=10)
            clients = [connect(plain) for _ in range(40)]
            clients += [context.wrap_socket(connect(tls)) for _ in range(40)]
            def read(client):
                data = b""
                while b"\\r\\n\\r\\n" not in data: data += client.recv(65536)
                head, _, body = data.partition(b"\\r\\n\\r\\n")
                length = int(re.search(rb"(?i)content-length: (\\d+)", head)[1])
                while len(body) < length: body += client.recv(65536)
                assert len(body) == length, (len(body), length)
                return body
            def path(round, number): return f"/{round}/{number}/{'x' * (number * 50)}"
            for round in range(12):
                # All of it is there when the worker wakes: one turn.
                os.kill(worker, signal.SIGSTOP)
                for number, client in enumerate(clients):
                    client.sendall(f"GET {path(round, number)} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n".encode())
                os.kill(worker, signal.SIGCONT)
                for number, client in enumerate(clients):
                    body = read(client)
                    assert body == path(round, number).encode(), (body, round, number)
            # 425 is io_uring_setup: whether the kernel lets anybody have a ring.
            isThere = ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(256)) >= 0
            descriptors = [os.readlink(f"/proc/{worker}/fd/{fd}") for fd in os.listdir(f"/proc/{worker}/fd")]
            print(isThere, any("io_uring" in one for one in descriptors))
            """, to: "together.py")
        let server = try Server(
            """
            events { batch_sends \(batches); }
            http { access_log off; upstream gateway { server 127.0.0.1:%PORT3%; keepalive 100; }
                server { listen 127.0.0.1:%PORT1%; listen 127.0.0.1:%PORT2% ssl; ssl_certificate self-signed;
                    location / { proxy_pass http://gateway; } }
                server { listen 127.0.0.1:%PORT3%; return 200 "$uri"; } }
            """, directory: directory)
        #expect(waitUntil(Deadline(in: 5)) { !server.program.children.isEmpty })
        let worker = try #require(server.program.children.first)
        let run = try Program.run(
            "python3",
            [directory.path + "/together.py", "\(server.ports[0])", "\(server.ports[1])", "\(worker)"],
            in: directory, within: 60)
        #expect(run.ending == .exited(0), "\(run.errors)")
        let words = run.output.split(whereSeparator: \.isWhitespace)
        #expect(
            words == (words.first == "True" && batches == "on" ? ["True", "True"] : [words.first, "False"]))
        server.finish()
    }

    @Test("after a crowd as many idle connections are left as are to be kept")
    func excess() throws {
        let server = try Server(
            """
            events { }
            http { access_log off; upstream gateway { server 127.0.0.1:%PORT2%; keepalive 2; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://gateway; }
                    location /api { api; } }
                server { listen 127.0.0.1:%PORT2%; return 200 "$uri"; } }
            """)
        for _ in 0..<3 {
            let clients = try (0..<30).map { _ in try RawClient(port: server.port) }
            for client in clients { client.send("GET /here HTTP/1.1\r\nHost: a\r\n\r\n") }
            for client in clients { #expect(try client.response().text == "/here") }
            let kept = try server.json("/api/9/http/upstreams/gateway")["keepalive"] as? Int
            #expect(kept == 2)
        }
        server.finish()
    }
}
