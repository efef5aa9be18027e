import Foundation
import TestSupport
import Testing

/// Certificates that are renewed while the service runs.
@Suite("Renewal", .serialized) struct RenewalTests {
    private func subject(_ server: Server) throws -> String {
        try TLSClient.handshake(port: server.port, serverName: "a.test", in: server.directory)
            .split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? ""
    }

    /// How long a look at the files, reading them and telling the workers may take on a machine that does
    /// other things as well.
    private static var patience: Double { 30 }

    /// Waits until whoever connects is shown a certificate for this name.
    private func waitForSubject(_ server: Server, _ name: String) throws -> Bool {
        try waitUntil(Deadline(in: RenewalTests.patience)) { try subject(server).contains(name) }
    }

    /// Waits until a renewal was refused for this reason. Files that are renamed one after the other may be
    /// looked at in between: what was refused then for another reason does not count.
    private func waitForRefusal(_ server: Server, _ reason: String) -> Bool {
        waitUntil(Deadline(in: RenewalTests.patience)) {
            server.log.split(separator: "\n").contains {
                $0.contains("changed and cannot be used") && $0.contains(reason)
            }
        }
    }

    /// Puts another pair in the place of the one in use, by renaming as tools do.
    private func replace(_ server: Server, with name: String) throws {
        for kind in ["crt", "key"] {
            let path = server.directory.path + "/"
            try #require(rename(path + "\(name).\(kind)", path + "server.\(kind)") == 0)
        }
    }

