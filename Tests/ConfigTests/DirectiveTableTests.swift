import Synchronization
import Testing

@testable import Config

@Suite("Directives") struct DirectiveTableTests {
    @Test(
        "says what nginx says of a directive that is unknown, misplaced or malformed",
        arguments: Samples.misplaced)
    func refuses(text: String, message: String) {
        #expect(problem { () throws(ConfigError) in _ = try configured(text) } == message)
    }

    @Test("says what nginx says of a value that cannot be used", arguments: Samples.invalid)
    func refusesValue(text: String, message: String) {
        #expect(problem { () throws(ConfigError) in _ = try configured(text) } == message)
    }

    @Test("sets what the rows say")
    func sets() throws {
        let block = try configured("worker_processes 4; daemon OFF; events{}")
        #expect(block.workers == 4)
        #expect(!block.isDaemon)
        let http = Block()
        let text = """
            client_body_timeout 1m; proxy_cache_lock_age 1y; client_header_buffer_size 2K;
            client_max_body_size 3G; satisfy ANY; root /a; gzip_comp_level 9;
            """
        try Block.table.apply(try parse(text), to: http, in: .http)
        #expect(http.timeout == 60_000)
        #expect(http.age == 31_536_000)
        #expect(http.bufferSize == 2048)
        #expect(http.bodySize == 3 << 30)
        #expect(http.satisfy == 2)
        #expect(http.root == "/a")
        #expect(http.workers == 9)
    }

    @Test("a setting written after a nested block reaches into it; written order holds within a stage")
    func stages() throws {
        let text = """
            http {
                server { location / { return 1; } root /s; }
                server { return 2; upstream_is_not_here_; }
                upstream u { server b; server c; }
                map $a $b { x 1; y 2; }
                root /h; client_body_timeout 5s; tcp_nopush on; tcp_nopush on;
            }
            """.replacing("upstream_is_not_here_;", with: "")
        #expect(
            try configured(text).log == [
                "ignored tcp_nopush", "ignored tcp_nopush", "upstream u", "peer b", "peer c", "map of 2",
                "return /s 5000", "return /h 5000",
            ])
    }

    @Test("whatever is wrong is told, in the order of the lines, each once")
    func tellsAll() throws {
        let statements = try parse(
            """
            http { server { location / { foo; root; } }
            server { bar; }
            root /a; root /b; satisfy some; }
            worker_processes many; daemon maybe; bar;
            """)
        do throws(ConfigError) {
            try Block.table.apply(statements, to: Block(), in: .main)
            Issue.record("it was obeyed")
        } catch {
            let wanted = [
                "1: unknown directive \"foo\"", "1: invalid number of arguments",
                "2: unknown directive \"bar\"",
                "3: \"root\" directive is duplicate", "3: invalid value \"some\"",
                "4: \"worker_processes\" directive invalid", "4: invalid value \"maybe\"",
                "4: unknown directive \"bar\"",
            ]
            #expect(error.lines.count == wanted.count)
            for (line, text) in zip(error.lines, wanted) {
                #expect("\(line.suffix(1)): \(line)".hasPrefix(text))
            }
        }
    }

    @Test("the row whose contexts hold the block wins; a block may be read in two contexts at once")
    func picksRow() throws {
        let statement = try parse("server { }")[0]
        #expect(try Block.table.row(for: statement, in: [.main, .http]).contexts == .http)
        #expect(Block.table.rows(named: "server").count == 1)
        #expect(Block.table.rows(named: "nothing").isEmpty)
    }

    @Test(
        "an unknown name is answered with the one that was meant",
        arguments: [
            ("worker_proceses 1;", ", did you mean \"worker_processes\"?"),
            ("worker_porcesses 1;", ", did you mean \"worker_processes\"?"),
            ("Events { }", ", did you mean \"events\"?"),
            ("http { client_max_body_bytes 1; }", ", the nearest name is \"client_max_body_size\""),
            ("http { server { rot /a; } }", ", did you mean \"root\"?"),
            ("xyz;", ""), ("ht;", ""),
        ])
    func suggests(text: String, hint: String) throws {
        let message = problem { () throws(ConfigError) in _ = try configured(text) } ?? ""
        #expect(message.hasPrefix("unknown directive \""))
        #expect(message.hasSuffix("\"\(hint) in /conf/t.conf:1"))
    }

    @Test("what was meant is looked for where that is told, not for each of thousands of names")
    func guessesForFew() throws {
        let count = Mutex(0)
        let statement = try #require(try parse("a;").first)
        let errors = (0..<1000).map { number in
            ConfigError.misspelt("unknown directive \"a\(number)\"", statement) {
                count.withLock { $0 += 1 }
                return ", did you mean \"b\"?"
            }
        }
        let lines = try #require(ConfigError.together(errors)).lines
        #expect(lines.count == 201)
        #expect(lines.first == "unknown directive \"a0\", did you mean \"b\"? in \(statement.location)")
        #expect(count.withLock { $0 } == 200)
    }

    @Test("help prints sentence, syntax, default and contexts")
    func helps() {
        #expect(
            Block.table.help(for: "satisfy") == """
                Access.
                Syntax:   satisfy all | any;
                Default:  satisfy all;
                Context:  http, server, location
                """)
        #expect(
            Block.table.help(for: "map")?.contains("map string $variable { ... }\nDefault:  none") == true)
        #expect(Block.table.help(for: "nothing") == nil)
    }
}
