import Core
import Foundation
import HTTP
import Net
import TestSupport
import Testing

@testable import Proxy

/// Texts that are replaced on their way from a scripted gateway to a scripted client.
@Suite("Substitution") struct SubstitutionTests {
    static let request = "GET /a?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"

    /// What nginx's rule makes of a content: the leftmost text, the first one of several that begin there.
    static func model(_ content: [UInt8], _ pairs: [(text: String, replacement: String)], once: Bool)
        -> [UInt8]
    {
        var used = [Bool](repeating: false, count: pairs.count)
        var result: [UInt8] = []
        var position = 0
        while position < content.count {
            let rest = content[position...].map(\.asciiLowercased)
            let hit = pairs.indices.first { index in
                !(once && used[index]) && rest.starts(with: pairs[index].text.lowercased().utf8)
            }
            if let hit {
                used[hit] = true
                result += Array(pairs[hit].replacement.utf8)
                position += pairs[hit].text.utf8.count
            } else {
                result.append(content[position])
                position += 1
            }
        }
        return result
    }

    static func directives(_ pairs: [(text: String, replacement: String)], once: Bool) -> String {
        pairs.map { "sub_filter \"\($0.text)\" \"\($0.replacement)\";" }.joined(separator: " ")
            + " sub_filter_once \(once ? "on" : "off");"
    }

    private func body(_ client: ScriptedClient) throws -> [UInt8] {
        let response = ReadResponse(client.received, isEnded: client.isEnded)
        #expect(response.isWhole)
        return response.body
    }

    @Test("texts are replaced wherever the gateway's bytes are cut", arguments: [true, false])
    func everySplit(once: Bool) throws {
        let pairs = [("foo", "[1]"), ("FO-", "two"), ("aab", ""), ("ab", "ABAB"), ("</head>", "<x></head>")]
        let content = Array("xfoofofo-foaaabab</HEAD></head>fFoOfo".utf8)
        let scene = try ScriptedScene(Self.directives(pairs, once: once))
        let wanted = Self.model(content, pairs, once: once)
        let answer = ContentFilterTests.chunked([content])
        for cut in 0...answer.count {
            let (client, connection) = try scene.ask(Self.request)
            scene.say(answer[..<cut], connection, to: client)
            scene.say(answer[cut...], connection, to: client)
            #expect(try body(client) == wanted, "cut at \(cut)")
            #expect(!client.text.contains("Content-Length"))
            connection.close()
            scene.worker.turn()
        }
    }