    @Test("a renewed pair is used without a word; one that does not match is refused, the old one stays")
    func renewedPair() throws {
        let directory = try TemporaryDirectory()
        for (name, file) in [("old.test", "server"), ("new.test", "next"), ("x.test", "x"), ("y.test", "y")] {
            _ = try TLSClient.makeCertificate(for: [name, "a.test"], in: directory, name: file)
        }
        let server = try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                return 200 "ok"; } }
            """, directory: directory)
        #expect(waitUntil(Deadline(in: 5)) { server.program.children.count == 2 })
        let workers = Set(server.program.children)
        #expect(try subject(server).contains("old.test"))
        // What stands in the configuration meanwhile is none of the renewal's business.
        try directory.write("nonsense;", to: "server.conf")
        try replace(server, with: "next")
        #expect(try waitForSubject(server, "new.test"))
        // Then all workers have it.
        #expect(waitUntil(Deadline(in: RenewalTests.patience)) { server.log.contains("renewed: ") })
        for _ in 0..<8 { #expect(try subject(server).contains("new.test")) }
        #expect(Set(server.program.children) == workers)
        let refusals = { server.log.components(separatedBy: "server.crt changed and cannot be used").count }
        let before = refusals()
        rename(directory.path + "/x.crt", directory.path + "/server.crt")
        #expect(waitUntil(Deadline(in: RenewalTests.patience)) { refusals() > before })
        #expect(try subject(server).contains("new.test"))
        rename(directory.path + "/x.key", directory.path + "/server.key")
        #expect(try waitForSubject(server, "x.test"))
        server.finish(expected: ["cannot be used"])
    }

    @Test("a renewed certificate must be for the names that were served with the old one")
    func lostName() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.site.test", "unserved.test"], in: directory)
        _ = try TLSClient.makeCertificate(for: ["other.test"], in: directory, name: "other")
        _ = try TLSClient.makeCertificate(for: ["*.site.test"], in: directory, name: "wild")
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; server_name a.site.test b.example;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                return 200 "ok"; } }
            """, directory: directory)
        try replace(server, with: "other")
        #expect(waitForRefusal(server, "not for \"a.site.test\", which the old one is for"))
        #expect(try subject(server).contains("a.site.test"))
        // What no server block names may go.
        try replace(server, with: "wild")
        #expect(try waitForSubject(server, "*.site.test"))
        server.finish(expected: ["cannot be used"])
    }

    @Test("a pair that is missing, or cannot be used, holds up no other; it is taken when it is whole")
    func onePairOfTwo() throws {
        let directory = try TemporaryDirectory()
        for name in ["one", "two"] {
            for (prefix, word) in [("", "old"), ("next-", "new"), ("last-", "last")] {
                _ = try TLSClient.makeCertificate(
                    for: ["\(word).\(name)", "\(name).test"], in: directory, name: prefix + name)
            }
        }
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1% ssl; server_name one.test; return 204;
                    ssl_certificate %PREFIX%/one.crt; ssl_certificate_key %PREFIX%/one.key; }
                server { listen 127.0.0.1:%PORT2% ssl; server_name two.test; return 204;
                    ssl_certificate %PREFIX%/two.crt; ssl_certificate_key %PREFIX%/two.key; } }
            """, directory: directory)
        func isServed(_ word: String, by number: Int) throws -> Bool {
            let name = ["one", "two"][number]
            return try waitUntil(Deadline(in: 5)) {
                try TLSClient.handshake(
                    port: server.ports[number], serverName: "\(name).test", in: directory
                ).contains("\(word).\(name)")
            }
        }
        func move(_ from: String, _ to: String) throws {
            try #require(rename("\(directory.path)/\(from)", "\(directory.path)/\(to)") == 0)
        }
        func replace(_ name: String, with prefix: String) throws {
            for kind in ["crt", "key"] { try move("\(prefix)-\(name).\(kind)", "\(name).\(kind)") }
        }
        // One is missing while the other is renewed.
        try move("one.crt", "gone.crt")
        #expect(server.waitForLog("one.crt\" is missing; what was read from it goes on"))
        try replace("two", with: "next")
        #expect(try isServed("new", by: 1))
        #expect(try isServed("old", by: 0))
        // It comes back as half a pair, at the same time as the other is renewed again.
        try move("next-one.crt", "one.crt")
        try replace("two", with: "last")
        #expect(server.waitForLog("one.crt changed and cannot be used"))
        #expect(try isServed("last", by: 1))
        #expect(try isServed("old", by: 0))
        try move("next-one.key", "one.key")
        #expect(try isServed("new", by: 0))
        #expect(try isServed("last", by: 1))
        server.finish(expected: ["cannot be used"])
    }

    @Test("a pipe in the place of a certificate is none, and holds up nobody")
    func pipe() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                return 200 "ok"; } }
            """, directory: directory)
        let path = directory.path + "/"
        try #require(mkfifo(path + "pipe", 0o600) == 0 && rename(path + "pipe", path + "server.crt") == 0)
        #expect(
            waitUntil(Deadline(in: RenewalTests.patience)) {
                server.log.contains("server.crt\" is missing; what was read from it goes on")
            })
        #expect(try subject(server).contains("a.test"))
        server.finish()
    }

    @Test("a certificate that ends within 14 days is warned of when the configuration is read")
    func nearEnd() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory, days: 13)
        _ = try TLSClient.makeCertificate(for: ["b.test"], in: directory, name: "long", days: 16)
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; 
                server { listen 127.0.0.1:%PORT1% ssl; server_name a.test;
                    ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key; }
                server { listen 127.0.0.1:%PORT1% ssl; server_name b.test;
                    ssl_certificate %PREFIX%/long.crt; ssl_certificate_key %PREFIX%/long.key; }
            }
            """, directory: directory)
        #expect(server.waitForLog("server.crt\" expires in 1"))
        #expect(!server.log.contains("long.crt"))
        server.finish()
    }

    @Test("a server with certificates of two key types gives each client the one that it can use")
    func twoKeyTypes() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory, name: "rsa", key: ["rsa:2048"])
        let server = try Server(
            """
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate %PREFIX%/rsa.crt; ssl_certificate_key %PREFIX%/rsa.key;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                return 200 "ok"; } }
            """, directory: directory)
        func signature(_ algorithms: String) throws -> String {
            try TLSClient.handshake(
                port: server.port, serverName: "a.test", options: ["-sigalgs", algorithms],
                in: server.directory
            ).split(separator: "\n").first { $0.contains("Peer signature type") }.map(String.init) ?? "none"
        }
        #expect(try signature("ECDSA+SHA256").hasSuffix("ECDSA"))
        #expect(try signature("rsa_pss_rsae_sha256").hasSuffix("RSA-PSS"))
        server.finish()
    }
}
