import Foundation
import TestSupport
import Testing

/// `portico lint`: how findings are told, and silenced.
@Suite("Lint") struct LintTests {
    private static let text = """
        events { }
        http {
            access_log off;
            server {
                listen 127.0.0.1:%PORT%;
                location /a { alias /srv/a/; }
                location /b/ { alias /srv/b; } # lint: ok alias-slash
                # The folder above is public as well.
                # lint: ok alias-traversal, alias-slash
                location /c { alias /srv/c/; }
                include more.conf;
            }
        }

        """

    private func run(_ options: [String], _ text: String = LintTests.text, more: String = "") throws -> (
        ending: Program.Ending, output: String, errors: String
    ) {
        let directory = try TemporaryDirectory()
        try directory.write(
            text.replacingOccurrences(of: "%PORT%", with: "\(try FreePort.next())"), to: "a.conf")
        try directory.write(more, to: "more.conf")
        return try Program.run(
            Binary.portico,
            ["lint", "-p", directory.path, "-c", "a.conf", "-e", "stderr"] + options, in: directory)
    }

    @Test("a finding has its place, its why and its mend; comments silence it")
    func findings() throws {
        let run = try run([], more: "location ~ .php$ {\nreturn 200; }\n")
        #expect(run.ending == .exited(2))
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 8, "\(run.output)")
        #expect(run.output.contains("/a.conf:6: [alias-traversal] Clients reach files beside the folder"))
        #expect(run.output.contains("what: \"/a../x\" is \"/srv/a/../x\""))
        #expect(run.output.contains("/more.conf:1: [dot-unescaped]"))
        #expect(
            lines.contains { $0.hasPrefix("    mend: ") } && lines.contains { $0.hasPrefix("    why:  ") })
        #expect(run.errors.isEmpty, "\(run.errors)")
    }

    @Test("a clean configuration is silent; one that does not load is an error; a misspelt silence is told")
    func endings() throws {
        let clean = try run([], "events { } http { access_log off; server { listen 127.0.0.1:%PORT%; } }")
        #expect(clean.ending == .exited(0) && clean.output.isEmpty && clean.errors.isEmpty, "\(clean)")
        let broken = try run([], "events { } http { nonsense; }")
        #expect(broken.ending == .exited(1))
        #expect(broken.errors.contains("unknown directive \"nonsense\""))
        let misspelt = try run(
            [],
            "# lint: ok alias-slsh\nevents { } http { access_log off; server { listen 127.0.0.1:%PORT%; } }")
        #expect(misspelt.ending == .exited(0))
        #expect(misspelt.errors.contains("no rule is called \"alias-slsh\" in"))
        #expect(misspelt.errors.contains("/a.conf:1\n"))
        #expect(try run(["nonsense"]).ending == .exited(1))
        let rules = try run(["--rules"])
        #expect(rules.ending == .exited(0) && rules.output.contains("alias-traversal\n"))
    }

    @Test("JSON and SARIF have the same findings")
    func forPrograms() throws {
        let json = try run(["--json"])
        #expect(json.ending == .exited(2))
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: [[String: Any]]])
        let finding = try #require(object["findings"]?.first)
        #expect(object["findings"]?.count == 1)
        #expect(finding["rule"] as? String == "alias-traversal" && finding["line"] as? Int == 6)
        #expect((finding["file"] as? String)?.hasSuffix("/a.conf") == true)
        let sarif = try run(["--sarif"])
        let log = try #require(JSONSerialization.jsonObject(with: Data(sarif.output.utf8)) as? [String: Any])
        #expect(log["version"] as? String == "2.1.0")
        let first = try #require((log["runs"] as? [[String: Any]])?.first)
        let results = try #require(first["results"] as? [[String: Any]])
        #expect(results.count == 1 && results[0]["ruleId"] as? String == "alias-traversal")
        let place = (results[0]["locations"] as? [[String: [String: Any]]])?.first?["physicalLocation"]
        #expect((place?["region"] as? [String: Int])?["startLine"] == 6)
    }
}
