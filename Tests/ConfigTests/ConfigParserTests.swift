import Config
import Testing

@Suite("Parser") struct ConfigParserTests {
    @Test("says what nginx says of a file that cannot be read", arguments: Samples.unreadable)
    func refuses(text: String, message: String) {
        #expect(problem(in: text) == message)
    }

    @Test("reads a word as nginx does", arguments: Samples.includes)
    func readsWord(written: String, meant: String) throws {
        #expect(try parse("x \(written);").first?.argument(0) == meant.replacing("//", with: "/"))
    }

    @Test("a line may end in CRLF, and the line of a directive is where its words end")
    func countsLines() throws {
        let statements = try parse("a\r\n  1 2\r\n; b {\r\n\r\n c; }\r\nd;")
        #expect(statements.map(\.words) == [["a", "1", "2"], ["b"], ["d"]])
        #expect(statements.map(\.location.line) == [3, 3, 6])
        #expect(statements[1].block?.first?.location.line == 5)
    }

    @Test("a quoted word may span lines and be empty")
    func keepsQuotedLines() throws {
        #expect(try parse("a \"b\nc\" '' \"\";")[0].words == ["a", "b\nc", "", ""])
    }

    @Test("a bracket right after a quote begins the next word, as conditions of if need")
    func bracketFollowsQuote() throws {
        #expect(try parse("if ($a = \"b\") { }")[0].words == ["if", "($a", "=", "b", ")"])
    }

    @Test("a comment may be long and may hold anything")
    func ignoresComments() throws {
        let comment = "# \" ' { } ; " + String(repeating: "x", count: 9000)
        #expect(try parse("a;\(comment)\n#\nb; # end").map(\.name) == ["a", "b"])
    }

    @Test("a byte order mark at the beginning is skipped")
    func skipsByteOrderMark() throws {
        #expect(try parse("\u{FEFF}a;")[0].name == "a")
    }

    @Test("an empty file holds no statements", arguments: ["", "\n", "# x", "\u{FEFF}"])
    func acceptsNothing(text: String) throws {
        #expect(try parse(text).isEmpty)
    }

    @Test("a word of 4095 bytes is the longest")
    func acceptsLongWords() throws {
        let word = String(repeating: "a", count: 4095)
        #expect(try parse("a \(word) \"\(word)\";")[0].words == ["a", word, word])
    }

    @Test("a word that is not UTF-8 or holds a zero byte is refused; a comment may")
    func refusesOtherEncodings() {
        final class Bytes: SourceFiles {
            func read(_ path: String) -> [UInt8] {
                path == "/latin1"
                    ? Array("#".utf8) + [0xE4] + Array("\na;\nb ".utf8) + [0xE4, 0x3B] : [0x61, 0, 0x3B]
            }
            func glob(_ pattern: String) -> [String] { [] }
        }
        let parser = ConfigParser(files: Bytes(), directory: "")
        #expect(
            problem { () throws(ConfigError) in _ = try parser.read(path: "/latin1").checked() }
                == "the file is not UTF-8 at this line in /latin1:3")
        #expect(
            problem { () throws(ConfigError) in _ = try parser.read(path: "/zero").checked() }
                == "a zero byte is not allowed in a parameter in /zero:1")
    }

    @Test("blocks may be 64 deep, and not deeper")
    func boundsDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "a {\n", count: depth) + String(repeating: "}", count: depth)
        }
        #expect(try parse(nested(64)).count == 1)
        #expect(problem(in: nested(65)) == "blocks are nested more than 64 deep in /conf/t.conf:65")
        #expect(problem(in: nested(1_000_000)) == "blocks are nested more than 64 deep in /conf/t.conf:65")
    }

    @Test("the order of statements is counted through blocks and files")
    func countsOrder() throws {
        let statements = try parse("a; b { c; include x; } d;", files: ["/conf/x": "x; y;"])
        #expect(statements.map(\.order) == [0, 1, 6])
        #expect(statements[1].block?.map(\.order) == [2, 4, 5])
    }
}

@Suite("Options of -g") struct CommandLineTests {
    @Test(
        "have no lines and no blocks",
        arguments: [
            ("worker_processes 1", "unexpected end of parameter, expecting \";\" in command line"),
            ("events {}", "block directives are not supported in -g option in command line"),
            ("}", "unexpected \"}\" in command line"),
            (";", "unexpected \";\" in command line"),
            ("include nope;", "open() \"/conf/nope\" failed (2: No such file or directory) in command line"),
            ("foo 1;", "unknown directive \"foo\" in command line"),
            (
                "worker_processes 1;worker_processes 2;",
                "\"worker_processes\" directive is duplicate in command line"
            ),
        ])
    func refuses(text: String, message: String) {
        #expect(
            problem { () throws(ConfigError) in _ = try configured(text, name: "command line") } == message)
    }

    @Test("are obeyed")
    func obeys() throws {
        #expect(try configured("worker_processes 3;", name: "command line").workers == 3)
    }
}
