import Foundation
import TestSupport
import Testing

/// `ssl_certificate` with the name that the client asks for in its path.
@Suite("Named certificates", .serialized) struct NamedCertificateTests {
    private func subject(_ server: Server, _ name: String?) throws -> String {
        try TLSClient.handshake(port: server.port, serverName: name, in: server.directory)
            .split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? "none"
    }

    @Test("each name gets its own certificate; a renewed file is seen; a name cannot lead out of the folder")
    func names() throws {
        let directory = try TemporaryDirectory()
        for name in ["a.test", "b.test", "next"] {
            _ = try TLSClient.makeCertificate(for: [name], in: directory, name: name)
        }
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; server_name ~.;
                ssl_certificate %PREFIX%/$ssl_server_name.crt; ssl_certificate_key ${ssl_server_name}.key;
                return 200 "$ssl_server_name"; } }
            """, directory: directory)
        #expect(try subject(server, "a.test").contains("a.test"))
        #expect(try subject(server, "b.test").contains("b.test"))
        #expect(try subject(server, "c.test") == "none")
        #expect(server.waitForLog("c.test.crt"))
        #expect(try subject(server, nil) == "none")
        #expect(try subject(server, "../a.test") == "none")
        #expect(
            try TLSClient.curl(port: server.port, host: "b.test", in: directory).text.hasSuffix("b.test"))
        for kind in ["crt", "key"] {
            rename(directory.path + "/next.\(kind)", directory.path + "/a.test.\(kind)")
        }
        #expect(try waitUntil(Deadline(in: 4)) { try subject(server, "a.test").contains("next") })
        server.finish()
    }

    @Test("another variable in the path is refused with the reason")
    func otherVariables() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            """
            events { }
            http { server { listen 127.0.0.1:8999 ssl;
                ssl_certificate /x/$host.crt; ssl_certificate_key /x/$host.key; } }
            """, to: "bad.conf")
        let run = try Program.run(
            Binary.portico, ["-p", directory.path, "-c", directory.path + "/bad.conf", "-t"], in: directory)
        #expect(run.ending == .exited(1))
        #expect(
            run.errors.contains("only \"$ssl_server_name\" may stand in") && run.errors.contains("bad.conf:3")
        )
    }
}
