import Core
import TestSupport

/// Patterns over PCRE's whole syntax, held against what a field says: same verdict, same groups.
extension DifferentialGroup {
    /// A pattern as a word of the configuration.
    private static func word(_ pattern: String) -> String {
        "\"" + pattern.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static let written: [(pattern: String, subjects: [String])] = [
        ("[abc]+", ["xxabcx", "xyz"]),
        ("[^abc]+", ["abc"]),
        ("[a-c0-2]+", ["zb1c9"]),
        ("[]a]+", ["x]a]"]),
        ("[^]a]", ["]ab"]),
        (#"[a\-z]+"#, ["a-z", "m"]),
        ("[-a]+", ["a-b"]),
        ("[a-]+", ["b-a"]),
        (#"[\w-]+"#, ["foo-bar baz"]),
        ("[[:alpha:][:digit:]_]+", ["-ab12_-"]),
        ("[[:^digit:]]+", ["12ab"]),
        ("[[:punct:]]+", ["a!?b"]),
        (#"[\d.]+"#, ["v1.22."]),
        (#"[\x41-\x43]+"#, ["xABCD"]),
        (#"[\101]"#, ["A"]),
        (#"[\Qa-z\E]+"#, ["a-zb"]),
        ("[a&&b]+", ["a&b"]),
        ("[[]", ["["]),
        (#"[\]]"#, ["]"]),
        ("(?i)[A-C]+", ["xabC"]),
        ("(?i)[^k]", ["Kk x"]),
        ("[a-c-e]+", ["ab-e"]),
        ("[.]", ["a.b"]),
        ("[*+?]+", ["a*+?"]),
        (#"\d+"#, ["ab123c"]),
        (#"\D+"#, ["12ab"]),
        (#"\w+"#, ["-foo_9-"]),
        (#"\W+"#, ["foo -bar"]),
        (#"\Qa.b*\E+"#, ["xa.b**"]),
        (#"\x41\x{42}\103\o{104}"#, ["ABCD"]),
        (#"\.\/\-\_"#, ["./-_"]),
        (#"a\Eb"#, ["ab"]),
        (#"\p{Lu}\p{Ll}"#, ["xAb"]),
        (#"\P{L}"#, ["ab1"]),
        ("^a", ["ab", "ba"]),
        ("a$", ["ba", "ab"]),
        (#"a\z"#, ["a"]),
        (#"\Aa"#, ["ba"]),
        (#"\Ga"#, ["ba", "a"]),
        (#"\bfoo\b"#, ["a foo.", "afoo", "foo"]),
        (#"\Boo"#, ["foo", "oo"]),
        ("^$", ["a"]),
        ("[[:<:]]foo[[:>:]]", ["a foo b", "xfoo"]),
        ("a*", ["aaab", "b"]),
        ("a+?", ["aaa"]),
        ("a??b", ["ab"]),
        ("a{2}", ["aaa", "a"]),
        ("a{2,}", ["aaaa"]),
        ("a{1,2}?", ["aaa"]),
        ("a{,2}", ["aa", "a{,2}"]),
        ("a{2", ["a{2"]),
        ("x{0}y", ["xy"]),
        ("(a{0})b", ["ab"]),
        ("a*+a", ["aaa"]),
        ("a++b", ["aaab"]),
        ("a?+a", ["a", "aa"]),
        ("(ab)*", ["ababa"]),
        ("(ab)*?c", ["ababc"]),
        ("(a|b)*", ["abc"]),
        ("(a*)*", ["aab", "b"]),
        ("(a*)+", ["b"]),
        ("(|a)+", ["aaa"]),
        ("(a|)+", ["aa"]),
        ("(?:a|b)+?c", ["abac"]),
        (".*foo", ["afoofoo"]),
        (".*?foo", ["afoofoo"]),
        ("(?U)a+", ["aaa"]),
        ("(?U)a+?", ["aaa"]),
        (#"\d{1,3}(?:\.\d{1,3}){3}"#, ["ip 10.0.0.255!"]),
        ("((a)|(b))+", ["ab"]),
        ("((?:[a-c].){0,2}(c)?+)*", ["a-A"]),
        ("(a)(b)(c)", ["abc"]),
        ("(?:a)(b)", ["ab"]),
        (#"(?<year>\d{4})-(?P<m>\d\d)-(?'d'\d\d)"#, ["on 2026-11-28"]),
        ("(a)|(b)", ["b"]),
        ("(?|(a)x|(b)y)(c)", ["byc"]),
        ("(?>a+)b", ["aab"]),
        ("(?>a|ab)c", ["abc"]),
        ("(a(b(c)?)?)?", ["ab"]),
        ("((a)b)?", ["ac"]),
        ("()", ["a"]),
        ("(?:)", ["a"]),
        ("(?n)(a)(?<x>b)", ["ab"]),
        ("(^a|b$)", ["ab"]),
        ("a|ab", ["ab"]),
        ("ab|a", ["ab"]),
        ("(a|ab)(c|bcd)(d*)", ["abcd"]),
        ("foo|bar|baz", ["xbaz"]),
        ("|a", ["a"]),
        ("a||b", ["b"]),
        ("(foo|foobar)$", ["foobar"]),
        ("^(GET|POST)$", ["GET", "PUT"]),
        ("(?i)abc", ["xABc"]),
        ("a(?i)b|c", ["aB", "C"]),
        ("(?i:a)b", ["Ab", "AB"]),
        ("(?-i)a", ["a"]),
        ("(?xx)[a b]+", ["ab a"]),
        ("a(?#comment)b", ["ab"]),
        (#"(?i)\x61"#, ["A"]),
        ("(?^)a", ["a"]),
        ("foo(?=bar)", ["foobar", "foobaz"]),
        ("foo(?!bar)", ["foobar foobaz"]),
        ("(?<=foo)bar", ["foobar", "xbar"]),
        ("(?<!foo)bar", ["foobar bar"]),
        (#"^(?!.*\.php$).*"#, ["/a.php", "/a.html"]),
        ("^/(?!api|static)(.*)$", ["/api/x", "/app/x"]),
        ("(?<=a|bc)d", ["bcd", "ad", "cd"]),
        ("(?<!a|bc)d", ["bcd", "ed"]),
        (#"(?=(\w+))\1:"#, ["abc:"]),
        ("(?=a*b)a", ["aab"]),
        ("(?<=^|/)x", ["a/x"]),
        (#"(?<=\d{3})x"#, ["123x", "12x"]),
        ("(?=)a", ["a"]),
        ("(?!)a", ["a"]),
        ("a(?=(b)?)", ["ab", "ac"]),
        ("(?!(a)b)a(c)", ["ac"]),
        ("(*pla:a)a", ["a"]),
        ("(*nlb:x)a", ["xa", "ya"]),
        (#"(a)\1"#, ["aa", "ab"]),
        (#"(\w)\1"#, ["hello"]),
        (#"(?i)(a)\1"#, ["aA"]),
        (#"(?<q>['"]).*?\k<q>"#, [#"say 'hi' or "ho""#]),
        ("(?P<x>a)(?P=x)", ["aa"]),
        (#"(a)(b)\g{-1}"#, ["abb"]),
        (#"(a)\g1"#, ["aa"]),
        (#"\g{1}(a)"#, ["aa"]),
        (#"(a)?\1b"#, ["b", "aab"]),
        (#"(a|\1b)+"#, ["aab"]),
        (#"()()()()()()()()()(x)\10"#, ["xx"]),
        (#"(?:(a)|b)\1"#, ["aa", "ba"]),
        (#"(?<n>a)(?:x\k{n})+"#, ["axaxa"]),
        (#"foo\Kbar"#, ["foobar"]),
        (#"a\K"#, ["a"]),
        (#"(a\Kb)c"#, ["abc"]),
        (#"\.(?:jpg|jpeg|gif|png|ico|css|js)$"#, ["/a/b.css", "/a.css?"]),
        (#"^/api/v(\d+)/(.*)$"#, ["/api/v2/users/1"]),
        ("^~", ["~"]),
        (#"^(?<sub>.+)\.example\.(?:com|org)$"#, ["a.b.example.org"]),
        ("(?i)bot|crawl|spider", ["Mozilla GoogleBot/2.1"]),
        ("^/(?:en|de)(/|$)", ["/de", "/en/x", "/english"]),
        (#"/\.(?!well-known)"#, ["/.git", "/.well-known/x"]),
        (#"^(www\.)?(.+)$"#, ["www.example.org", "x.org"]),
        ("^https?://([^/]+)(/.*)?$", ["https://a.b/c", "http://x"]),
        (#"[^/]+\.php(/|$)"#, ["/index.php/x", "/index.phps"]),
        ("^/u/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$", ["/u/0af7651e-16cd-43dd-8448-eb211c80319c"]),
    ]

    static var patterns: DifferentialGroup {
        let patterns = written.map(\.pattern) + (0..<200).map { GeneratedPatterns.pattern(seed: $0) }
        let places = patterns.enumerated().map { index, pattern in
            """
            location = /p\(index) {
                if ($http_s ~ \(word(pattern))) { return 200 "yes 1[$1] 2[$2] 3[$3] 4[$4]\\n"; }
                return 200 "no [$1]\\n";
            }
            location = /c\(index) {
                if ($http_s ~* \(word(pattern))) { return 200 "yes 1[$1] 2[$2] 3[$3] 4[$4]\\n"; }
                return 200 "no [$1]\\n";
            }
            location ~ \(word("^/u\(index)/.*(?:" + pattern + ")")) { return 200 "path 1[$1] 2[$2]\\n"; }
            """
        }
        let map = patterns.enumerated().map { index, pattern in
            "\(word("~" + pattern)) \"m\(index)[$1]\";"
        }
        let cases = patterns.enumerated().map { index, pattern in
            let subjects =
                index < written.count ? written[index].subjects : GeneratedPatterns.subjects(seed: index)
            return DifferentialCase(
                "\(index): \(pattern)",
                asks: subjects.flatMap { subject in
                    [
                        .get("/p\(index)", ["S: \(subject)"]), .get("/c\(index)", ["S: \(subject)"]),
                        .get("/map", ["S: \(subject)"]),
                        .get("/u\(index)/" + GeneratedPatterns.encoded(subject)),
                    ]
                })
        }
        return DifferentialGroup(
            name: "patterns",
            http: """
                map $http_s $mapped { default none; \(map.joined(separator: "\n")) }
                server {
                    listen 127.0.0.1:%PORT1%;
                    location = /map { return 200 "$mapped\\n"; }
                    \(places.joined(separator: "\n"))
                }
                """,
            cases: cases)
    }
}

/// Patterns by a grammar of what nginx accepts, the same in each run.
enum GeneratedPatterns {
    static func pattern(seed: Int) -> String {
        var numbers = SplitMix(seed: UInt64(seed) &+ 1)
        return node(depth: 4, &numbers)
    }

    static func subjects(seed: Int) -> [String] {
        var numbers = SplitMix(seed: UInt64(seed) &+ 1_000_000)
        return (0..<4).map { _ in
            let bytes = Array("aabbcABx-_/1.".unicodeScalars)
            let count = 1 + numbers.next(below: 8)
            return String(
                String.UnicodeScalarView((0..<count).map { _ in bytes[numbers.next(below: bytes.count)] }))
        }
    }

    /// In a path, so that nothing in it has a meaning there.
    static func encoded(_ subject: String) -> String {
        subject.utf8.map { byte in
            let isPlain = byte >= 0x30 && byte < 0x3A || byte >= 0x61 && byte < 0x7B
            let hex = String(byte, radix: 16)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (hex.count < 2 ? "0" : "") + hex
        }.joined()
    }

    private static func node(depth: Int, _ numbers: inout SplitMix) -> String {
        let choice = numbers.next(below: 100)
        if depth == 0 || choice < 40 { return atom(&numbers) }
        if choice < 60 { return node(depth: depth - 1, &numbers) + node(depth: depth - 1, &numbers) }
        if choice < 70 { return node(depth: depth - 1, &numbers) + "|" + node(depth: depth - 1, &numbers) }
        if choice < 86 {
            return numbers.pick(["(?:", "(", "(?>"]) + node(depth: depth - 1, &numbers) + ")"
                + numbers.pick(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "*+", "++", "?+"])
        }
        if choice < 90 { return numbers.pick(["(?<=", "(?<!"]) + atom(&numbers, width: 1) + ")" }
        return numbers.pick(["(", "(?:", "(?=", "(?!", "(?|", "(?i)(", "(?s:", "(?m:", "(?x: ", "(?U:"])
            + node(depth: depth - 1, &numbers) + ")"
    }

    private static func atom(_ numbers: inout SplitMix, width: Int? = nil) -> String {
        let one = [
            "a", "b", "c", ".", #"\d"#, #"\w"#, "[ab]", "[^a]", "A", "x", "-", "_", "[a-c]", #"\W"#, #"\."#,
        ]
        let none = [#"\b"#, "^", "$", #"\B"#, #"\A"#, #"\z"#, #"\Z"#, ""]
        return numbers.pick(width == nil ? one + one + ["[[:alpha:]]", #"\x61"#, #"\N"#] + none : one)
    }
}
