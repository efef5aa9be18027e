import Foundation
import Testing

/// No request costs more than linear time, or the bound on steps.
@Suite("Patterns and requests made for them") struct PatternLimitTests {
    private static let text = #"""
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http {
            access_log off;
            large_client_header_buffers 4 16k;
            map $arg_m $mapped { default 0; "~^(a+)+\1!?c$" 1; }
            server {
                listen 127.0.0.1:%PORT1%;
                location = /good { return 200 good; }
                location ~ ^/linear/(a+)+$ { return 200 "linear"; }
                location ~ "^/decided/(?:a|aa)+(?<!b)$" { return 200 "decided"; }
                location /if { if ($arg_x ~ "^(a+)+\1!?c$") { return 403; } return 200 open; }
                location /map { if ($mapped) { return 403; } return 200 open; }
                location /status { status; allow 127.0.0.1; }
            }
        }
        """#

    private static func ask(_ server: Server, _ target: String) throws -> (status: Int, body: String) {
        let response = try RawClient.ask(server.port, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test("what is regular is decided, however long it takes elsewhere")
    func linear() throws {
        let server = try Server(Self.text)
        let long = String(repeating: "a", count: 8000)
        #expect(try Self.ask(server, "/linear/\(long)!").status == 404)
        #expect(try Self.ask(server, "/linear/\(long)").body == "linear")
        #expect(try Self.ask(server, "/decided/\(long)").body == "decided")
        #expect(try Self.ask(server, "/decided/\(long)!").status == 404)
        server.finish()
    }

    @Test("where patterns take too long together, that is said, and none of them is accused")
    func together() throws {
        let rows = (0..<300).map { "\"~*robot\($0)[a-z]+/\($0)\" \($0);" }.joined(separator: "\n")
        let server = try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log info; pattern_match_limit 1000; events { }
            http { access_log off; large_client_header_buffers 4 16k;
                map $arg_m $mapped { default none;
                \(rows) }
                server { listen 127.0.0.1:%PORT1%; return 200 $mapped; } }
            """)
        // Each place of it leads to another state of the automaton.
        let text = (0..<300).map { "robot\($0 * 7 % 300)" + String(repeating: "a", count: $0 % 10) }.joined()
        #expect(try Self.ask(server, "/?m=robot3x/3").body == "3")
        #expect(try Self.ask(server, "/?m=\(text)").status == 500)
        #expect(server.waitForLog("exceeded by 300 patterns that are looked for together, the first of them"))
        server.finish()
    }

    @Test("what would take too long ends in 500, is named and counted, and holds up nobody else")
    func limit() throws {
        let server = try Server(Self.text)
        let long = String(repeating: "a", count: 8000)
        for path in ["/if?x=", "/map?m="] {
            #expect(try Self.ask(server, "\(path)\(long)cc").status == 500)
            #expect(try Self.ask(server, "\(path)aac").status == 403)
            #expect(try Self.ask(server, "\(path)aad").status == 200)
            #expect(try Self.ask(server, "/good").body == "good")
        }
        #expect(server.waitForLog(#"the match limit is exceeded by "^(a+)+\1!?c$" of "if" in "#))
        let report = try RawClient.ask(
            server.port, "GET /status?format=json HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(String(decoding: report.body, as: UTF8.self).contains(#""pattern_limit_exceeded":2"#))
        server.finish()
    }
}
