import Foundation
import TestSupport
import Testing

/// `auth_basic` with hashes that take long: worked out in children of the worker.
@Suite("Costly passwords", .serialized)
struct PasswordCheckTests {
    /// "secret" by bcrypt: the number is its cost.
    private static let hash10 = "$2y$10$3pzvbxJn8bhLcVdgMoGdSeOOBiM8.h9TY3GibvOL825.L/tb6/Q.C"
    private static let hash12 = "$2y$12$Upk6T8Zi.pkHv8gJ5VZhHO6TCSWCRPk3Q6IOjoKeB.oYFSXbd1yRO"
    private static let users = "u:\(hash12)\nquick:\(hash10)\nplain:{PLAIN}secret\n"

    private static let http = """
        error_log %PREFIX%/error.log info;
        events { }
        http {
            log_format how "$status $request_uri $proxy_reason";
            access_log %PREFIX%/access.log how;
            auth_basic_user_file %PREFIX%/users;
            server { listen 127.0.0.1:%PORT1%;
                location / { auth_basic "a realm"; return 204; }
                location /in/ { auth_basic "a realm"; root %PREFIX%; }
                location /delayed { auth_basic x; auth_delay 300ms; root %PREFIX%; }
                location /any/ { satisfy any; deny all; auth_basic x; root %PREFIX%; }
                location /proxied { auth_basic x; proxy_pass http://%GATEWAY1%; }
                location = /quick { return 200 "quick\\n"; }
                location = /metrics { status; } } }
        """

    private func start(_ processes: String = "worker_processes 1;", gateways: [RecordingGateway] = []) throws
        -> Server
    {
        let server = try Server(
            processes + "\n"
                + Self.http.replacingOccurrences(
                    of: "%GATEWAY1%", with: gateways.isEmpty ? "%DEAD%" : "%GATEWAY1%"),
            gateways: gateways,
            files: ["users": Self.users, "in/file": "let in\n", "any/file": "any\n", "delayed": "late\n"])
        return server
    }

    private func head(_ target: String, _ user: String, _ password: String) -> String {
        let credentials = Data("\(user):\(password)".utf8).base64EncodedString()
        return "GET \(target) HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \(credentials)\r\n\r\n"
    }

    /// A connection on which a request was sent.
    private func ask(_ server: Server, _ user: String, _ password: String, _ target: String = "/in/file")
        throws -> RawClient
    {
        let client = try RawClient(port: server.port)
        client.send(head(target, user, password))
        return client
    }

    // MARK: Processes

