import Config
import Core
import HTTP
import Testing
import Upstream

@testable import Proxy

@Suite("match") struct MatchBlockTests {
    private func block(_ text: String) throws -> MatchBlock {
        let statements = try ConfigParser(files: ConfigurationFiles(), directory: "/").parse(
            text: "match m { \(text) }", name: "c")
        return try MatchBlock(try #require(statements.first))
    }

    private func judge(_ text: String, _ status: Int, _ fields: String = "", body: String = "") throws
        -> (HealthRecord.Answer, String?)
    {
        let buffer = ByteBuffer(capacity: 256)
        buffer.append("HTTP/1.1 \(status) X\r\n\(fields)\r\n")
        let head = ResponseHead()
        var parser = HTTP1ResponseParser()
        guard case .complete = parser.parse(buffer, into: head, sizeMax: 4096) else {
            throw ConfigError("bad head")
        }
        let answer = ProbeAnswer(head: head, body: Array(body.utf8))
        return try block(text).judge(answer)
    }

    @Test(
        "passes",
        arguments: [
            ("status 200;", 200, "", ""), ("status 200-399;", 302, "", ""),
            ("status 301-303 307;", 307, "", ""),
            ("status ! 500;", 200, "", ""), ("status ! 400-599;", 302, "", ""), ("", 500, "", ""),
            ("header X-A;", 200, "x-a: 1\r\n", ""), ("header ! X-A;", 200, "X-B: 1\r\n", ""),
            ("header X-A = b;", 200, "X-A: b\r\n", ""), ("header X-A != b;", 200, "X-A: c\r\n", ""),
            ("header X-A ~ ^b.d$;", 200, "X-A: bcd\r\n", ""), ("header X-A !~ z;", 200, "X-A: bcd\r\n", ""),
            ("body ~ ready;", 200, "", "all ready\n"), ("body !~ broken;", 200, "", "all ready\n"),
            (
                #"status 200; header Content-Type = text/html; body ~ "Welcome to nginx!";"#, 200,
                "Content-Type: text/html\r\n", "<h1>Welcome to nginx!</h1>"
            ),
        ])
    func passes(_ text: String, _ status: Int, _ fields: String, _ body: String) throws {
        #expect(try judge(text, status, fields, body: body).0 == .passed)
    }

    @Test(
        "fails, and says why",
        arguments: [
            ("status 200;", 503, "", "", "503"), ("status ! 500;", 500, "", "", "500"),
            ("header X-A;", 200, "", "", #"no field "x-a""#),
            ("header X-A = b;", 200, "X-A: c\r\n", "", #"field "x-a" was not "b""#),
            ("body ~ x;", 200, "", "abc", #"body did not match "x""#),
            ("body !~ b;", 200, "", "abc", #"body matched "b""#),
        ])
    func fails(_ text: String, _ status: Int, _ fields: String, _ body: String, _ why: String) throws {
        let (answer, reason) = try judge(text, status, fields, body: body)
        #expect(answer == .failed)
        #expect(reason == why)
    }

    @Test("a drain line needs all its conditions, and goes before the tests")
    func drain() throws {
        let text = #"status 200; drain status 503 body ~ "draining";"#
        #expect(try judge(text, 503, body: "draining").0 == .draining)
        #expect(try judge(text, 503, body: "broken").0 == .failed)
        #expect(try judge(text, 200, body: "draining").0 == .passed)
        #expect(try judge("drain header X-Drain = 1;", 200, "X-Drain: 1\r\n").0 == .draining)
    }

    @Test(
        "what cannot be read is refused with its place",
        arguments: [
            "status;", "status 99;", "status 300-200;", "status x;", "header;", "header A =;",
            "header ! A = b;",
            "body;", "body x;", "body ~;", "body ~ (;", "foo;", "require $x;", "drain;", "status 200 { }",
        ])
    func refused(_ text: String) {
        let error = #expect(throws: ConfigError.self) { try block(text) }
        #expect(error?.location?.file == "c")
    }
}
