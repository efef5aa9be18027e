import Foundation
import TestSupport
import Testing

/// What happens at `worker_connections`, and at the limit of descriptors.
@Suite("Room for connections") struct RoomTests {
    @Test("the client that has been idle for longest gives way, and the others stay")
    func longestIdleGivesWay() throws {
        let server = try Server(
            """
            error_log %PREFIX%/error.log info;
            events { worker_connections 8; }
            http { access_log off; server { listen 127.0.0.1:%PORT1%;
                location / { return 200 here; } location /status { status; } } }
            """)
        // Whoever asked whether the port is open must be gone.
        let first = try RawClient(port: server.port)
        #expect(try waitUntil { try count("active", first) == 1 })
        var clients = [first]
        for _ in 0..<7 {
            let client = try RawClient(port: server.port)
            #expect(try ask("/", client).status == 200)
            clients.append(client)
        }
        let late = try RawClient(port: server.port)
        #expect(try ask("/", late).status == 200)
        #expect(clients[0].isClosedByPeer())
        for client in clients.dropFirst() { #expect(try ask("/", client).status == 200) }
        #expect(try count("idle closed", late) == 1)
        #expect(server.waitForLog("client was closed while idle"))
        server.finish()
    }

    @Test(
        "a client that stopped within a TLS greeting or a PROXY header gives way",
        arguments: [(1, "\u{16}\u{3}\u{1}\u{2}"), (2, "PROXY TCP4 ")])
    func beginningsGiveWay(port: Int, beginning: String) throws {
        let server = try Server(
            """
            error_log %PREFIX%/error.log info;
            events { worker_connections 4; }
            http { access_log off; client_header_timeout 60s; ssl_certificate self-signed;
                server { listen 127.0.0.1:%PORT1%; location /ready { readiness; } }
                server { listen 127.0.0.1:%PORT2% ssl; ssl_handshake_timeout 60s; return 200; }
                server { listen 127.0.0.1:%PORT3% proxy_protocol; return 200; } }
            """)
        let stalled = try (0..<30).map { _ in try RawClient(port: server.ports[port]) }
        for client in stalled { client.send(Array(beginning.utf8)) }
        let prober = try RawClient(port: server.port)
        prober.send("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try prober.response(within: 15).status == 200)
        #expect(server.waitForLog("client was closed while idle"))
        server.finish()
    }

    @Test("where no client is idle, what tells of the service is served and everything else is refused")
    func reserve() throws {
        let gateway = try RecordingGateway()
        gateway.answerAll(with: .hang)
        let server = try Server(
            """
            events { worker_connections 4; }
            http { log_format why "$uri $status $proxy_reason"; access_log %PREFIX%/access.log why;
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%;
                location /held { proxy_pass http://%GATEWAY1%; }
                location /status { status; } location /ready { readiness; } } }
            """, gateways: [gateway], files: ["file": "bytes"])
        let first = try RawClient(port: server.port)
        #expect(try waitUntil { try count("active", first) == 1 })
        let held = try [first] + (0..<3).map { _ in try RawClient(port: server.port) }
        for client in held { client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(gateway.waitForRequests(4))
        for path in ["/file", "/held"] {
            let refused = try ask(path, try RawClient(port: server.port))
            #expect(refused.status == 503)
            #expect(refused["Connection"] == "close")
        }
        for path in ["/ready", "/status?format=text", "/ready"] {
            let client = try RawClient(port: server.port)
            #expect(try ask(path, client).status == 200)
            #expect(client.isClosedByPeer())
        }
        let metrics = try ask("/status/metrics", try RawClient(port: server.port)).text
        #expect(metrics.contains("portico_connections_refused_total 2\n"))
        #expect(metrics.contains("portico_connections_closed_for_room_total 0\n"))
        held[1].close()
        #expect(try waitUntil { try ask("/file", try RawClient(port: server.port)).text == "bytes" })
        #expect(server.directory.read("access.log").contains("/file 503 no_room\n"))
        server.finish()
    }

    @Test("a client that has begun a request and does not go on gives way as well")
    func halfRequestsGiveWay() throws {
        let server = try Server(
            """
            events { worker_connections 4; }
            http { access_log off; server { listen 127.0.0.1:%PORT1%; location / { return 200 here; } } }
            """)
        let halves = try (0..<40).map { _ in try RawClient(port: server.port) }
        for client in halves { client.send("GET / HT") }
        #expect(try ask("/", try RawClient(port: server.port)).status == 200)
        server.finish()
    }

    @Test("the same where descriptors run out before connections")
    func descriptors() throws {
        let server = try Server(
            """
            worker_rlimit_nofile 60; error_log %PREFIX%/error.log warn;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%;
                location / { return 200 here; } location /status { status; } } }
            """)
        let clients = try (0..<100).map { _ in try RawClient(port: server.port) }
        let late = try RawClient(port: server.port)
        #expect(try ask("/", late).status == 200)
        #expect(try count("idle closed", late) >= 40)
        #expect(server.log.contains("60 open files are not enough, reusing connections"))
        #expect(clients[0].isClosedByPeer())
        server.finish()
    }

    @Test("idle clients do not lock others out of a daemon with the defaults, and warn once a second")
    func defaults() throws {
        let directory = try TemporaryDirectory()
        let port = try FreePort.next()
        try directory.write(
            """
            pid \(directory.path)/daemon.pid; error_log \(directory.path)/daemon.log warn;
            events { }
            http { access_log off; server { listen 127.0.0.1:\(port);
                location / { return 200 here; } location /ready { readiness; } } }
            """, to: "daemon.conf")
        try directory.write(
            """
            import re, socket, sys, time
            def connect(): return socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
            def ask(client, path="/"):
                client.sendall(b"GET %s HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % path.encode())
                return client.recv(4096).startswith(b"HTTP/1.1 200 ")
            begun = time.time()
            silent = [connect() for _ in range(300)]
            kept = [connect() for _ in range(600)]
            for client in silent + kept: client.setblocking(True)
            assert all(ask(client) for client in kept[-500:])
            assert ask(connect()) and ask(connect(), "/ready")
            lines = [line for line in open(sys.argv[2]) if "worker_connections are not enough" in line]
            assert 1 <= len(lines) <= time.time() - begun + 2, lines
            assert all("[warn]" in line for line in lines), lines
            """, to: "crowd.py")
        let started = try Program.run(
            Binary.portico, ["-p", directory.path, "-c", "daemon.conf", "-e", "daemon.log"], in: directory)
        #expect(started.ending == .exited(0), "\(started.errors)")
        // Its child is the master, and writes the file.
        var master: pid_t?
        _ = waitUntil {
            master = pid_t(directory.read("daemon.pid").trimmingCharacters(in: .whitespacesAndNewlines))
            return master != nil
        }
        let pid = try #require(master)
        defer {
            kill(pid, SIGTERM)
            _ = waitUntil { kill(pid, 0) != 0 }
        }
        let crowd = try Program.run(
            "python3", [directory.path + "/crowd.py", "\(port)", directory.path + "/daemon.log"],
            in: directory, within: 60)
        #expect(crowd.ending == .exited(0), "\(crowd.errors)")
    }

    private func ask(_ path: String, _ client: RawClient) throws -> Response {
        client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        return try client.response()
    }

    /// A number of the text view of the status.
    private func count(_ name: String, _ client: RawClient) throws -> Int {
        let words = try ask("/status?format=text", client).text.split { $0 == " " || $0 == "\n" }
        let wanted = name.split(separator: " ")
        for start in words.indices where words[start...].starts(with: wanted) {
            if let number = words[start...].dropFirst(wanted.count).first.flatMap({ Int($0) }) {
                return number
            }
        }
        throw HarnessError("no \(name) in \(words)")
    }
}
