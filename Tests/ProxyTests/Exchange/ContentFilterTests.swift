import Core
import Foundation
import HTTP
import Net
import TestSupport
import Testing

@testable import Proxy

/// Content that is coded on its way from a scripted gateway to a scripted client.
@Suite("Content filter") struct ContentFilterTests {
    static let request = "GET /a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
    static let plainRequest = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

    static func text(_ count: Int) -> [UInt8] {
        Array((0..<count / 8 + 1).map { "line \($0 % 97)\n" }.joined().utf8.prefix(count))
    }

    /// What gets half as long at best.
    static func letters(_ count: Int) -> [UInt8] {
        var generator = SplitMix(seed: 3)
        return (0..<count).map { _ in UInt8(ascii: "a") + UInt8(generator.next() & 15) }
    }

    static func head(_ fields: String) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\(fields)\r\n".utf8)
    }

    static func sized(_ content: [UInt8], _ fields: String = "") -> [UInt8] {
        head("\(fields)Content-Length: \(content.count)\r\n") + content
    }

    static func chunked(_ pieces: [[UInt8]]) -> [UInt8] {
        head("Transfer-Encoding: chunked\r\n")
            + pieces.flatMap { Array("\(String($0.count, radix: 16))\r\n".utf8) + $0 + Array("\r\n".utf8) }
            + Array("0\r\n\r\n".utf8)
    }

    /// What a content was before it was compressed, as far as it can be read; and whether its end is there.
    static func unpacked(_ bytes: [UInt8]) throws -> (content: [UInt8], isWhole: Bool) {
        let coder = try #require(ContentCoder(.inflate))
        let input = ByteBuffer(capacity: 16)
        let out = ByteBuffer(capacity: 16)
        input.append(bytes)
        while true {
            switch coder.code(input, .finish, into: out, atMost: 1 << 20) {
            case .wantsRoom: continue
            case .wantsInput: return (out.bytes, false)
            case .ended: return (out.bytes, true)
            case .failed: throw CocoaError(.coderInvalidValue)
            }
        }
    }

    static func packed(_ content: [UInt8]) throws -> [UInt8] {
        let coder = try #require(ContentCoder(.deflate(level: 6, windowBits: 15, memoryLevel: 8)))
        let input = ByteBuffer(capacity: 16)
        let out = ByteBuffer(capacity: 16)
        input.append(content)
        while case .wantsRoom = coder.code(input, .finish, into: out, atMost: 1 << 20) {}
        return out.bytes
    }

    private func expectFree(_ scene: ScriptedScene) {
        #expect(scene.worker.worker.coders.usedCount == 0)
    }

    @Test("content arrives whole wherever the gateway's bytes are cut")
    func everySplit() throws {
        let content = Self.text(120)
        for answer in [Self.sized(content), Self.chunked([content, content])] {
            let scene = try ScriptedScene("gzip on;")
            let wanted = answer.count > 300 ? content + content : content
            for cut in 0...answer.count {
                let (client, connection) = try scene.ask(Self.request)
                scene.say(answer[..<cut], connection, to: client)
                scene.say(answer[cut...], connection, to: client)
                let response = ReadResponse(client.received, isEnded: client.isEnded)
                #expect(response.isWhole)
                let found = try Self.unpacked(response.body)
                #expect(found.isWhole && found.content == wanted, "cut at \(cut)")
                connection.close()
                scene.worker.turn()
            }
            expectFree(scene)
        }
    }

    @Test("what came so far can be read whenever the gateway pauses, byte by byte", arguments: [true, false])
    func pauses(isBuffered: Bool) throws {
        let scene = try ScriptedScene("gzip on; proxy_buffering \(isBuffered ? "on" : "off");")
        let (client, connection) = try scene.ask(Self.request)
        scene.say(Self.head("Transfer-Encoding: chunked\r\n"), connection, to: client)
        // The head does not wait for content.
        #expect(client.text.contains("Content-Encoding: gzip\r\n"))
        let content = Self.text(60)
        for (index, byte) in content.enumerated() {
            scene.say([0x31, 13, 10, byte, 13, 10], connection, to: client)
            let response = ReadResponse(client.received, isEnded: false)
            let found = try Self.unpacked(response.body)
            #expect(found.content == Array(content[...index]) && !found.isWhole)
        }
        scene.say("0\r\n\r\n".utf8, connection, to: client)
        let response = ReadResponse(client.received, isEnded: false)
        #expect(response.isWhole)
        #expect(try Self.unpacked(response.body).content == content)
        expectFree(scene)
    }

    /// The sizes of a response's chunks, the last one's included.
    private static func chunkSizes(_ response: [UInt8]) throws -> [Int] {
        let end = try #require(response.firstRange(of: Array("\r\n\r\n".utf8)))
        var rest = response[end.upperBound...]
        var sizes: [Int] = []
        while let line = rest.firstRange(of: Array("\r\n".utf8)) {
            let size = try #require(Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16))
            sizes.append(size)
            rest = rest[line.upperBound...].dropFirst(size + 2)
        }
        return sizes
    }

    @Test("gzip's own head waits for content, and the response's head with it, while nobody waits for a part")
    func oneChunk() throws {
        let scene = try ScriptedScene("gzip on;")
        let content = Self.text(40_000)
        let answer = Self.sized(content)
        let (client, connection) = try scene.ask(Self.request)
        scene.say(answer[..<20_000], connection, to: client)
        #expect(client.received.isEmpty)
        scene.say(answer[20_000...], connection, to: client)
        let sizes = try Self.chunkSizes(client.received)
        #expect(sizes.count == 2 && sizes[0] > 100 && sizes[1] == 0)
        let response = ReadResponse(client.received, isEnded: false)
        #expect(try Self.unpacked(response.body).content == content)
        expectFree(scene)
    }

    @Test("what one response had coded in a turn is not counted against the next")
    func turnsOfTheirOwn() throws {
        let folder = try TemporaryDirectory()
        try folder.write(String(decoding: Self.letters(100 << 10), as: UTF8.self), to: "a")
        let scripted = try ScriptedWorker(
            serving: "gzip on; default_type text/html; root \(folder.path);")
        let clients = try (0..<8).map { _ in try ScriptedClient(of: scripted) }
        for client in clients { client.sendAhead(Self.request.utf8) }
        WorkerTurn(worker: scripted.worker).take(waitMs: 0)
        for client in clients {
            client.read()
            #expect(ReadResponse(client.received, isEnded: false).isWhole)
        }
        #expect(scripted.worker.queues.making.isEmpty)
    }

    @Test("an answer without content is one of compressed nothing")
    func empty() throws {
        let scene = try ScriptedScene("gzip on; gzip_min_length 0;")
        for answer in [Self.chunked([]), Self.sized([])] {
            let (client, connection) = try scene.ask(Self.request)
            scene.say(answer, connection, to: client)
            let response = ReadResponse(client.received, isEnded: client.isEnded)
            #expect(response.isWhole)
            let found = try Self.unpacked(response.body)
            #expect(found.isWhole && found.content.isEmpty)
            connection.close()
            scene.worker.turn()
        }
        expectFree(scene)
    }

    @Test("a gateway that breaks off is seen to break off, and what came before can be read")
    func cut() throws {
        let scene = try ScriptedScene("gzip on;")
        let content = Self.text(50_000)
        let (client, connection) = try scene.ask(Self.request)
        scene.say(Self.sized(content).dropLast(10_000), connection, to: client)
        scene.hangUp(connection, on: client)
        let response = ReadResponse(client.received, isEnded: client.isEnded)
        #expect(client.isEnded && !response.isWhole)
        #expect(try Self.unpacked(response.body).content == Array(content.dropLast(10_000)))
        expectFree(scene)
    }

    @Test("a client that leaves frees what its response took")
    func clientLeaves() throws {
        let scene = try ScriptedScene("gzip on;")
        let (client, connection) = try scene.ask(Self.request)
        scene.say(
            Self.head("Transfer-Encoding: chunked\r\n") + Array("3\r\nabc\r\n".utf8), connection, to: client)
        #expect(scene.worker.worker.coders.usedCount == 1)
        client.leave()
        expectFree(scene)
        #expect(connection.ends())
    }

    @Test("a client that does not read holds back the gateway, and gets all in the end")
    func slowClient() throws {
        let scene = try ScriptedScene("gzip on; gzip_comp_level 1; proxy_buffering off;")
        let content = Self.letters(4 << 20)
        let (client, connection) = try scene.ask(Self.request, sendBuffer: 4096)
        var rest = (Self.head("Content-Length: \(content.count)\r\n") + content)[...]
        var still = 0
        while still < 20 {
            let count = connection.send(rest.prefix(1 << 20))
            rest = rest.dropFirst(count)
            still = count > 0 ? 0 : still + 1
            scene.worker.turn()
        }
        #expect(rest.count > 2 << 20)
        let deadline = Date() + 60
        while !ReadResponse(client.received, isEnded: false).isWhole, Date() < deadline {
            for _ in 0..<200 {
                client.read(limit: 64 << 10)
                rest = rest.dropFirst(connection.send(rest.prefix(1 << 20)))
                scene.worker.turn()
            }
        }
        let response = ReadResponse(client.received, isEnded: false)
        #expect(try Self.unpacked(response.body).content == content)
        expectFree(scene)
    }

    @Test(
        "gzip_buffers is how much is made for a client that does not read",
        arguments: [
            ("", 32_000...200_000), ("gzip_buffers 1 1k;", 1...1200), ("gzip_buffers 4 2k;", 1...8400),
        ])
    func buffers(setting: String, held: ClosedRange<Int>) throws {
        let scene = try ScriptedScene("gzip on; gzip_comp_level 1; proxy_buffering off; \(setting)")
        var generator = SplitMix(seed: 3)
        let content = (0..<(1 << 20)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let (client, connection) = try scene.ask(Self.request, sendBuffer: 4096)
        guard case .http1(let session)? = client.session else {
            Issue.record("no session")
            return
        }
        var rest = (Self.head("Content-Length: \(content.count)\r\n") + content)[...]
        var isBlocked = false
        for _ in 0..<100 where !isBlocked {
            rest = rest.dropFirst(connection.send(rest.prefix(64 << 10)))
            scene.worker.turn()
            isBlocked = session.exchange?.filter?.isHolding ?? false
        }
        #expect(isBlocked && held.contains(session.heldCount), "\(session.heldCount)")
        client.leave()
        expectFree(scene)
    }

    @Test("gunzip gives back what was compressed, one content behind another and wherever it is cut")
    func gunzip() throws {
        let scene = try ScriptedScene("gunzip on; gunzip_buffers 1 1k;")
        let content = Self.text(3000)
        let packed = try Self.packed(content) + Self.packed(Array("second".utf8))
        let answer = Self.sized(packed, "Content-Encoding: gzip\r\nETag: \"x\"\r\n")
        for cut in 0...answer.count {
            let (client, connection) = try scene.ask(Self.plainRequest)
            scene.say(answer[..<cut], connection, to: client)
            scene.say(answer[cut...], connection, to: client)
            let response = ReadResponse(client.received, isEnded: client.isEnded)
            #expect(response.isWhole && response.body == content + Array("second".utf8), "cut at \(cut)")
            #expect(client.text.contains("ETag: W/\"x\"\r\n") && !client.text.contains("Content-Encoding"))
            connection.close()
            scene.worker.turn()
        }
        // Who takes it gets it as it is.
        let (client, connection) = try scene.ask(Self.request)
        scene.say(answer, connection, to: client)
        #expect(ReadResponse(client.received, isEnded: false).body == packed)
        expectFree(scene)
    }

    @Test("what is no gzip, or ends too early, is a response that breaks off", arguments: [false, true])
    func notGzip(isCut: Bool) throws {
        let scene = try ScriptedScene("gunzip on;")
        let content = isCut ? Array(try Self.packed(Self.text(500)).dropLast(3)) : Self.text(500)
        let (client, connection) = try scene.ask(Self.plainRequest)
        scene.say(Self.sized(content, "Content-Encoding: gzip\r\n"), connection, to: client)
        let response = ReadResponse(client.received, isEnded: client.isEnded)
        #expect(client.isEnded && !response.isWhole)
        expectFree(scene)
    }

    @Test("a small content that unpacks to a very large one is made as its client takes it")
    func bomb() throws {
        let scene = try ScriptedScene("gunzip on;")
        let zeros = [UInt8](repeating: 0, count: 32 << 20)
        let packed = try Self.packed(zeros)
        #expect(packed.count < 40_000)
        let (client, connection) = try scene.ask(Self.plainRequest, sendBuffer: 4096)
        let answer = Self.sized(packed, "Content-Encoding: gzip\r\n")
        connection.send(answer)
        scene.worker.turn()
        guard case .http1(let session)? = client.session else {
            Issue.record("no session")
            return
        }
        let exchange = try #require(session.exchange)
        // Neither the connection nor the filter holds more than a piece.
        #expect(exchange.heldCount < 256 << 10)
        var count = 0
        let deadline = Date() + 60
        while !client.isEnded, count < 2000, Date() < deadline {
            client.read()
            scene.worker.turn()
            #expect((session.exchange?.heldCount ?? 0) < 256 << 10)
            count += 1
        }
        client.leave()
        expectFree(scene)
    }

    @Test("beyond the bound content passes as it is")
    func bound() throws {
        let scene = try ScriptedScene("gzip on;")
        var count = 0
        while scene.worker.worker.coders.reserve() { count += 1 }
        #expect(count == ContentCoders.usedMax)
        let content = Self.text(100)
        let (client, connection) = try scene.ask(Self.request)
        scene.say(Self.sized(content), connection, to: client)
        #expect(ReadResponse(client.received, isEnded: false).body == content)
        for _ in 0..<count { scene.worker.worker.coders.release() }
        expectFree(scene)
    }
}
