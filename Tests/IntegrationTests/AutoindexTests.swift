import Foundation
import TestSupport
import Testing

/// `autoindex`: what is in a folder, byte for byte as nginx lists it.
@Suite("Autoindex", .serialized) struct AutoindexTests {
    private static let formats = ["html", "utf8", "rounded", "json", "jsonp", "xml"]

    private static func text(_ folder: String) -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http { access_log off; %TEMP_PATHS%
            server { listen 127.0.0.1:%PORT1%; root \(folder); autoindex on;
                location /html/ { alias \(folder)/; }
                location /utf8/ { alias \(folder)/; charset utf-8; }
                location /rounded/ { alias \(folder)/; autoindex_exact_size off; autoindex_localtime on; }
                location /json/ { alias \(folder)/; autoindex_format json; }
                location /jsonp/ { alias \(folder)/; autoindex_format jsonp; }
                location /xml/ { alias \(folder)/; autoindex_format xml; }
                location /off/ { alias \(folder)/; autoindex off; }
                location = /tea { return 200 tea; } } }
        """
    }

    /// Odd names and sizes, all with the same time.
    private func fill(_ folder: TemporaryDirectory) throws {
        let names: [[UInt8]] =
            [
                "plain.txt", "two words", "a&b", "<i>", "say \"hi\"", "it's", "50%", "a?b#c", "back\\slash",
                ".hidden",
                "-dash", "~tilde", "caf\u{e9}", "new\nline", "tab\tbed", "B", "b",
                String(repeating: "l", count: 50),
                String(repeating: "m", count: 51), String(repeating: "&", count: 60),
                String(repeating: "\u{e9}", count: 40), String(repeating: "\u{20ac}<", count: 25),
                String(repeating: "\u{1f600}", count: 51),
            ].map { Array($0.utf8) } + [[0x62, 0x61, 0x64, 0xFF, 0xFE], [0x63, 0x01, 0x7F]]
        var paths = names.map { Array((folder.path + "/").utf8) + $0 }
        for (index, path) in paths.enumerated() {
            let file = open(path.map { CChar(bitPattern: $0) } + [0], O_CREAT | O_WRONLY, 0o644)
            #expect(file >= 0)
            ftruncate(file, off_t([0, 9999, 10_000, 10_752, 1 << 20, 1_572_864, 5 << 30][index % 7]))
            close(file)
        }
        for name in ["dir", "dir two", String(repeating: "d", count: 50), String(repeating: "e", count: 49)] {
            mkdir(folder.file(name), 0o755)
            paths.append(Array(folder.file(name).utf8))
        }
        symlink("nowhere", folder.file("broken"))
        symlink("dir", folder.file("linked"))
        mkfifo(folder.file("pipe"), 0o644)
        paths.append(Array(folder.file("pipe").utf8))
        let time = timespec(tv_sec: 1_700_000_000, tv_nsec: 0)
        for path in paths + [Array(folder.file("broken").utf8)] {
            utimensat(
                AT_FDCWD, path.map { CChar(bitPattern: $0) } + [0], [time, time], AT_SYMLINK_NOFOLLOW)
        }
    }

    @Test(
        "listings are nginx's, byte for byte", .enabled(if: Binary.nginx != nil, "nginx is not installed"))
    func likeNginx() throws {
        let folder = try TemporaryDirectory()
        try fill(folder)
        var told: [[String: [UInt8]]] = []
        for kind in [Server.Kind.nginx, .portico] {
            let server = try Server(Self.text(folder.path), kind: kind)
            var bodies: [String: [UInt8]] = [:]
            for format in Self.formats {
                let response = try RawClient.get(server.port, "/\(format)/?callback=Ns.f_1")
                #expect(response.status == 200)
                let type = response.head.values("content-type").joined()
                bodies[format] = Array("\(type)\n".utf8) + response.body
            }
            #expect(try RawClient.get(server.port, "/jsonp/?callback=a-b").status == 400)
            #expect(try RawClient.get(server.port, "/off/").status == 403)
            #expect(try RawClient.get(server.port, "/nowhere/").status == 404)
            // A listing is of no time that a client could know.
            let conditional = try RawClient.ask(
                server.port,
                "GET /html/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                    + "If-Unmodified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n")
            #expect(conditional.status == 412)
            server.finish()
            told.append(bodies)
        }
        for format in Self.formats {
            #expect(
                String(latin1: told[0][format] ?? []) == String(latin1: told[1][format] ?? []), "\(format)")
        }
    }

    @Test("a small listing says what it does without a model to look at")
    func small() throws {
        let folder = try TemporaryDirectory()
        try folder.write("abc", to: "one & two")
        let server = try Server(Self.text(folder.path))
        let page = try RawClient.get(server.port, "/html/")
        #expect(
            String(latin1: page.body) == """
                <html>\r\n<head><title>Index of /html/</title></head>\r\n<body>\r\n<h1>Index of /html/</h1>\
                <hr><pre><a href="../">../</a>\r\n<a href="one%20%26%20two">one &amp; two</a>\
                \(String(repeating: " ", count: 42))14-Nov-2023 22:13                   3\r\n\
                </pre><hr></body>\r\n</html>\r\n
                """)
        #expect(
            String(latin1: try RawClient.get(server.port, "/json/").body) == """
                [\r\n{ "name":"one & two", "type":"file", "mtime":"Tue, 14 Nov 2023 22:13:20 GMT", "size":3 }\
                \r\n]
                """)
        let head = try RawClient.ask(
            server.port, "HEAD /html/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(
            try RawClient.ask(
                server.port,
                "POST /html/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            ).status == 403)
        server.finish()
    }

    @Test("while a long listing is made, others are served; it is sorted and whole", .timeLimit(.minutes(2)))
    func long() throws {
        let folder = try TemporaryDirectory()
        let count = 10_000
        for index in 0..<count {
            let name = String(index * 7919 % 100_003)
            close(
                open(folder.file("\(String(repeating: "0", count: 6 - name.count))\(name)"), O_CREAT, 0o644))
        }
        let server = try Server(
            Self.text(folder.path).replacingOccurrences(of: "%PORT1%;", with: "%PORT1% sndbuf=16k;"))
        #expect(try server.served("/tea", whileMaking: "/json/") >= 5)
        let json =
            try JSONSerialization.jsonObject(
                with: Data(try RawClient.get(server.port, "/json/").body)) as? [[String: Any]]
        let names = (json ?? []).compactMap { $0["name"] as? String }
        #expect(names.count == count && names == names.sorted())
        // However many are made, a short one is.
        mkdir(folder.file("short"), 0o755)
        let waiting = try (0..<40).map { _ in
            let client = try RawClient(port: server.port, receiveBuffer: 4096)
            client.send("GET /html/ HTTP/1.1\r\nHost: a\r\n\r\n")
            return client
        }
        #expect(server.waitForLog("32 long answers are being made: this one is refused"))
        #expect(try RawClient.get(server.port, "/html/").status == 503)
        #expect(try RawClient.get(server.port, "/html/short/").status == 200)
        for client in waiting { client.close() }
        // A client that leaves in the middle takes nothing with it.
        for _ in 0..<40 {
            let leaving = try Socket.connect(port: server.port)
            #expect(Socket.write(Array("GET /html/ HTTP/1.1\r\nHost: a\r\n\r\n".utf8), to: leaving))
            var byte = UInt8(0)
            #expect(recv(leaving, &byte, 1, 0) == 1)
            close(leaving)
        }
        #expect(
            try waitUntil(Deadline(in: 20)) { try RawClient.get(server.port, "/json/").status == 200 })
        server.finish(expected: ["long answers"])
    }

    @Test("random_index picks each file sooner or later, and nothing else")
    func random() throws {
        let server = try Server(
            """
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%;
                location / { random_index on; root %PREFIX%/some; } } }
            """, files: ["some/a": "a", "some/b": "b", "some/c": "c", "some/.d": "d", "some/folder/e": "e"])
        var seen: Set<String> = []
        for _ in 0..<200 { seen.insert(try RawClient.get(server.port, "/").text) }
        #expect(seen == ["a", "b", "c"])
        server.finish()
    }
}
