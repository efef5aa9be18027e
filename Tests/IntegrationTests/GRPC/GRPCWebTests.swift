import Foundation
import TestSupport
import Testing

/// `grpc_web`: calls as browsers make them, to a gateway that knows nothing of them.
@Suite("gRPC-Web", .serialized, .enabled(if: GRPCScene.isPossible, "Python's grpcio is not there"))
struct GRPCWebTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http { log_format calls '$uri $status $grpc_status'; access_log %PREFIX%/access.log calls;
            client_max_body_size 8m; gzip on;
            upstream dead { server %DEAD%; }
            server { listen 127.0.0.1:%PORT1%; http2 on; grpc_web on;
                location / { grpc_pass grpc://%G1%; }
                location /off/ { grpc_web off; rewrite ^/off(/.*) $1 break; grpc_pass %G1%; }
                location /dead/ { grpc_pass dead; } } }
        """

    private func ask(_ scene: GRPCScene, _ path: String, _ type: String, _ body: [UInt8]) throws
        -> Response
    {
        let client = try RawClient(port: scene.server.port)
        defer { client.close() }
        client.send(
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n"
                + "Accept-Encoding: gzip\r\n\r\n")
        client.send(body)
        return try client.response(to: "POST", within: 20)
    }

    /// One frame: what it is, its length, and what it holds.
    private func frame(_ kind: UInt8, _ message: [UInt8]) -> [UInt8] {
        [kind] + (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) } + message
    }

    /// Texts one behind the other.
    private func decoded(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: 4) {
            let piece = Data(text[start..<min(start + 4, text.count)])
            out += Data(base64Encoded: piece) ?? Data([0xEE])
        }
        return out
    }

    private func body(_ response: Response, _ isText: Bool) -> [UInt8] {
        isText ? decoded(response.body) : response.body
    }

    @Test(
        "messages pass, and what stands behind them becomes the last one",
        arguments: ["application/grpc-web+proto", "application/grpc-web-text+proto"])
    func calls(type: String) throws {
        let scene = try GRPCScene(Self.text)
        let isText = type.contains("text")
        func coded(_ bytes: [UInt8]) -> [UInt8] {
            isText ? Array(Data(bytes).base64EncodedString().utf8) : bytes
        }
        // The second is more than a buffer holds.
        for message in [Array("hi".utf8), (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }] {
            let answer = try ask(scene, "/t.T/Echo", type, coded(frame(0, message)))
            #expect(answer.status == 200 && type.hasPrefix(answer["Content-Type"] ?? "none"))
            let bytes = body(answer, isText)
            let first = frame(0, message)
            #expect(Array(bytes.prefix(first.count)) == first)
            let last = bytes.dropFirst(first.count)
            #expect(last.first == 0x80)
            let lines = String(latin1: last.dropFirst(5))
            #expect(last.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) } == last.count - 5)
            #expect(lines.contains("grpc-status:0\r\n") && lines.contains("x-after:done\r\n"))
        }
        let counted = body(try ask(scene, "/t.T/Count", type, coded(frame(0, [0x33]))), isText)
        #expect(counted.starts(with: frame(0, [0x30]) + frame(0, [0x31]) + frame(0, [0x32]) + [0x80]))
        scene.finish()
        let log = scene.server.directory.read("access.log")
        #expect(log == "/t.T/Echo 200 0\n/t.T/Echo 200 0\n/t.T/Count 200 0\n")
    }

    @Test("texts of messages need no padding at their end")
    func unpadded() throws {
        let scene = try GRPCScene(Self.text)
        let text = Data(frame(0, Array("hi".utf8))).base64EncodedString().filter { $0 != "=" }
        #expect(text.utf8.count % 4 != 0)
        let answer = try ask(scene, "/t.T/Echo", "application/grpc-web-text", Array(text.utf8))
        #expect(answer.status == 200 && body(answer, true).starts(with: frame(0, Array("hi".utf8))))
        scene.finish()
    }

    @Test("what has no messages says all in its head, the gateway's and our own")
    func heads() throws {
        let scene = try GRPCScene(Self.text)
        let type = "application/grpc-web+proto"
        let none = try ask(scene, "/t.T/None", type, frame(0, []))
        #expect(none.status == 200 && none["grpc-status"] == "12" && none.body.isEmpty)
        #expect(none["Content-Type"]?.hasPrefix("application/grpc-web") == true)
        let dead = try ask(scene, "/dead/x", "application/grpc-web-text", Array("AAAAAAA=".utf8))
        #expect(dead.status == 200 && dead["grpc-status"] == "14" && dead.body.isEmpty)
        #expect(dead["Content-Type"] == "application/grpc-web-text+proto")
        let bad = try ask(scene, "/t.T/Echo", "application/grpc-web-text", Array("AA*AAAA=".utf8))
        #expect(bad.status == 200 && bad["grpc-status"] == "13")
        // The gateway does not know the type where nobody translates it.
        let untold = try ask(scene, "/off/t.T/Echo", type, frame(0, []))
        #expect(untold["Content-Type"] != type)
        scene.finish(expected: ["connect() failed"])
    }
}
