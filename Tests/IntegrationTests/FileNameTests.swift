import Foundation
import TestSupport
import Testing

/// Bytes of a request are bytes of a file's name, and of a target, whatever encoding they are of.
@Suite("Bytes that are no UTF-8") struct FileNameTests {
    private static let text = """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www;
                location /alias/ { alias %PREFIX%/www/; }
                location /try/ { alias %PREFIX%/www/; try_files $uri =404; }
                location /index/ { alias %PREFIX%/www/; index $arg_i; }
                location /if/ { if (-f %PREFIX%/www/$arg_f) { return 200 "file"; }
                    if (-d %PREFIX%/www/$arg_f) { return 200 "folder"; }
                    if (-e %PREFIX%/www/$arg_f) { return 200 "other"; } return 200 "none"; }
                location /real/ { root %PREFIX%/www/$arg_f; return 200 $realpath_root; }
                location /pass/ { proxy_pass http://%GATEWAY1%$uri; } }
        }
        """

    private static let byte = "\u{FF}"

    /// `%PREFIX%/www/NAME` with a name of one byte that is no UTF-8, and the name that it must not become.
    private static func makeFiles(in directory: TemporaryDirectory) throws {
        try directory.write("replaced\n", to: "www/\u{FFFD}")
        try directory.write("folder\n", to: "www/d/index.html")
        let folder = Array((directory.path + "/www/").utf8)
        let descriptor = (folder + [0xFF, 0]).withUnsafeBytes { bytes in
            bytes.baseAddress.map { open($0.assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY, 0o644) }
        }
        #expect(write(descriptor ?? -1, "raw\n", 4) == 4)
        close(descriptor ?? -1)
        let renamed = (folder + [0xFE, 0]).withUnsafeBytes { bytes in
            bytes.baseAddress.map {
                rename(directory.path + "/www/d", $0.assumingMemoryBound(to: CChar.self))
            }
        }
        #expect(renamed == 0)
    }

    @Test("lead to the file of that name: root, alias, try_files, index, if and $realpath_root")
    func namesAreBytes() throws {
        let directory = try TemporaryDirectory()
        try Self.makeFiles(in: directory)
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway], directory: directory)
        for target in ["/%FF", "/alias/%FF", "/try/%FF", "/index/?i=\(Self.byte)"] {
            let client = try RawClient(port: server.port)
            client.send(
                Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n".unicodeScalars.map { UInt8($0.value) }))
            let response = try client.response()
            #expect(response.status == 200 && response.text == "raw\n", "\(target): \(response)")
        }
        #expect(try RawClient.get(server.port, "/%FE/").text == "folder\n")
        #expect(try RawClient.get(server.port, "/%FD").status == 404)
        #expect(server.waitForLog("www/\\xFD\" failed (2: No such file or directory)"))
        for (name, kind): (UInt8, String) in [(0xFF, "file"), (0xFE, "folder"), (0xFD, "none")] {
            let client = try RawClient(port: server.port)
            client.send(Array("GET /if/?f=".utf8) + [name] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect(try client.response().text == kind)
        }
        let client = try RawClient(port: server.port)
        client.send(Array("GET /real/?f=".utf8) + [0xFE] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(try client.response().body.suffix(5) == Array("www/".utf8) + [0xFE])
        server.finish()
    }

    @Test("pass to the gateway as they are, in a target made of variables")
    func targetsAreBytes() throws {
        let gateway = try RecordingGateway("g1")
        defer { gateway.stop() }
        let server = try Server(Self.text, gateways: [gateway])
        #expect(try RawClient.get(server.port, "/pass/%FF%C3x").status == 200)
        #expect(try RawClient.get(server.port, "/pass/a%20b%0D%0AX:%20y").status == 200)
        let targets = gateway.requests.map(\.target)
        #expect(targets == ["/pass/\u{FF}\u{C3}x", "/pass/a%20b%0D%0AX:%20y"])
        server.finish()
    }
}
