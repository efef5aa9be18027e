import Core
import HTTP
import Net
import Testing
import Upstream

@testable import Proxy

/// Content of HTTP/2 clients that goes on as it comes.
@Suite("Uploads over HTTP/2 that are not buffered") struct StreamedUploadTests {
    @Test(
        "a worker has nothing to do while a client pauses, and the client has its time",
        arguments: ["1.1", "2"])
    func pause(version: String) throws {
        let gateway = try ScriptedGateway()
        let play = try ScriptedFrames(
            serving: """
                location / { proxy_pass http://gateway; proxy_http_version \(version);
                    proxy_request_buffering off; client_body_timeout 300ms; }
                """, beside: gateway.upstream())
        let part = ScriptedFrames.frame(.data, 0, 1, Array("abc".utf8))
        play.client.send(ScriptedFrames.request(1, method: 0x83, isLast: false) + part)
        let connection = try #require(gateway.accept())
        for _ in 0..<3 {
            play.client.send(part)
            #expect(!play.scripted.worker.loop.hasPosted)
        }
        guard case .http2(let session)? = play.client.session else {
            Issue.record("no session of HTTP/2")
            return
        }
        let stream = session.stream(0)?.exchange?.upstream?.stream
        #expect(stream != nil && stream?.connection?.outgoing == nil, "it holds no buffer")
        connection.read()
        #expect(String(decoding: connection.received, as: UTF8.self).contains("abc"))
        #expect(play.turns(until: { play.has(.resetStream, 1) || play.has(.headers, 1) }))
    }

    @Test("trailers come before the end, whatever length was said", arguments: ["on", "off"])
    func trailers(buffering: String) throws {
        let gateway = try ScriptedGateway()
        let play = try ScriptedFrames(
            serving: """
                location / { proxy_pass http://gateway; proxy_http_version 2;
                    proxy_request_buffering \(buffering); }
                """, beside: gateway.upstream())
        func literal(_ name: String, _ value: String) -> [UInt8] {
            [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        let head: [UInt8] = [0x83, 0x86, 0x84, 0x41, 1, 0x61] + literal("content-length", "3")
        play.client.send(
            ScriptedFrames.frame(.headers, 4, 1, head)
                + ScriptedFrames.frame(.data, 0, 1, Array("abc".utf8)))
        play.client.send(ScriptedFrames.frame(.headers, 5, 1, literal("x-sum", "123")))
        let peer = HTTP2ScriptedPeer(try #require(gateway.accept()))
        peer.read()
        #expect(peer.requests[1]?.content == Array("abc".utf8) && peer.requests[1]?.isWhole == true)
        #expect(peer.requests[1]?.fields == ["x-sum: 123"])
    }
}
