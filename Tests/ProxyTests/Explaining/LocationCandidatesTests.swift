import Testing

@testable import Proxy

@Suite("Candidates for a path") struct LocationCandidatesTests {
    private static let locations = """
        location / {} location /a { location = /a/x {} location ~ y$ {} } location = /a/b {} location /a/b {}
        location ^~ /f {} location ~ b$ {} location ~ y {}
        """

    @Test(
        "each is told with the reason for which it was chosen or not",
        arguments: [
            (
                "/a/b",
                [
                    "  /: another one is exactly the path", "  /a: another one is exactly the path",
                    "  /a/b: another one is exactly the path", "> = /a/b: the path is exactly that",
                    "  ^~ /f: the path does not begin with it",
                    "  ~ b$: not looked at: an exact one was found",
                    "  ~ y: not looked at: an exact one was found",
                ]
            ),
            (
                "/ay",
                [
                    "  /: another one is longer", "  /a: the longest one that the path begins with",
                    "    = /a/x: the path is another one", ">   ~ y$: the first expression that matches",
                    "  /a/b: the path does not begin with it", "  = /a/b: the path is another one",
                    "  ^~ /f: the path does not begin with it",
                    "  ~ b$: not looked at: a nested one was found",
                    "  ~ y: not looked at: a nested one was found",
                ]
            ),
            (
                "/fb",
                [
                    "  /: another one is longer", "  /a: the path does not begin with it",
                    "  /a/b: the path does not begin with it", "  = /a/b: the path is another one",
                    "> ^~ /f: the longest one that the path begins with",
                    "  ~ b$: not looked at: \"^~ /f\" forbids it",
                    "  ~ y: not looked at: \"^~ /f\" forbids it",
                ]
            ),
            (
                "/b",
                [
                    "  /: the longest one that the path begins with", "  /a: the path does not begin with it",
                    "  /a/b: the path does not begin with it", "  = /a/b: the path is another one",
                    "  ^~ /f: the path does not begin with it", "> ~ b$: the first expression that matches",
                    "  ~ y: not looked at: an earlier one matches",
                ]
            ),
        ])
    func reasons(path: String, lines: [String]) throws {
        let configuration = try Loading.server(Self.locations)
        let candidates = LocationCandidates(
            try #require(configuration.firstServer), path: Array(path.utf8),
            chosen: configuration.location(of: path), configuration.patterns)
        #expect(candidates.lines == lines)
    }
}
