import Config
import Core
import Sharing
import Testing

@testable import Proxy

@Suite("Finding a location")
struct LocationLookupTests {
    /// The name of the location that each path leads to; a slash behind it: a redirect adds the slash.
    private static func names(_ configuration: Configuration, _ paths: [String]) -> [String] {
        paths.map { path in
            let bytes = Array(path.utf8)
            switch configuration.firstServer?.find(uri: bytes.span).match {
            case .location(let location)?: return location.name
            case .redirectToSlash(let location)?: return "-> " + location.name
            case .some(.none), nil: return "none"
            }
        }
    }

    /// A configuration, and pairs of path and location.
    struct Sample: CustomTestStringConvertible {
        let law: String
        let text: String
        let found: [(path: String, name: String)]
        var testDescription: String { law }
    }

    static let samples = [
        Sample(
            law: "the longest prefix wins, whatever the order",
            text: "location /a {} location / {} location /a/b {}",
            found: [("/", "/"), ("/a", "/a"), ("/ab", "/a"), ("/a/b", "/a/b"), ("/a/c", "/a"), ("/b", "/")]),
        Sample(
            law: "an exact name wins over everything, for its path only",
            text: "location = /a {} location ~ a {} location ^~ /a {}",
            found: [("/a", "/a"), ("/ab", "/a"), ("/ba", "a")]),
        Sample(
            law: "expressions win over prefixes, the first in the file first",
            text: "location /a {} location ~ b$ {} location ~ /a/b {}",
            found: [("/a/b", "b$"), ("/a/bc", "/a/b"), ("/a", "/a"), ("/x", "none")]),
        Sample(
            law: "^~ keeps expressions out",
            text: "location ^~ /a {} location /b {} location ~ x$ {}",
            found: [("/ax", "/a"), ("/bx", "x$")]),
        Sample(
            law: "~* has no case, ~ has",
            text: #"location ~ \.PNG$ {} location ~* \.jpg$ {}"#,
            found: [("/a.png", "none"), ("/a.JpG", #"\.jpg$"#), ("/a.PNG", #"\.PNG$"#)]),
        Sample(
            law: "nested expressions come before those around",
            text: "location ~ b {} location /a { location ~ b$ {} }",
            found: [("/ab", "b$"), ("/abc", "b"), ("/b", "b")]),
        Sample(
            law: "^~ inside a location does not speak for expressions outside of it",
            text: "location ~ c$ {} location /a { location ^~ /a/b {} }",
            found: [("/a/bc", "c$"), ("/a/b", "/a/b")]),
        Sample(
            law: "a nested prefix is found through the one around it",
            text: "location /a { location /a/b { location = /a/b/c {} } }",
            found: [("/a/b/c", "/a/b/c"), ("/a/b/cd", "/a/b"), ("/a/c", "/a")]),
        Sample(
            law: "a proxying location that ends in a slash redirects the path without it",
            text: "location /a/ { proxy_pass http://127.0.0.1; } location /b/ {}",
            found: [("/a", "-> /a/"), ("/a/", "/a/"), ("/b", "none"), ("/aa", "none")]),
        Sample(
            law: "neighbours in sorting order do not hide that redirect",
            text: "location /a/ { proxy_pass http://127.0.0.1; } location /a-b {} location /a.b {}",
            found: [("/a", "-> /a/"), ("/a-b", "/a-b")]),
        Sample(
            law: "a location of exactly the path's name leaves nothing to redirect",
            text: "location /a/ { proxy_pass http://127.0.0.1; } location /a {}",
            found: [("/a", "/a"), ("/a/x", "/a/")]),
        Sample(
            law: "an exact location that proxies redirects as well",
            text: "location = /a/ { proxy_pass http://127.0.0.1; } location / {}",
            found: [("/a", "-> /a/"), ("/a/b", "/")]),
        Sample(
            law: "a line feed behind the end does not get past an expression that ends in $",
            text: #"location ~ \.php$ {} location / {}"#,
            found: [("/a.php", #"\.php$"#), ("/a.php\n", #"\.php$"#), ("/a.php\n\n", "/")]),
        Sample(law: "no location, no match", text: "", found: [("/", "none")]),
    ]

    @Test("laws", arguments: samples)
    func law(_ sample: Sample) throws {
        let configuration = try Loading.server(sample.text)
        #expect(
            LocationLookupTests.names(configuration, sample.found.map(\.path)) == sample.found.map(\.name))
    }

    @Test("a thousand random sets of locations: the same as trying each name")
    func sameAsNaive() throws {
        var random = SplitMix(seed: 42)
        for _ in 0..<1000 {
            let model = NaiveLocations(&random)
            let configuration = try Loading.server(model.text)
            let paths = (0..<20).map { _ in NaiveLocations.path(&random) }
            #expect(
                LocationLookupTests.names(configuration, paths) == paths.map(model.find),
                "of \(paths) in \(model.text)")
        }
    }
}

/// The rules as the documentation words them, one name after the other; without regular expressions.
private struct NaiveLocations {
    enum Kind: String, CaseIterable {
        case prefix = ""
        case exact = "="
        case proxying = "proxy"
    }

    var locations: [(kind: Kind, name: String)] = []

    static func path(_ random: inout SplitMix) -> String {
        let pieces = ["/", "a", "b", "-", "/a", "/b", "/ab"]
        return "/"
            + (0..<Int.random(in: 0...4, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            .joined()
    }

    init(_ random: inout SplitMix) {
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let kind = Kind.allCases.randomElement(using: &random) ?? .prefix
            let name = NaiveLocations.path(&random)
            let isTaken = locations.contains { $0.name == name && ($0.kind == .exact) == (kind == .exact) }
            if !isTaken { locations.append((kind, name)) }
        }
    }

    var text: String {
        locations.map { kind, name in
            switch kind {
            case .prefix: "location \(name) {}"
            case .exact: "location = \(name) {}"
            case .proxying: "location \(name) { proxy_pass http://127.0.0.1; }"
            }
        }.joined(separator: "\n")
    }

    func find(_ path: String) -> String {
        if locations.contains(where: { $0.kind == .exact && $0.name == path }) { return path }
        let prefixes = locations.filter { $0.kind != .exact && path.hasPrefix($0.name) }
        if prefixes.contains(where: { $0.name == path }) { return path }
        if path != "", locations.contains(where: { $0.kind == .proxying && $0.name == path + "/" }) {
            return "-> " + path + "/"
        }
        return prefixes.max { $0.name.utf8.count < $1.name.utf8.count }?.name ?? "none"
    }
}
