import Config
import Foundation
import Testing

@testable import Proxy

@Suite("README") struct ReadmeTests {
    private static let begin = "<!-- directives -->\n"
    private static let end = "<!-- /directives -->"

    private var path: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md").path
    }

    @Test("the table of directives is the rows'")
    func tableIsCurrent() throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let start = try #require(text.range(of: Self.begin)).upperBound
        let stop = try #require(text.range(of: Self.end)).lowerBound
        if ProcessInfo.processInfo.environment["PORTICO_UPDATE_README"] == "1" {
            let fresh = text[..<start] + DirectiveHelp.markdown + text[stop...]
            try String(fresh).write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        #expect(String(text[start..<stop]) == DirectiveHelp.markdown)
    }

    @Test("every directive has help of its own")
    func everyDirectiveHasHelp() {
        for row in Directives.table.all {
            #expect(!row.summary.isEmpty)
            #expect(DirectiveHelp.text(for: row.name)?.contains(row.summary) == true, "\(row.name)")
        }
    }
}