    private func name(of pid: pid_t) -> String {
        (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }

    /// The one worker.
    private func worker(of server: Server) throws -> pid_t {
        var found: pid_t?
        _ = waitUntil {
            found = server.program.children.first { name(of: $0) == "portico-worker" }
            return found != nil
        }
        return try #require(found)
    }

    /// Children of a worker, dead ones that were not collected included.
    private func children(of worker: pid_t) -> [pid_t] {
        let text = try? String(contentsOfFile: "/proc/\(worker)/task/\(worker)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    /// Waits until so many children are there, and stops them: they are under way for as long as is needed.
    private func halt(_ count: Int, of worker: pid_t) throws -> [pid_t] {
        var halted: Set<pid_t> = []
        let areThere = waitUntil(Deadline(in: 10)) {
            for child in children(of: worker) where name(of: child) == "portico-passwd" {
                kill(child, SIGSTOP)
                halted.insert(child)
            }
            return halted.count >= count
        }
        #expect(areThere, "\(halted)")
        return halted.sorted()
    }

    private func goOn(_ halted: [pid_t]) {
        for child in halted { kill(child, SIGCONT) }
    }

    private func expectNoChildren(of worker: pid_t, sourceLocation: SourceLocation = #_sourceLocation) {
        let areGone = waitUntil(Deadline(in: 10)) { children(of: worker).isEmpty }
        #expect(areGone, "left: \(children(of: worker))", sourceLocation: sourceLocation)
    }

    // MARK: Tests

    @Test("who does not log in does not wait for those who do")
    func othersAreNotHeldUp() throws {
        let server = try start()
        let worker = try worker(of: server)
        let begunNs = Deadline.nowNs()
        #expect(try ask(server, "u", "wrong").response(within: 30).status == 401)
        let hashMs = Double(Deadline.nowNs() - begunNs) / 1e6
        let quick = try RawClient(port: server.port)
        let waiting = try (0..<5).map { try ask(server, "u", "wrong \($0)") }
        #expect(waitUntil { !children(of: worker).isEmpty })
        var slowestMs = 0.0
        for _ in 0..<50 {
            let begunNs = Deadline.nowNs()
            quick.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try quick.response(within: 30).status == 200)
            slowestMs = max(slowestMs, Double(Deadline.nowNs() - begunNs) / 1e6)
            // Spread over the time that the hashes take.
            usleep(UInt32(hashMs * 20))
        }
        // One hash in the loop would take all of it, and five come one after the other.
        #expect(slowestMs < hashMs / 3, "slowest \(slowestMs) ms, a hash takes \(hashMs) ms")
        for client in waiting { #expect(try client.response(within: 30).status == 401) }
        expectNoChildren(of: worker)
        server.finish()
    }

    @Test("right passwords pass, wrong ones are asked for again, counted and logged")
    func verdicts() throws {
        let server = try start()
        let right = try ask(server, "u", "secret").response(within: 30)
        #expect(right.status == 200)
        #expect(right.text == "let in\n")
        let wrong = try ask(server, "u", "Secret").response(within: 30)
        #expect(wrong.status == 401)
        #expect(wrong.head.values("www-authenticate") == ["Basic realm=\"a realm\""])
        #expect(try ask(server, "u", "").response(within: 30).status == 401)
        #expect(try ask(server, "nobody", "secret").response(within: 30).status == 401)
        #expect(try ask(server, "plain", "secret").response(within: 30).status == 200)
        #expect(server.log.components(separatedBy: "[error]").count == 4)
        #expect(server.log.components(separatedBy: "user \"u\": password mismatch, client: ").count == 3)
        #expect(server.log.contains("user \"nobody\" was not found in"))
        let metrics = try RawClient.get(server.port, "/metrics?format=prometheus").text
        #expect(metrics.contains("failed_logins_total 3\n"), "\(metrics)")
        // One connection may ask several times, also ahead of the answers.
        let client = try RawClient(port: server.port)
        client.send(head("/in/file", "u", "no") + head("/in/file", "quick", "secret"))
        #expect(try client.response(within: 30).status == 401)
        #expect(try client.response(within: 30).status == 200)
        #expect(waitUntil { server.directory.read("access.log").contains("401 /in/file unauthorized") })
        server.finish()
    }

    @Test("a request's content that comes while its password is checked goes on to the gateway")
    func contentMeanwhile() throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let server = try start(gateways: [gateway])
        let worker = try worker(of: server)
        let credentials = Data("u:secret".utf8).base64EncodedString()
        let client = try RawClient(port: server.port)
        client.send(
            "POST /proxied HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \(credentials)\r\n"
                + "Content-Length: 6\r\n\r\nabc")
        let halted = try halt(1, of: worker)
        client.send("def")
        goOn(halted)
        #expect(try client.response(within: 30).status == 200)
        #expect(gateway.requests.map(\.text) == ["abcdef"])
        server.finish()
    }

    @Test("the same credentials under way are worked out once")
    func sameCredentialsShareAChild() throws {
        let server = try start()
        let worker = try worker(of: server)
        let first = try ask(server, "u", "wrong")
        let halted = try halt(1, of: worker)
        let others = try (0..<4).map { _ in try ask(server, "u", "wrong") }
        // Answered after those before it were taken in: one loop serves them all.
        #expect(try RawClient.get(server.port, "/quick").status == 200)
        #expect(children(of: worker) == halted)
        goOn(halted)
        for client in [first] + others { #expect(try client.response(within: 30).status == 401) }
        expectNoChildren(of: worker)
        #expect(server.log.components(separatedBy: "password mismatch").count == 6)
        server.finish()
    }

    @Test("two children at a time, a bounded number of others wait, and who leaves makes room")
    func bounds() throws {
        let server = try start()
        let worker = try worker(of: server)
        let running = try (0..<2).map { try ask(server, "u", "running \($0)") }
        let halted = try halt(2, of: worker)
        let waiting = try (0..<32).map { try ask(server, "quick", "waiting \($0)") }
        #expect(try RawClient.get(server.port, "/quick").status == 200)
        #expect(children(of: worker).count == 2)
        let refused = try ask(server, "u", "one too many").response(within: 30)
        #expect(refused.status == 503)
        #expect(server.log.contains("[error]"))
        #expect(server.log.contains("32 passwords wait to be checked: no more may wait, client: "))
        // Cheap hashes, and what somebody waits for already, need no place.
        #expect(try ask(server, "plain", "secret").response(within: 30).status == 200)
        let second = try ask(server, "quick", "waiting 3")
        for client in waiting[4...] { client.close() }
        let isFree = waitUntil(Deadline(in: 10)) {
            server.directory.read("access.log").components(separatedBy: "499 /in/file client_closed")
                .count == 29
        }
        #expect(isFree)
        let late = try ask(server, "quick", "secret")
        goOn(halted)
        for client in running + waiting[..<4] + [second] {
            #expect(try client.response(within: 30).status == 401)
        }
        #expect(try late.response(within: 30).status == 200)
        expectNoChildren(of: worker)
        server.finish()
    }

    @Test("what was found out for a client that left is remembered")
    func leftClient() throws {
        let server = try start()
        let worker = try worker(of: server)
        let client = try ask(server, "u", "secret")
        let halted = try halt(1, of: worker)
        client.close()
        #expect(waitUntil { server.directory.read("access.log").contains("499 /in/file client_closed") })
        goOn(halted)
        expectNoChildren(of: worker)
        let again = try ask(server, "u", "secret")
        #expect(try again.response(within: 30).status == 200)
        #expect(children(of: worker).isEmpty)
        server.finish()
    }

    @Test("a child that is killed is an error for its request, and for no other")
    func killedChild() throws {
        let server = try start()
        let worker = try worker(of: server)
        let client = try ask(server, "u", "secret")
        let halted = try halt(1, of: worker)
        kill(halted[0], SIGKILL)
        #expect(try client.response(within: 30).status == 500)
        #expect(
            server.log.contains(
                "user \"u\": the process \(halted[0]) that checked the password exited on signal 9, client: ")
        )
        expectNoChildren(of: worker)
        #expect(try ask(server, "u", "secret").response(within: 30).status == 200)
        server.finish(expected: ["that checked the password exited on signal 9"])
    }

    @Test("auth_delay and satisfy any wait for the verdict")
    func otherDirectives() throws {
        let server = try start()
        let begunNs = Deadline.nowNs()
        #expect(try ask(server, "quick", "wrong", "/delayed").response(within: 30).status == 401)
        #expect(Deadline.nowNs() - begunNs >= 300_000_000)
        #expect(try ask(server, "quick", "secret", "/delayed").response(within: 30).text == "late\n")
        #expect(try ask(server, "quick", "secret", "/any/file").response(within: 30).text == "any\n")
        #expect(try ask(server, "quick", "wrong", "/any/file").response(within: 30).status == 401)
        server.finish()
    }

    @Test("a reload under way changes nothing for those who wait")
    func reload() throws {
        let server = try start()
        let worker = try worker(of: server)
        let right = try ask(server, "u", "secret")
        let wrong = try ask(server, "u", "wrong")
        let halted = try halt(2, of: worker)
        let queued = try ask(server, "quick", "secret")
        #expect(try RawClient.get(server.port, "/quick").status == 200)
        #expect(try server.reload().ending == .exited(0))
        #expect(children(of: worker).sorted() == halted)
        goOn(halted)
        #expect(try right.response(within: 30).text == "let in\n")
        #expect(try wrong.response(within: 30).status == 401)
        #expect(try queued.response(within: 30).status == 200)
        expectNoChildren(of: worker)
        server.finish()
    }

    @Test(
        "who waits when the service finishes still gets an answer",
        arguments: ["worker_processes 1;", "master_process off;"])
    func gracefulEnd(_ processes: String) throws {
        let server = try start(processes)
        let worker = processes.hasPrefix("master") ? server.program.pid : try worker(of: server)
        let right = try ask(server, "u", "secret")
        let wrong = try ask(server, "u", "wrong")
        let gone = try ask(server, "u", "another")
        let halted = try halt(2, of: worker)
        server.program.send(SIGQUIT)
        #expect(server.waitForLog("gracefully shutting down"))
        gone.close()
        goOn(halted)
        #expect(try right.response(within: 30).text == "let in\n")
        #expect(try wrong.response(within: 30).status == 401)
        right.close()
        wrong.close()
        #expect(server.program.waitForEnd(within: 10) == .exited(0))
        #expect(halted.allSatisfy { kill($0, 0) != 0 })
    }

    @Test(
        "a service that ends at once takes its children along",
        arguments: ["worker_processes 1;", "master_process off;"])
    func fastEnd(_ processes: String) throws {
        let server = try start(processes)
        let worker = processes.hasPrefix("master") ? server.program.pid : try worker(of: server)
        let client = try ask(server, "u", "secret")
        let halted = try halt(1, of: worker)
        server.finish()
        #expect(halted.allSatisfy { kill($0, 0) != 0 })
        #expect(client.isClosedByPeer())
    }

    @Test("a worker that is killed takes its children along")
    func killedWorker() throws {
        let server = try start()
        let worker = try worker(of: server)
        let client = try ask(server, "u", "secret")
        let halted = try halt(1, of: worker)
        kill(worker, SIGKILL)
        // Whoever adopts it may not collect it.
        let isGone = waitUntil(Deadline(in: 5)) {
            let stat = try? String(contentsOfFile: "/proc/\(halted[0])/stat", encoding: .utf8)
            return stat.map { $0.contains(") Z ") } ?? true
        }
        #expect(isGone)
        #expect(client.isClosedByPeer())
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("signals for the whole group do not end a check")
    func groupSignals() throws {
        let server = try start()
        let client = try ask(server, "u", "secret")
        let halted = try halt(1, of: try worker(of: server))
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH] { kill(halted[0], signal) }
        goOn(halted)
        #expect(try client.response(within: 30).status == 200)
        server.finish()
    }

    @Test(
        "where no process can be started, the worker works the hash out itself and warns",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit")))
    func noFork() throws {
        let server = try start()
        let worker = try worker(of: server)
        // A process may limit those of its own user.
        let account = [("Uid:", "--reuid"), ("Gid:", "--regid")].compactMap { field, option in
            let status = try? String(contentsOfFile: "/proc/\(worker)/status", encoding: .utf8)
            let line = status?.split(separator: "\n").first { $0.hasPrefix(field) }
            return line?.split(separator: "\t").last.map { "\(option)=\($0)" }
        }
        let limit = ["prlimit", "--pid", "\(worker)", "--nproc=0:0"]
        let limited =
            geteuid() == 0
            ? try Program.run("setpriv", account + ["--clear-groups"] + limit, in: server.directory)
            : try Program.run("env", limit, in: server.directory)
        // Some sandboxes let nobody change the limits of another process.
        if limited.errors.contains("Operation not permitted") {
            server.finish()
            try Test.cancel("this machine lets nobody limit the processes of another")
        }
        #expect(limited.ending == .exited(0), "\(limited.errors)")
        #expect(try ask(server, "quick", "secret").response(within: 30).status == 200)
        #expect(try ask(server, "quick", "wrong").response(within: 30).status == 401)
        #expect(server.log.contains("[warn]"))
        #expect(server.log.contains("fork() failed (11: "))
        #expect(server.log.contains("a password is checked in the worker itself"))
        server.finish()
    }
}