    @Test("what cannot be a part of a text is given at once, byte by byte")
    func pauses() throws {
        let scene = try ScriptedScene("sub_filter hello bye; proxy_buffering off;")
        let (client, connection) = try scene.ask(Self.request)
        scene.say(ContentFilterTests.head("Transfer-Encoding: chunked\r\n"), connection, to: client)
        var given: [String] = []
        // `h` and `he` wait, as they may be the beginning of a text, until that was replaced once.
        for byte in Array("ahehellohex".utf8) {
            scene.say([0x31, 13, 10, byte, 13, 10], connection, to: client)
            let response = ReadResponse(client.received, isEnded: false)
            given.append(String(decoding: response.body, as: UTF8.self))
        }
        #expect(
            given == [
                "a", "a", "a", "ahe", "ahe", "ahe", "ahe", "ahebye", "ahebyeh", "ahebyehe", "ahebyehex",
            ])
        scene.say("0\r\n\r\n".utf8, connection, to: client)
        #expect(String(decoding: try body(client), as: UTF8.self) == "ahebyehex")
    }

    @Test("contents and texts made at random come out as the rule says", arguments: 0..<12)
    func random(seed: Int) throws {
        var generator = SplitMix(seed: UInt64(seed))
        func word(_ most: Int) -> String {
            String(
                (0...Int(generator.next() % UInt64(most))).map { _ in generator.next() & 3 == 0 ? "b" : "a" })
        }
        let once = seed & 1 == 0
        let pairs = (0..<4).map { index in (text: word(5), replacement: "\(index)") }
        let content = Array((0..<400).map { _ in word(7) }.joined(separator: "c").utf8)
        let scene = try ScriptedScene(Self.directives(pairs, once: once))
        let (client, connection) = try scene.ask(Self.request)
        scene.say(ContentFilterTests.sized(content), connection, to: client)
        // At the end of a content nginx leaves a text where a longer one could have begun.
        #expect(try body(client) == Self.model(content, pairs, once: once), "\(pairs)")
    }

    @Test("where texts overlap, no turn looks at more than a few times what it gives")
    func overlaps() throws {
        let long = String(repeating: "a", count: 1000)
        let pairs = [("\(long)b", "X"), ("aa", "Z")]
        let content = [UInt8](repeating: UInt8(ascii: "a"), count: 3000) + Array("b".utf8)
        let scene = try ScriptedScene(Self.directives(pairs, once: false))
        let (client, connection) = try scene.ask(Self.request)
        scene.say(ContentFilterTests.sized(content), connection, to: client)
        guard case .http1(let session)? = client.session else {
            Issue.record("no session")
            return
        }
        // Each pair of letters is given after a thousand were looked at: that is more than one turn's work.
        #expect(session.exchange?.isAwaitingTurn == true)
        for _ in 0..<100 where !ReadResponse(client.received, isEnded: false).isWhole {
            scene.worker.turn()
            client.read()
        }
        #expect(try body(client) == Self.model(content, pairs, once: false))
    }

    @Test("a content that grows a thousandfold is made as its client takes it")
    func growth() throws {
        let scene = try ScriptedScene(
            "sub_filter a \(String(repeating: "x", count: 1000)); sub_filter_once off; proxy_buffering off;")
        let content = [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)
        let (client, connection) = try scene.ask(Self.request, sendBuffer: 4096)
        scene.say(ContentFilterTests.sized(content), connection, to: client)
        guard case .http1(let session)? = client.session else {
            Issue.record("no session")
            return
        }
        #expect((session.exchange?.heldCount ?? .max) < 256 << 10)
        let deadline = Date() + 60
        while !ReadResponse(client.received, isEnded: false).isWhole, Date() < deadline {
            for _ in 0..<200 {
                client.read()
                scene.worker.turn()
                #expect((session.exchange?.heldCount ?? 0) < 256 << 10)
            }
        }
        #expect(try body(client).count == 20_000_000)
    }

    @Test("before gzip and behind gunzip, the filter sees what the content says")
    func betweenCoders() throws {
        let content = ContentFilterTests.text(2000)
        let wanted = Self.model(content, [("line 7\n", "SEVEN\n")], once: false)
        let scene = try ScriptedScene(
            "gzip on; gunzip on; sub_filter 'line 7\n' 'SEVEN\n'; sub_filter_once off;")
        let (packer, plain) = try scene.ask(ContentFilterTests.request)
        scene.say(ContentFilterTests.sized(content), plain, to: packer)
        #expect(packer.text.contains("Content-Encoding: gzip\r\n"))
        #expect(try ContentFilterTests.unpacked(body(packer)).content == wanted)
        plain.close()
        scene.worker.turn()
        let packed = ContentFilterTests.sized(
            try ContentFilterTests.packed(content), "Content-Encoding: gzip\r\n")
        for cut in [0, 150, packed.count / 2, packed.count - 1] {
            let (reader, coded) = try scene.ask(Self.request)
            scene.say(packed[..<cut], coded, to: reader)
            scene.say(packed[cut...], coded, to: reader)
            #expect(try body(reader) == wanted)
            coded.close()
            scene.worker.turn()
        }
        #expect(scene.worker.worker.coders.usedCount == 0)
    }

    @Test("a gateway that breaks off is seen to, and a client that leaves takes nothing with it")
    func ends() throws {
        let scene = try ScriptedScene("sub_filter hello bye;")
        let (client, connection) = try scene.ask(Self.request)
        scene.say(ContentFilterTests.sized(Array("a hello hel".utf8)).dropLast(2), connection, to: client)
        scene.hangUp(connection, on: client)
        #expect(client.isEnded && !ReadResponse(client.received, isEnded: true).isWhole)
        #expect(client.text.contains("a bye h"))
        let (second, other) = try scene.ask(Self.request)
        scene.say(ContentFilterTests.head("Transfer-Encoding: chunked\r\n"), other, to: second)
        second.leave()
        #expect(other.ends())
    }
}

@Suite("Search table") struct SearchTableTests {
    private func ends(_ texts: [String], in content: String) -> [[Int]] {
        let table = SearchTable(texts.map { Array($0.utf8) })
        let unused = [Bool](repeating: false, count: texts.count)
        var state = 0
        return content.utf8.map { byte in
            state = table.next(state, byte)
            return [table.depth(of: state), table.text(endingIn: state, unless: unused) ?? -1]
        }
    }

    @Test("each state stands for the longest end of the bytes that begins a text")
    func states() {
        #expect(
            ends(["he", "she", "HIS", "hers"], in: "uShers")
                == [[0, -1], [1, -1], [2, -1], [3, 1], [3, -1], [4, 3]])
        #expect(ends(["a", "aa", "aaaa"], in: "aaaaa") == [[1, 0], [2, 1], [3, 1], [4, 2], [4, 2]])
        #expect(ends([], in: "abc") == [[0, -1], [0, -1], [0, -1]])
    }

    @Test("of texts that are the same the first that is not used is found")
    func same() {
        let table = SearchTable([Array("Ab".utf8), Array("b".utf8), Array("aB".utf8)])
        let state = table.next(table.next(0, UInt8(ascii: "a")), UInt8(ascii: "b"))
        #expect(table.text(endingIn: state, unless: [false, false, false]) == 0)
        #expect(table.text(endingIn: state, unless: [true, false, false]) == 2)
        #expect(table.text(endingIn: state, unless: [true, false, true]) == 1)
        #expect(table.text(endingIn: state, unless: [true, true, true]) == nil)
    }
}
