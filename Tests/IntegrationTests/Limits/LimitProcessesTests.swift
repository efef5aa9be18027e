import Foundation
import TestSupport
import Testing

/// Zones are the whole service's: over workers, reloads, a worker's death and a new binary.
@Suite("Limits of several processes", .serialized) struct LimitProcessesTests {
    private static let text = """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http {
            access_log off;
            limit_req_zone $arg_k zone=one:1m rate=1r/m;
            limit_conn_zone $arg_c zone=held:1m;
            upstream app { zone app 64k; server 127.0.0.1:%PORT1%; health_check interval=500ms; }
            server { listen 127.0.0.1:%PORT1%; root %PREFIX%;
                location / { return 200 "fine\\n"; }
                location /app { proxy_pass http://app/; }
                location /limited { limit_req zone=one burst=99 nodelay; limit_req_log_level info;
                    limit_req_status 429; error_page 404 = @found; }
                location /held { limit_conn held 10; limit_conn_status 429; limit_rate_after 1k; limit_rate 1;
                    try_files /long =404; }
                location @found { return 200 "found\\n"; }
                location /status { status; }
            }
        }

        """

    private func start(_ manner: Service.Manner = .foreground) throws -> Service {
        let service = try Service(Self.text, manner)
        try service.directory.write(String(repeating: "x", count: 4000), to: "long", mode: 0o644)
        chmod(service.directory.path, 0o755)
        return service
    }

    private func reload(_ service: Service) {
        let before = service.log.components(separatedBy: " reconfigured\n").count
        kill(service.master, SIGHUP)
        #expect(
            waitUntil(Deadline(in: 20)) {
                service.log.components(separatedBy: " reconfigured\n").count > before
            })
    }

    /// - Returns: how many were let in.
    private func flood(_ service: Service, _ count: Int) -> Int {
        let statuses = Arrivals.statuses(service.port, (0..<count).map { _ in "/limited?k=a" })
        #expect(statuses.allSatisfy { $0 == 200 || $0 == 429 || $0 == 0 })
        return statuses.count { $0 == 200 }
    }

    @Test("a hundred are let in, whatever becomes of the processes", arguments: Service.Manner.allCases)
    func oneBucket(_ manner: Service.Manner) throws {
        let service = try start(manner)
        var passed = flood(service, 20)
        #expect(passed == 20)
        reload(service)
        passed += flood(service, 20)
        try service.rewrite(
            Self.text.replacingOccurrences(of: "rate=1r/m", with: "rate=2r/m").replacingOccurrences(
                of: "access_log off", with: "access_log %PREFIX%/access.log"))
        reload(service)
        passed += flood(service, 20)
        try service.rewrite(Self.text)
        reload(service)
        #expect(passed == 60)
        for worker in service.workers { kill(worker, SIGKILL) }
        #expect(waitUntil(Deadline(in: 20)) { service.isWhole() })
        passed += flood(service, 10)
        if manner == .daemon {
            let old = service.master
            service.master = try service.upgrade()
            kill(old, SIGQUIT)
            #expect(waitForEnd(of: old))
            #expect(waitUntil(Deadline(in: 20)) { service.isWhole() })
        }
        passed += flood(service, 60)
        // The rate was two a minute for a moment; a request a minute runs out besides.
        #expect((100...103).contains(passed), "\(passed)")
    }

    @Test("workers killed under load let no more through than there may be")
    func killedUnderLoad() throws {
        let service = try start()
        var passed = 0
        for _ in 0..<4 {
            let victim = service.workers.first
            let killer = Thread { if let victim { usleep(3000); kill(victim, SIGKILL) } }
            killer.start()
            passed += flood(service, 60)
            #expect(waitUntil(Deadline(in: 20)) { service.isWhole() })
        }
        // An answer may have been lost with its worker.
        #expect((60...102).contains(passed), "\(passed)")
        #expect(flood(service, 5) <= 1)
    }

    /// A client whose answer never ends.
    private func hold(_ service: Service) throws -> RawClient {
        let client = try RawClient(port: service.port)
        client.send("GET /held?c=a HTTP/1.1\r\nHost: a\r\n\r\n")
        return client
    }

    private func isHeld(_ client: RawClient) throws -> Bool {
        let head = try client.interimHead(within: 20)
        return head.startLine.contains(" 200 ")
    }

    @Test("what a dead worker had under way is given back, and what others have is not")
    func connectionsOfTheDead() throws {
        let service = try start()
        var clients: [RawClient] = []
        var held = 0
        for _ in 0..<14 {
            let client = try hold(service)
            if try isHeld(client) { held += 1 }
            clients.append(client)
        }
        #expect(held == 10)
        reload(service)
        #expect(try !isHeld(try hold(service)))
        for worker in service.workers { kill(worker, SIGKILL) }
        #expect(waitUntil(Deadline(in: 20)) { service.isWhole() })
        clients = []
        held = 0
        for _ in 0..<12 {
            let client = try hold(service)
            if try isHeld(client) { held += 1 }
            clients.append(client)
        }
        #expect(held == 10)
        for client in clients { client.close() }
        #expect(waitUntil(Deadline(in: 20)) { (try? isHeld(try hold(service))) ?? false })
    }
}
