import Foundation
import Testing

@testable import Proxy

@Suite("HTTP/1 session, played turn by turn") struct HTTP1SessionTests {
    private static let server = """
        location /first { return 200 "first"; }
        location /second { return 200 "second"; }
        """
    private static let next = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n"

    /// What a client gets that sends `sample` in pieces which end at `cuts`.
    private func answers(_ scripted: ScriptedWorker, _ sample: String, cuts: [Int]) throws -> String {
        let client = try ScriptedClient(of: scripted)
        let bytes = Array(sample.utf8)
        var start = 0
        for cut in cuts + [bytes.count] {
            client.send(bytes[start..<cut])
            start = cut
        }
        return client.steadyText
    }

    @Test(
        "requests mean the same wherever they are split",
        arguments: [
            "GET /first HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            "POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ])
    func everySplit(first: String) throws {
        let scripted = try ScriptedWorker(serving: Self.server)
        let sample = first + Self.next
        let whole = try answers(scripted, sample, cuts: [])
        #expect(whole.components(separatedBy: "first").count == 2 && whole.hasSuffix("second"))
        #expect(whole.components(separatedBy: "Connection: keep-alive").count == 3)
        for cut in 1..<sample.utf8.count {
            #expect(try answers(scripted, sample, cuts: [cut]) == whole, "split at \(cut)")
        }
        #expect(try answers(scripted, sample, cuts: Array(1..<sample.utf8.count)) == whole)
    }

    @Test("pipelined requests are answered one after the other")
    func pipelined() throws {
        let client = try ScriptedClient(of: try ScriptedWorker(serving: Self.server))
        client.send(String(repeating: "GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + Self.next, count: 20))
        #expect(client.text.components(separatedBy: "first").count == 21)
        #expect(client.text.hasSuffix("second") && !client.isEnded)
    }

    @Test("an idle connection holds neither an exchange nor a buffer")
    func idle() throws {
        let client = try ScriptedClient(of: try ScriptedWorker(serving: Self.server))
        client.send(Self.next)
        guard case .http1(let session)? = client.session else { return #expect(Bool(false), "no session") }
        #expect(session.exchange == nil && session.input == nil && session.heldCount == 0)
    }

    @Test(
        "keepalive_min_timeout is how long an idle client of a worker that ends has, if ten seconds are less")
    func drainGrace() throws {
        for (setting, ms) in [
            ("", 10_000), ("keepalive_min_timeout 5s;", 10_000), ("keepalive_min_timeout 20s;", 20_000),
            ("keepalive_timeout 2s; keepalive_min_timeout 20s;", 2000),
        ] {
            let client = try ScriptedClient(of: try ScriptedWorker(serving: setting + Self.server))
            client.send(Self.next)
            guard case .http1(let session)? = client.session else {
                return #expect(Bool(false), "no session")
            }
            // It would have been idle for some moments by now.
            #expect((ms - 1000...ms).contains(session.drainGraceMs))
        }
    }

    @Test("a client that ends within a head gets no answer; one that ends behind it does")
    func halfClosed() throws {
        let scripted = try ScriptedWorker(serving: Self.server)
        let early = try ScriptedClient(of: scripted)
        early.send("GET / HTTP/1.1\r\nHo")
        early.endSending()
        #expect(early.text.isEmpty && early.isEnded && early.session == nil)
        let late = try ScriptedClient(of: scripted)
        late.send(Self.next)
        late.endSending()
        #expect(late.text.hasSuffix("second") && late.session == nil)
    }

    @Test("the last request that a connection may carry is told so, and it is closed")
    func lastRequest() throws {
        let client = try ScriptedClient(
            of: try ScriptedWorker(serving: "keepalive_requests 2;" + Self.server))
        client.send(Self.next)
        #expect(client.text.contains("Connection: keep-alive") && !client.isEnded)
        client.send(Self.next)
        #expect(client.text.contains("Connection: close") && client.isEnded)
    }

    @Test("a client that waits for leave and is not given it is closed, since its next bytes could be either")
    func unansweredExpectation() throws {
        let client = try ScriptedClient(of: try ScriptedWorker(serving: Self.server))
        client.send(
            "POST /first HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        #expect(client.text.contains("Connection: close") && !client.text.contains("100 Continue"))
        #expect(client.isEnded)
    }

    @Test("what cannot be framed is refused, and nothing behind it is read as a request")
    func outOfStep() throws {
        let client = try ScriptedClient(of: try ScriptedWorker(serving: Self.server))
        client.send("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n" + Self.next)
        #expect(client.text.hasPrefix("HTTP/1.1 400 ") && !client.text.contains("second") && client.isEnded)
    }

    @Test("a slow client gets all of a file, and no more of it is held than its source was told")
    func slowReader() throws {
        let path = "/tmp/portico-session-\(getpid()).txt"
        let content = String(repeating: "0123456789abcdef", count: 64 << 10)
        let file = try #require(fopen(path, "w"))
        fputs(content, file)
        fclose(file)
        defer { unlink(path) }
        let scripted = try ScriptedWorker(serving: "location / { root /tmp; }")
        let client = try ScriptedClient(of: scripted, sendBuffer: 8 << 10)
        let head = "GET /portico-session-\(getpid()).txt HTTP/1.1\r\nHost: a\r\n\r\n"
        guard case .http1(let session)? = client.session else { return #expect(Bool(false), "no session") }
        client.send(head)
        var turns = 0
        while session.exchange != nil, turns < 10_000 {
            #expect(session.heldCount <= 2 * ResponseStream.heldMax)
            client.read(limit: 16 << 10)
            scripted.turn()
            turns += 1
        }
        client.read()
        #expect(client.text.hasSuffix("\r\n\r\n" + content))
        #expect(session.exchange == nil && !client.isEnded)
    }

    @Test("a client that leaves while it is answered takes its exchange along")
    func leaves() throws {
        let scripted = try ScriptedWorker(serving: "location / { root /tmp; }" + Self.server)
        let client = try ScriptedClient(of: scripted)
        client.send("GET /first HTTP/1.1\r\nHost: a\r\n")
        client.leave()
        #expect(client.session == nil)
        #expect(try answers(scripted, Self.next, cuts: []).hasSuffix("second"))
    }

    @Test("a head that does not come to its end in time ends the connection")
    func headTimeout() throws {
        let scripted = try ScriptedWorker(serving: "client_header_timeout 20ms;" + Self.server)
        let client = try ScriptedClient(of: scripted)
        client.send("GET /first HTTP/1.1\r\n")
        #expect(client.session != nil)
        var turns = 0
        while client.session != nil, turns < 100 {
            scripted.turn(waitMs: 20)
            turns += 1
        }
        client.read()
        #expect(client.isEnded && client.text.isEmpty)
    }
}
