import Core
import HTTP
import Testing

@Suite("Paths") struct URIPathTests {
    private func normalise(_ path: String, merging: Bool = true) -> String? {
        let out = ByteBuffer(capacity: 16)
        let isValid = withSpan(path) { URIPath.normalise($0, mergeSlashes: merging, into: out) }
        return isValid ? String(decoding: out.bytes, as: UTF8.self) : nil
    }

    @Test(
        "paths are normalised as nginx does",
        arguments: [
            ("/", "/"), ("/a", "/a"), ("/a/../b/./c//d%2fe%3f", "/b/c/d/e?"), ("/a/%2e%2e/b", "/b"),
            ("/a/...", "/a/..."),
            ("/a/.", "/a/"), ("/a/..", "/"), ("/a/..b/.c", "/a/..b/.c"), ("/./", "/"), ("/.", "/"),
            ("/a/./.", "/a/"),
            ("//", "/"), ("///a//b/", "/a/b/"), ("/a.", "/a."), ("/a..", "/a.."), ("/%25%41%23", "/%A#"),
            ("/a+b", "/a+b"),
            ("/a/b/c/../../d", "/a/d"), ("/a/%2E/b", "/a/b"), ("/%c3%a4", "/\u{E4}"), ("/a//../b", "/b"),
            ("/.a", "/.a"),
            ("/%2541", "/%41"), ("/a%2f..%2fb", "/b"),
        ])
    func normalises(path: String, result: String) {
        #expect(normalise(path) == result)
    }

    @Test("slashes are kept apart when they are not to be merged")
    func unmerged() {
        #expect(normalise("//a//b", merging: false) == "//a//b")
        #expect(normalise("/a//../b", merging: false) == "/a/b")
        #expect(normalise("//..", merging: false) == "/")
        #expect(normalise("/a/./b", merging: false) == "/a/b")
    }

    @Test(
        "what leads above the root or is no escape is refused",
        arguments: [
            "/..", "/../", "/a/../..", "/a/../../b", "/%2e%2e/", "/%2e.", "/%00", "/a%", "/a%2", "/a%zz",
            "/%0", "/%g0", "/./..",
        ])
    func refuses(path: String) {
        #expect(normalise(path) == nil)
    }

    @Test("the result is appended, and what stood there before is no path to climb into")
    func appends() {
        let out = filled("/x/y")
        #expect(!withSpan("/..", { URIPath.normalise($0, mergeSlashes: true, into: out) }))
        let other = filled("/x/")
        #expect(withSpan("/a/..", { URIPath.normalise($0, mergeSlashes: true, into: other) }))
        #expect(other.bytes == bytes("/x//"))
    }

    private func escape(_ text: String, _ set: URIPath.EscapeSet) -> String {
        let out = ByteBuffer(capacity: 16)
        withSpan(text) { URIPath.escape($0, as: set, into: out) }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test("escaping follows nginx's tables")
    func escapes() {
        let all = "\u{1} \"#%&'+;<>?[\\]^`{|}~\u{7F}\u{80}!"
        #expect(escape(all, .uri) == "%01%20%22%23%25&'+;%3C%3E%3F[%5C]%5E%60%7B%7C%7D~%7F%80!")
        #expect(escape("a&b+c;d=e/", .args) == "a%26b%2Bc%3Bd=e/")
        #expect(escape(all, .args) == "%01%20%22%23%25%26'%2B%3B%3C%3E%3F[%5C]%5E%60%7B%7C%7D~%7F%80!")
        #expect(escape("aZ09-._~/:!", .uriComponent) == "aZ09-._~%2F%3A%21")
        #expect(escape("a<b>&\"c'", .html) == "a&lt;b&gt;&amp;&quot;c'")
    }

    @Test("a broken escape is left as it is when decoding")
    func unescapes() {
        let out = ByteBuffer(capacity: 16)
        withSpan("a%20b%zz%4%41%") { URIPath.unescape($0, into: out) }
        #expect(out.bytes == bytes("a b%zz%4A%"))
    }

    @Test("what would end a request line is escaped, and nothing else")
    func escapesControls() {
        let out = ByteBuffer(capacity: 16)
        let path: [UInt8] = Array("/a b%\r\n".utf8) + [0, 0x7F, 0xFF]
        URIPath.escapeControls(path.span, into: out)
        #expect(out.bytes == Array("/a%20b%%0D%0A%00%7F".utf8) + [0xFF])
    }

    @Test(
        "a path that an application names is decoded, and its query left alone",
        arguments: [
            ("/a", "/a", ""), ("/%66%2Fb", "/f/b", ""), ("/a?b=%41", "/a", "b=%41"), ("/a?", "/a", ""),
            ("/a%3Fb?c?d", "/a?b", "c?d"), ("/./a//b", "/./a//b", ""), ("/..a/a../a..b", "/..a/a../a..b", ""),
            ("/%252e%252e/", "/%2e%2e/", ""), ("/", "/", ""), ("/a?/../", "/a", "/../"), ("/...", "/...", ""),
        ])
    func namedPath(text: String, path: String, query: String) {
        let out = ByteBuffer(capacity: 16)
        let start = withSpan(text) { URIPath.decodeNamed($0, into: out) }
        #expect(out.bytes == bytes(path))
        #expect(start.map { Array(bytes(text)[$0...]) } == bytes(query))
    }

    @Test(
        "a path that an application names leads nowhere else",
        arguments: [
            "", "a", "?a", "@a", "..", "../a", "/..", "/../a", "/a/..", "/a/../b", "/%2e%2e", "/.%2E/a",
            "/a%2f..%2fb", "/a/..?b", "/%00", "/a%0", "/a%", "/%zz", "/a%4?", "/a/../..",
        ])
    func unsafeNamedPath(text: String) {
        let out = ByteBuffer(capacity: 16)
        #expect(withSpan(text) { URIPath.decodeNamed($0, into: out) } == nil)
    }

    @Test(
        "escapes that nobody needs are undone in redirects, up to a query",
        arguments: [
            ("/a%2Fb%7e%41", "/a/b~A"), ("/%20%25%24%26%7F%80", "/%20%25%24&%7F%80"),
            ("/a%3Fb%2F?c%2F", "/a?b%2F?c%2F"),
            ("/a?b%2F", "/a?b%2F"), ("/%zz%4z%", "/zz"), ("/%4", "/"), ("", ""),
        ])
    func redirectsAreUnescaped(text: String, expected: String) {
        let bytes = Array(text.utf8)
        let out = ByteBuffer(capacity: 16)
        URIPath.unescapeRedirect(bytes.span, into: out)
        #expect(String(decoding: out.bytes, as: UTF8.self) == expected)
    }
}
