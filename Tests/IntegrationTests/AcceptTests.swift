import Foundation
import TestSupport
import Testing

/// Clients that come at the same time, and small writes on what is accepted.
@Suite("Accepting") struct AcceptTests {
    @Test("all who come at one time are served", arguments: ["off", "on"])
    func manyAtOnce(_ several: String) throws {
        let server = try Server(
            """
            events { multi_accept \(several); }
            http { access_log off; server { listen 127.0.0.1:%PORT1%; return 200 "here"; } }
            """)
        let clients = try (0..<60).map { _ in try RawClient(port: server.port) }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        for client in clients { #expect(try client.response().text == "here") }
        server.finish()
    }

    @Test("a response that ends its connection comes whole, large or small", arguments: [10, 3000, 300_000])
    func lastResponse(_ count: Int) throws {
        let server = try Server(
            """
            events { }
            http { access_log off; upstream gateway { server 127.0.0.1:%PORT2%; }
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://gateway; } }
                server { listen 127.0.0.1:%PORT2%; root %PREFIX%; } }
            """)
        _ = try server.directory.write(String(repeating: "x", count: count), to: "file")
        for _ in 0..<20 {
            let response = try RawClient.get(server.port, "/file")
            #expect(response.body.count == count)
            #expect(response["Connection"] == "close")
        }
        server.finish()
    }

    @Test(
        "a response over TLS that ends its connection comes whole", arguments: [10, 20_000, 40_000, 70_000])
    func lastResponseOverTLS(_ count: Int) throws {
        let server = try Server(
            """
            events { }
            http { access_log off; upstream gateway { server 127.0.0.1:%PORT2%; }
                server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed;
                    location / { proxy_pass http://gateway; } }
                server { listen 127.0.0.1:%PORT2%; root %PREFIX%; } }
            """)
        _ = try server.directory.write(String(repeating: "x", count: count), to: "file")
        for version in ["1.2", "1.3"] {
            let answer = try TLSClient.curl(
                port: server.port, host: "a.test", path: "/file",
                options: ["-H", "Connection: close", "--tls-max", version], in: server.directory)
            #expect(answer.ending == .exited(0), "\(answer.text.suffix(200))")
            #expect(answer.text.hasSuffix("\r\n\r\n" + String(repeating: "x", count: count)))
        }
        server.finish()
    }

    @Test("clients that are there are served before handshakes that have come before them go on")
    func handshakesCanWait() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            """
            import os, re, select, signal, socket, ssl, sys, time
            tls, plain, worker = (int(word) for word in sys.argv[1:])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            out = ssl.MemoryBIO()
            try: context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="a.test").do_handshake()
            except ssl.SSLWantReadError: pass
            hello = out.read()
            def connect(port): return socket.create_connection(("127.0.0.1", port), timeout=10)
            client = connect(plain)
            def ask():
                client.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
            def active():
                ask()
                return int(re.search(rb"Active connections: (\\d+)", client.recv(4096))[1])
            waiting = [connect(tls) for _ in range(80)]
            end = time.time() + 10
            while active() < 81 and time.time() < end: time.sleep(0.01)
            os.kill(worker, signal.SIGSTOP)
            for one in waiting: one.sendall(hello)
            ask()
            os.kill(worker, signal.SIGCONT)
            assert client.recv(4096)
            print(len(select.select(waiting, [], [], 0)[0]))
            for one in waiting: assert one.recv(4096)
            """, to: "storm.py")
        let server = try Server(
            """
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed; }
                server { listen 127.0.0.1:%PORT2%; location / { stub_status; } } }
            """, directory: directory)
        #expect(waitUntil(Deadline(in: 5)) { !server.program.children.isEmpty })
        let worker = try #require(server.program.children.first)
        let run = try Program.run(
            "python3",
            [directory.path + "/storm.py", "\(server.ports[0])", "\(server.ports[1])", "\(worker)"],
            in: directory, within: 60)
        #expect(run.ending == .exited(0), "\(run.errors)")
        let answered = try #require(Int(run.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(answered < 40, "\(answered) of 80 handshakes went on before the client was answered")
        server.finish()
    }
}
