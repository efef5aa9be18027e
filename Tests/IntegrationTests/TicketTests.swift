import Foundation
import TestSupport
import Testing

/// Sessions that are resumed by tickets, on another node or under another key.
@Suite("Session tickets", .serialized) struct TicketTests {
    private func server(_ lines: String, _ directory: TemporaryDirectory, kind: Server.Kind = .portico) throws
        -> Server
    {
        try Server(
            """
            worker_processes 2;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_protocols TLSv1.2 TLSv1.3;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key; \(lines)
                return 200 "$ssl_session_reused"; } }
            """, kind: kind, directory: directory)
    }

    /// Shakes hands; the session is read from, or written to, a file of the directory.
    private func connect(_ server: Server, _ protocolName: String, _ option: String) throws -> String {
        try TLSClient.handshake(
            port: server.port,
            options: ["-\(protocolName)", option, server.directory.path + "/session.\(protocolName)"],
            in: server.directory)
    }

    private func resumes(from first: Server, to second: Server, _ protocolName: String) throws -> Bool {
        // In TLS 1.3 the ticket comes with the first answer.
        if protocolName == "tls1_3" {
            _ = try Program.run(
                "sh",
                [
                    "-c",
                    "printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client"
                        + " -connect 127.0.0.1:\(first.port) -tls1_3 -ign_eof"
                        + " -sess_out \(first.directory.path)/session.tls1_3",
                ], in: first.directory, name: "s_client")
        } else {
            _ = try connect(first, protocolName, "-sess_out")
        }
        return try connect(second, protocolName, "-sess_in").contains("Reused, ")
    }

    @Test(
        "a node of a fleet resumes what another one with the same secret began",
        arguments: ["tls1_2", "tls1_3"])
    func fleet(_ protocolName: String) throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        try directory.write((0..<48).map { UInt8($0) }, to: "secret")
        try directory.write((0..<48).map { 255 - UInt8($0) }, to: "other")
        let one = try server("ssl_session_ticket_secret %PREFIX%/secret;", directory)
        let two = try server("ssl_session_ticket_secret %PREFIX%/secret;", directory)
        let stranger = try server("ssl_session_ticket_secret %PREFIX%/other;", directory)
        #expect(try resumes(from: one, to: two, protocolName))
        #expect(try !resumes(from: one, to: stranger, protocolName))
        for server in [one, two, stranger] { server.program.stop() }
    }

    @Test("the first file makes tickets, the others are accepted still")
    func filesAreShared() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        try directory.write((0..<80).map { UInt8($0) }, to: "new")
        try directory.write((0..<48).map { 200 - UInt8($0) }, to: "old")
        let before = try server("ssl_session_ticket_key %PREFIX%/old;", directory)
        let after = try server(
            "ssl_session_ticket_key %PREFIX%/new; ssl_session_ticket_key %PREFIX%/old;", directory)
        #expect(try resumes(from: before, to: after, "tls1_2"))
        #expect(try resumes(from: after, to: after, "tls1_2"))
        #expect(try !resumes(from: after, to: before, "tls1_2"))
        before.program.stop()
        after.program.stop()
    }

    @Test("a server that makes no tickets resumes nothing", arguments: [("on", true), ("off", false)])
    func ticketsOff(value: String, isResumed: Bool) throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        let server = try server("ssl_session_tickets \(value);", directory)
        #expect(try resumes(from: server, to: server, "tls1_2") == isResumed)
        server.program.stop()
    }
}
