import Config
import Core
import Testing

@testable import Proxy

@Suite("Regular expressions")
struct CompiledRegexTests {
    private static let statement = Statement(
        words: ["location"], block: nil, location: SourceLocation(file: "f", line: 1))

    /// What `$0`, `$1`… came to; `nil`: no match.
    private static func groups(_ pattern: String, _ subject: [UInt8], ignoringCase: Bool = false) throws
        -> [String]?
    {
        let regex = try CompiledRegex(pattern, ignoringCase: ignoringCase, statement)
        var captures = Captures()
        guard regex.match(subject.span, into: &captures) else { return nil }
        return (0..<4).map { index in
            let out = ByteBuffer(capacity: 16)
            captures.append(index, to: out)
            return out.withReadable { (bytes: Span<UInt8>) in CompiledRegex.text(bytes) }
        }
    }

    /// Checked beside nginx 1.22 with PCRE2 10.42.
    static let samples: [(String, String, String?)] = [
        (#"^/(\w+)-(\w+)\.html$"#, "/x-y.html", "/x-y.html"),
        (#"b$"#, "ab\n", "b"),
        (#"b$"#, "ab\n\n", nil),
        (#"(?m)a$"#, "a\nb", "a"),
        (#"b\z"#, "ab\n", nil),
        (#"\bb\b"#, "a.b", "b"),
        (#"\bb\b"#, "a_b", nil),
        (#"[^]]b"#, "a]b", nil),
        (#"[^]]b"#, "ab", "ab"),
        (#"[]a]+"#, "x]a", "]a"),
        (#"[[a]+"#, "x[a", "[a"),
        (#"[a&&b]+"#, "x&a", "&a"),
        (#"[a~~b]+"#, "x~a", "~a"),
        (#"[[:alpha:]]+[[:digit:]]"#, "-ab1", "ab1"),
        (#"\Qa.b\E"#, "axb", nil),
        (#"\Q$\E"#, "a$", "$"),
        (#"[$]"#, "a$", "$"),
        (#"\$"#, "a$", "$"),
        (#"a\Nb"#, "axb", "axb"),
        (#"a.b"#, "a\nb", nil),
        (#"^/adm/(.*)$"#, "/adm/\rx", "/adm/\rx"),
        (#"^/adm/(.*)$"#, "/adm/\u{B}\u{C}х", "/adm/\u{B}\u{C}\u{D1}\u{85}"),
        (#"^/adm/(.*)$"#, "/adm/a\nb", nil),
        (#"a$"#, "a\r", nil),
        (#"a\Z"#, "a\r", nil),
        (#"a\Z"#, "a\n", "a"),
        (#"(?s)a.b"#, "a\nb", "a\nb"),
        (#"((?s)a.)b.c"#, "a\nb\nc", nil),
        (#"(?s:a.)b.c"#, "a\nbxc", "a\nbxc"),
        (#"(?s)a(?-s:.)"#, "a\n", nil),
        (#"(?s)(?^)a.b"#, "a\nb", nil),
        (#"(?sm)a.$"#, "a\n\nb", "a\n"),
        (#"(?m)a$"#, "a\rb", nil),
        (#"a(?#.$[)b"#, "ab", "ab"),
        ("(?x) a . # the dot $ ( [\n b", "a-b", "a-b"),
        (#"\Qa.\E"#, "a.", "a."),
        (#"a[.$]$"#, "a.", "a."),
        (#"[.]"#, "x", nil),
        (#"\."#, "x", nil),
        (#"a\Rb\R"#, "a\r\nb\u{C}", "a\r\nb\u{C}"),
        (#"a\h[\h]b"#, "a\t b", "a\t b"),
        (#"\v"#, " ", nil),
        (#"[[:punct:]]+"#, "a$+<=>^`|~", "$+<=>^`|~"),
        (#"[[:word:]]+"#, "-a_1-", "a_1"),
        (#"[[:alpha:]]"#, "é", nil),
        (#"[[:^alpha:]x]+"#, "abx1", "x1"),
        (#"[^[:space:]]+"#, " ab ", "ab"),
        (#"(a)\1"#, "aa", "aa"),
        (#"(?!x)a"#, "a", "a"),
        (#"a++b"#, "aab", "aab"),
        (#"\x41"#, "A", "A"),
    ]

    @Test("match what PCRE matches", arguments: samples)
    func matches(_ pattern: String, _ subject: String, _ expected: String?) throws {
        #expect(try CompiledRegexTests.groups(pattern, Array(subject.utf8))?.first == expected)
    }

    @Test("groups are numbered; one that took no part is empty")
    func groupsAreNumbered() throws {
        let found = try CompiledRegexTests.groups("/(a)|(b)(c)?", Array("b".utf8))
        #expect(found == ["b", "", "b", ""])
    }

    @Test("bytes that are no UTF-8 are matched one by one")
    func bytesAreCharacters() throws {
        #expect(try CompiledRegexTests.groups("^..$", [0xC3, 0x28]) != nil)
        #expect(try CompiledRegexTests.groups("^.$", [0xC3, 0xA9]) == nil)
        #expect(try CompiledRegexTests.groups("é", [0x61, 0xC3, 0xA9]) != nil)
        #expect(try CompiledRegexTests.groups(#"\w"#, [0xC3, 0xA9]) == nil)
    }

    @Test("case is ignored where ~* says so")
    func caseIsIgnored() throws {
        #expect(try CompiledRegexTests.groups("ABC", Array("xabc".utf8), ignoringCase: true) != nil)
        #expect(try CompiledRegexTests.groups("ABC", Array("xabc".utf8)) == nil)
        for pattern in ["é", #"\xC3\xA9"#] {
            #expect(try CompiledRegexTests.groups(pattern, [0xC3, 0xA9], ignoringCase: true) != nil)
            #expect(try CompiledRegexTests.groups(pattern, [0xE3, 0xA9], ignoringCase: true) == nil)
        }
    }

    @Test("groups may be named in three ways; look-behinds are no names")
    func groupNames() {
        #expect(CompiledRegex.groupNames("(?<a>x)(?P<b>y)(?'c'z)(?<=d)(?<!e)(?:f)") == ["a", "b", "c"])
    }

    @Test("a pattern that cannot be compiled is refused with the place")
    func refusesBadPatterns() {
        #expect(
            throws: ConfigError(
                "invalid regular expression \"(\": expected ')'", at: CompiledRegexTests.statement.location)
        ) {
            try CompiledRegex("(", ignoringCase: false, CompiledRegexTests.statement)
        }
    }

    @Test("captures of one match do not survive the next")
    func capturesAreReplaced() throws {
        let long = try CompiledRegex("(a)(?<n>b)", ignoringCase: false, CompiledRegexTests.statement)
        let short = try CompiledRegex("c", ignoringCase: false, CompiledRegexTests.statement)
        var captures = Captures()
        let first = Array("ab".utf8)
        let second = Array("c".utf8)
        #expect(long.match(first.span, into: &captures))
        #expect(short.match(second.span, into: &captures))
        let out = ByteBuffer(capacity: 16)
        captures.append(1, to: out)
        #expect(out.isEmpty)
        #expect(captures.named.isEmpty)
    }
}
