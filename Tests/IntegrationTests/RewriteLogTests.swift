import Foundation
import TestSupport
import Testing

/// `rewrite_log`, `uninitialized_variable_warn`: what the error log tells of variables and rewriting.
@Suite("Lines about rewriting") struct RewriteLogTests {
    @Test("what rewrite and if find is told where rewrite_log is on, and nowhere else")
    func rewrites() throws {
        let server = try Server(
            #"""
            worker_processes 1; error_log %PREFIX%/error.log notice; events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1%; rewrite_log on;
                    location /a { rewrite ^/a/(.*)$ /b/$1?z=1 last; rewrite ^/ax /q redirect; return 200 a; }
                    location /b { if ($arg_z !~ 2) { return 200 b; } return 200 c; }
                    location /quiet { rewrite_log off; rewrite ^/quiet/(.*)$ /x$1; return 200 "$uri"; } } }
            """#)
        #expect(try RawClient.get(server.port, "/a/1?y").text == "b")
        #expect(try RawClient.get(server.port, "/ax").status == 302)
        #expect(try RawClient.get(server.port, "/quiet/1").text == "/x1")
        for line in [
            #""^/a/(.*)$" matches "/a/1""#, #"rewritten data: "/b/1", args: "z=1&y""#,
            #""2" does not match "1""#,
            #""^/a/(.*)$" does not match "/ax""#, #""^/ax" matches "/ax""#, #"rewritten redirect: "/q""#,
        ] {
            #expect(
                waitUntil(Deadline(in: 5)) {
                    server.directory.read("error.log").contains("\(line), client:")
                },
                "\(line) is told")
        }
        #expect(!server.directory.read("error.log").contains("/quiet/(.*)"))
        server.finish()
    }

    @Test("a variable that is used before it is set is told of once a request, unless that is off")
    func unset() throws {
        let server = try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log warn; events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1%;
                    location /set { set $late 1; return 200 "$late"; }
                    location /use { return 200 "[$late$late]"; }
                    location /quiet { uninitialized_variable_warn off; return 200 "[$late]"; } } }
            """)
        #expect(try RawClient.get(server.port, "/set").text == "1")
        #expect(try RawClient.get(server.port, "/quiet").text == "[]")
        #expect(try RawClient.get(server.port, "/use").text == "[]")
        let line = #"using uninitialized "late" variable, client:"#
        #expect(waitUntil(Deadline(in: 5)) { server.directory.read("error.log").contains(line) })
        #expect(server.directory.read("error.log").components(separatedBy: line).count == 2)
        server.finish()
    }
}
