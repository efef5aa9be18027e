import TestSupport
import Testing

@testable import portico_bench

/// `man portico-bench`: what each command says with `--help`.
@Suite("manual of portico-bench", .serialized) struct ManualTests {
    private let page = ManualPage("portico-bench.1")

    @Test("it has every command, as that tells of itself")
    func commands() throws {
        let help = [
            ("load", LoadOptions.help), ("compare", CompareCommand.help), ("scenario", StoryCommand.help),
            ("gate", GateCommand.help), ("micro", MicroCommand.help), ("gateway", GatewayCommand.help),
        ]
        let text = help.map { name, text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(ManualPage.literal)
            return ".Ss \(name)\n.Bd -literal\n\(lines.joined(separator: "\n"))\n.Ed\n"
        }
        #expect(
            try page.has(text.joined(), under: "commands"),
            "PORTICO_UPDATE_README=1 swift test --filter ManualTests")
    }

    @Test("there is nothing to say against its form")
    func form() throws {
        guard let complaints = try page.complaints() else { return print("there is no mandoc: skipped") }
        #expect(complaints.isEmpty, "\(complaints)")
    }
}
