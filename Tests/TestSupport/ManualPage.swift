internal import Foundation

/// A page of the manual in mdoc(7), with parts that are printed from what the program says of itself.
package struct ManualPage {
    private let path: String

    /// - Parameter name: of the file in `conf/man`.
    package init(_ name: String) {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        path = root.appendingPathComponent("conf/man/\(name)").path
    }

    package func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Compares what stands between the two marks of a part; or writes it there, where
    /// `PORTICO_UPDATE_README` is 1.
    ///
    /// - Returns: whether it was equal, or is now.
    package func has(_ part: String, under mark: String) throws -> Bool {
        let page = try text()
        guard let start = page.range(of: ".\\\" \(mark)\n")?.upperBound,
            let stop = page.range(of: ".\\\" /\(mark)\n")?.lowerBound
        else { return false }
        guard ProcessInfo.processInfo.environment["PORTICO_UPDATE_README"] == "1" else {
            return page[start..<stop] == part
        }
        try (page[..<start] + part + page[stop...]).write(toFile: path, atomically: true, encoding: .utf8)
        return true
    }

    /// What mandoc, or else groff, has to say against it; `nil`: neither is installed.
    package func complaints() throws -> String? {
        let tools = [
            ("/usr/bin/mandoc", ["-T", "lint", "-W", "warning"]), ("/usr/bin/groff", ["-mdoc", "-ww", "-z"]),
        ]
        guard let tool = tools.first(where: { FileManager.default.isExecutableFile(atPath: $0.0) }) else {
            return nil
        }
        let run = try Program.run(tool.0, tool.1 + [path], in: TemporaryDirectory(), within: 60)
        return run.output + run.errors
    }

    // MARK: Text

    /// Prose as lines of text: what stands in backticks is bold.
    package static func prose(_ text: String) -> String {
        let parts = plain(text).split(separator: "`", omittingEmptySubsequences: false)
        var line = ""
        for (index, part) in parts.enumerated() {
            line += index.isMultiple(of: 2) ? part : "\\fB\(part)\\fR"
        }
        // A sentence a line; none of them is taken for a macro.
        return line.replacing(". ", with: ".\n").split(separator: "\n").map(guarded).joined(separator: "\n")
    }

    /// One argument of a macro.
    package static func argument(_ text: String) -> String {
        "\"" + plain(text).replacing("\"", with: "\\(dq").replacing("`", with: "") + "\""
    }

    /// A line as it stands, in a literal display.
    package static func literal(_ text: some StringProtocol) -> String { guarded(plain(String(text))) }

    private static func plain(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("…", with: "...")
            .replacing("—", with: "\\(em")
    }

    private static func guarded(_ line: some StringProtocol) -> String {
        line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : String(line)
    }
}
