import Foundation
import Net
import Testing

@testable import Proxy

/// One client, one gateway, and the worker between them, played turn by turn.
@Suite("Requests to HTTP/1 gateways, played turn by turn") struct HTTP1PeerStreamTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"

    private static func read(_ client: ScriptedClient) -> ReadResponse {
        ReadResponse(client.received, isEnded: client.isEnded)
    }

    // MARK: Responses

    static let responses: [(text: String, body: String)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", "0123456789"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6;x\r\n456789\r\n0\r\nA: b\r\n\r\n",
            "0123456789"
        ),
        ("HTTP/1.1 200 OK\r\n\r\n0123456789", "0123456789"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"),
        ("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    ]

    @Test("a response means the same wherever it is split", arguments: responses.indices)
    func everySplit(_ row: Int) throws {
        let (text, body) = Self.responses[row]
        let scene = try ScriptedScene()
        let sample = Array(text.utf8)
        func answer(_ cuts: [Int]) throws -> ReadResponse {
            let client = try ScriptedClient(of: scene.worker)
            client.send(Self.get)
            let connection = try #require(scene.gateway.accept())
            connection.read()
            #expect(connection.text.hasPrefix("GET /a HTTP/1.1\r\n"))
            var start = 0
            for cut in cuts + [sample.count] {
                scene.say(sample[start..<cut], connection, to: client)
                start = cut
            }
            // Each has a connection of its own.
            scene.hangUp(connection, on: client)
            return Self.read(client)
        }
        let whole = try answer([])
        #expect(whole.status == 200 && whole.body == Array(body.utf8) && whole.isWhole)
        for cut in 1..<sample.count { #expect(try answer([cut]) == whole, "split at \(cut)") }
        #expect(try answer(Array(1..<sample.count)) == whole, "byte by byte")
    }

    @Test(
        "what is no response, or none that was asked for, is a 502",
        arguments: [
            "", "HTTP/1.1 200 OK\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            String(repeating: "HTTP/1.1 103 Early\r\n\r\n", count: 17),
        ])
    func refused(text: String) throws {
        let scene = try ScriptedScene()
        let (client, connection) = try scene.ask()
        scene.say(text.utf8, connection, to: client)
        scene.hangUp(connection, on: client)
        #expect(Self.read(client).status == 502 && Self.read(client).isWhole)
    }

    @Test(
        "a response that breaks off shows that it did",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx",
        ])
    func brokenOff(text: String) throws {
        let scene = try ScriptedScene()
        let (client, connection) = try scene.ask()
        scene.say(text.utf8, connection, to: client)
        scene.hangUp(connection, on: client)
        let response = Self.read(client)
        #expect(response.status == 200 && response.body == Array("abc".utf8))
        #expect(!response.isWhole && client.isEnded)
    }

    // MARK: Reuse

    static let endings: [(response: String, isKept: Bool)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 204 No\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokX", false),
        ("HTTP/1.1 204 No\r\n\r\nX", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nX", false),
    ]

    @Test("a connection serves again only if both ends are in step", arguments: endings.indices)
    func reuse(_ row: Int) throws {
        let (response, isKept) = Self.endings[row]
        let scene = try ScriptedScene()
        let (client, connection) = try scene.ask()
        scene.say(response.utf8, connection, to: client)
        #expect(Self.read(client).isWhole)
        connection.read()
        #expect(isKept ? !connection.isEnded : connection.ends())
        let before = connection.received.count
        client.send(Self.get)
        connection.read()
        #expect((scene.gateway.accept() == nil) == isKept)
        #expect((connection.received.count > before) == isKept)
    }

    @Test("an answer that comes before the request is whole ends the connection")
    func earlyAnswer() throws {
        let scene = try ScriptedScene("proxy_request_buffering off;")
        let (client, connection) = try scene.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        #expect(connection.text.hasSuffix("\r\n\r\nabc"))
        scene.say("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n".utf8, connection, to: client)
        #expect(Self.read(client).status == 403)
        connection.read()
        #expect(connection.ends())
    }

    @Test("a kept connection says nothing unasked")
    func unasked() throws {
        let scene = try ScriptedScene()
        let (client, connection) = try scene.ask()
        scene.say("HTTP/1.1 204 No\r\n\r\n".utf8, connection, to: client)
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".utf8, connection, to: client)
        connection.read()
        #expect(connection.ends())
    }

    // MARK: Once more

    @Test("a kept connection that was given up is replaced, for a request that does no harm twice")
    func stale() throws {
        for (request, isRepeated) in [(Self.get, true), (Self.post, false)] {
            let scene = try ScriptedScene()
            let (client, connection) = try scene.ask()
            scene.say("HTTP/1.1 204 No\r\n\r\n".utf8, connection, to: client)
            client.send(request)
            connection.read()
            scene.hangUp(connection, on: client)
            let next = scene.gateway.accept()
            #expect((next != nil) == isRepeated, "\(request)")
            guard let next else {
                #expect(client.text.contains("HTTP/1.1 502"))
                continue
            }
            next.read()
            #expect(next.text == connection.text.components(separatedBy: "\r\n\r\n")[1] + "\r\n\r\n")
            scene.say("HTTP/1.1 204 No\r\n\r\n".utf8, next, to: client)
            #expect(client.text.components(separatedBy: "HTTP/1.1 204").count == 3)
        }
    }

    @Test("a client that leaves ends its request at the gateway")
    func clientLeaves() throws {
        let scene = try ScriptedScene()
        let (client, connection) = try scene.ask()
        client.leave()
        connection.read()
        #expect(connection.ends())
    }

    @Test("a file may set any number of fields")
    func manyFields() throws {
        let count = 20_000
        let lines = (0..<count).map { "proxy_set_header X-\($0) $host;" }.joined(separator: "\n")
        let scene = try ScriptedScene(lines)
        let (client, connection) = try scene.ask()
        let end = Array("Connection: close\r\n\r\n".utf8)
        var rounds = 0
        while !connection.received.suffix(end.count).elementsEqual(end), rounds < 1000 {
            scene.worker.turn()
            connection.read()
            rounds += 1
        }
        let names = connection.text.split(separator: "\r\n").filter { $0.hasPrefix("X-") }
        #expect(names.count == count && names.last == "X-\(count - 1): a")
        scene.say("HTTP/1.1 204 No\r\n\r\n".utf8, connection, to: client)
        #expect(client.text.hasPrefix("HTTP/1.1 204"))
    }

    // MARK: Slow clients

    @Test("what a slow client does not take is spooled, or waits at the gateway", arguments: [true, false])
    func slowClient(isBuffered: Bool) throws {
        let scene = try ScriptedScene(isBuffered ? "proxy_buffers 8 512k;" : "proxy_buffering off;")
        let (client, connection) = try scene.ask(sendBuffer: 4096)
        let body = (0..<(2 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
        var sent = 0
        var rounds = 0
        func feed() {
            var count = 1
            while count > 0, sent < body.count {
                count = connection.send(body[sent..<min(sent + 65536, body.count)])
                sent += count
                scene.worker.turn()
            }
        }
        feed()
        #expect((sent == body.count) == isBuffered)
        while client.received.count < body.count || !Self.read(client).isWhole, rounds < 10_000 {
            client.read()
            scene.worker.turn()
            feed()
            rounds += 1
        }
        #expect(Self.read(client).isWhole && Self.read(client).body == body)
    }

    @Test("a file is filled evenly, and goes little by little when nobody needs it")
    func evenly() throws {
        let scene = try ScriptedScene()
        let (client, connection) = try scene.ask(sendBuffer: 4096)
        guard case .http1(let session)? = client.session else { return #expect(Bool(false)) }
        let request = try #require(session.exchange?.upstream)
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(64 << 20)\r\n\r\n".utf8)
        scene.worker.turn()
        #expect(request.readAllowance == .max)
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        var sent = 0
        var rounds = 0
        while sent < 48 << 20, rounds < 100_000 {
            sent += connection.send(piece)
            scene.worker.turn()
            #expect(request.passage.spool?.isInFile != true || request.readAllowance <= 256 << 10)
            rounds += 1
        }
        #expect(request.passage.spool?.isInFile == true)
        client.leave()
        let left = scene.worker.worker.contentBuffers.leftFiles
        #expect(!left.isEmpty)
        while !left.isEmpty, rounds < 200_000 {
            scene.worker.turn()
            rounds += 1
        }
        #expect(left.isEmpty)
    }

    @Test("each millisecond has its share")
    func pace() {
        var pace = SpoolPace()
        #expect(pace.allowance(nowMs: 1) == 256 << 10)
        pace.took(200 << 10, nowMs: 1)
        #expect(pace.allowance(nowMs: 1) == 56 << 10)
        pace.took(100 << 10, nowMs: 1)
        #expect(pace.allowance(nowMs: 1) < 0 && pace.allowance(nowMs: 2) == 256 << 10)
        pace.took(.max, nowMs: 1)
        #expect(pace.allowance(nowMs: 1) < 0)
        pace.took(1, nowMs: 2)
        #expect(pace.allowance(nowMs: 2) == 256 << 10 - 1)
        #expect(SpoolPace(isOff: true).allowance(nowMs: 2) == .max)
    }
}
