import Config
import Core
import HTTP
import Testing

@testable import Proxy

/// What the guides' examples do. That the guides show the same lines is `GuideTests`' matter.
@Suite("The guides' examples") struct ExampleTests {
    /// A location in which a directive of an example stands.
    private func location(_ row: Directive<Block>?, _ words: [String]) throws -> Location {
        let request = LoadRequest(
            prefix: "/", path: nil, globalDirectives: "", errorLogPath: "stderr",
            builtIn: BuiltInConfiguration(name: "example.conf", text: ""))
        let builder = try ConfigurationBuilder(request, ConfigurationFiles())
        let block = Block(.location, builder, parent: nil, server: nil)
        let statement = Statement(
            words: words, block: nil, location: SourceLocation(file: "example", line: 1))
        try DirectiveTable([try #require(row)]).apply([statement], to: block, in: .location)
        return try builder.makeLocation(block, like: block)
    }

    /// A client whose request waits for the rest of its content, and its exchange.
    private func waiting(_ fields: String = "") throws -> (client: ScriptedClient, exchange: Exchange) {
        let scripted = try ScriptedWorker(serving: "location / { proxy_pass http://127.0.0.1:9; }")
        let client = try ScriptedClient(of: scripted)
        client.send("POST /a HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: 3\r\n\r\n")
        guard case .http1(let session)? = client.session else { throw ConfigError("no session") }
        let exchange = try #require(session.exchange)
        #expect(exchange.phase == .readingBody)
        return (client, exchange)
    }

    @Test("the directive sets, the access check obeys")
    func accessCheck() throws {
        let (client, exchange) = try waiting()
        let (named, namedExchange) = try waiting("User-Agent: test\r\n")
        let row = UserAgentSettings.directives.first
        for (word, isRequired) in [("on", true), ("off", false)] {
            let location = try location(row, ["require_user_agent", word])
            #expect(location.settings.userAgent.isRequired == isRequired)
            exchange.location = location
            namedExchange.location = location
            let verdicts = (UserAgentRule.check(exchange), UserAgentRule.check(namedExchange))
            guard case .silent = verdicts.1 else { return #expect(Bool(false), "\(verdicts)") }
            switch (verdicts.0, isRequired) {
            case (.refused(403), true), (.silent, false): break
            default: Issue.record("\(verdicts) where it is \(word)")
            }
        }
        #expect(client.session != nil && named.session != nil)
    }

    @Test("the variable counts attempts")
    func variable() throws {
        let (client, exchange) = try waiting()
        let row = try #require(Variables.exampleRows.first)
        let out = ByteBuffer(capacity: 16)
        #expect(row.append(exchange, out))
        exchange.beginAttempt(at: Array("a".utf8))
        #expect(row.append(exchange, out))
        #expect(String(decoding: out.bytes, as: UTF8.self) == "01")
        #expect(client.session != nil)
    }

    @Test("the content module answers the location's requests")
    func contentModule() throws {
        let (client, exchange) = try waiting()
        exchange.location = try location(Hello.directive, ["hello", "$host"])
        exchange.advance(.resumed)
        exchange.method = .get
        exchange.serve(from: .content)
        client.send("abc")
        #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\n") && client.text.hasSuffix("\r\n\r\nhello a"))
    }

    @Test("the protocol sends content alone, and ends the connection")
    func stream() throws {
        let (client, exchange) = try waiting()
        let stream = LineStream(exchange.worker, exchange.client, exchange)
        let content = ByteBuffer(capacity: 16)
        content.append("hello ")
        stream.start(exchange)
        stream.send(content, of: exchange, isLast: false)
        #expect(content.isEmpty && stream.heldCount == 0 && !stream.isBlocked)
        content.append("world")
        stream.send(content, of: exchange, isLast: true)
        #expect(stream.heldCount == 5)
        stream.end(exchange)
        client.read()
        #expect(client.text == "hello world" && client.isEnded && stream.exchange == nil)
    }
}
