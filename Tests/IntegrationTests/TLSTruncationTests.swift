import Foundation
import TestSupport
import Testing

/// A response that ends with a connection of TLS.
@Suite("Truncated TLS responses", .serialized) struct TLSTruncationTests {
    /// A gateway that answers with the text, and then ends the stream of TLS, or has it cut.
    private func gateway(_ text: String, port: UInt16, ends: Bool, _ directory: TemporaryDirectory) throws
        -> Program
    {
        let path = directory.path
        func wait(_ file: String) -> String {
            "n=0; while [ ! -e \(path)/\(file) ] && [ $n -lt 1000 ]; do sleep 0.02; n=$((n+1)); done"
        }
        let serve =
            "openssl s_server -accept 127.0.0.1:\(port) -cert \(path)/server.crt -key \(path)/server.key"
            + " -quiet -naccept 1"
        let program = try Program(
            "sh",
            [
                "-c",
                ends
                    ? "(printf '\(text)'; \(wait("go"))) | \(serve)"
                    : "(printf '\(text)'; \(wait("end"))) | \(serve) & server=$!;"
                        + " \(wait("go")); kill -9 $server; touch \(path)/end",
            ], in: directory, name: "gateway")
        // Connecting would be its one connection.
        guard try waitUntil(Deadline(in: 20), { try TCPTable.hasListener(port) }) else {
            throw HarnessError("the gateway does not start: \(program.errors)")
        }
        return program
    }

    /// What waits to be read.
    private func arrived(_ client: RawClient) -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(
            client.descriptor, &bytes, bytes.count, Int32(MSG_PEEK | MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test("is whole if TLS was ended, and cut if it was not", arguments: [true, false], [true, false])
    func untilClose(_ ends: Bool, _ isNewProtocol: Bool) throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        let port = try FreePort.next()
        let gateway = try gateway(
            "HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\npart", port: port, ends: ends, directory)
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1%;
                    proxy_ssl_protocols \(isNewProtocol ? "TLSv1.3" : "TLSv1.2");
                    location / { proxy_pass https://127.0.0.1:\(port); } } }
            """, directory: directory)
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(waitUntil(Deadline(in: 5)) { arrived(client).contains("part") })
        try directory.write("", to: "go")
        let answer = try client.response()
        #expect(answer.status == 200 && answer.text == "part")
        #expect(answer.isWhole == ends)
        #expect(ends || server.waitForLog("upstream prematurely closed connection"))
        client.close()
        gateway.stop()
        server.finish()
    }
}
