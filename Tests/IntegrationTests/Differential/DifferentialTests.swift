import Foundation
import Testing

/// Portico beside nginx: same configuration, same bytes from clients and gateways, nothing to tell them apart.
///
/// Date, Server, ports, directory names and the signature of error pages are left out. A case that says
/// `differs` is a decision, with its reason. `PORTICO_DIFF_CASE` runs only cases whose name contains it;
/// `PORTICO_BINARY=/usr/sbin/nginx` tries the tests on the model itself.
@Suite("beside nginx")
struct DifferentialTests {
    @Test(
        "a group of cases goes as it goes with nginx",
        .enabled(if: Binary.nginx != nil, "nginx is not installed: there is no model to compare with"),
        .timeLimit(.minutes(3)), arguments: DifferentialGroup.all)
    func sameAsModel(_ group: DifferentialGroup) throws {
        var cases = group.cases
        if let wanted = ProcessInfo.processInfo.environment["PORTICO_DIFF_CASE"] {
            cases = cases.filter { $0.name.contains(wanted) || group.name.contains(wanted) }
        }
        if cases.isEmpty { return }
        let model = try DifferentialRun.transcripts(of: group, cases: cases, .nginx)
        let ours = try DifferentialRun.transcripts(of: group, cases: cases, .portico)
        for (index, testCase) in cases.enumerated() {
            check(testCase, in: group, model: model[index], ours: ours[index])
        }
    }

    @Test("there are many cases, and no two have one name")
    func casesAreNamedApart() {
        let names = DifferentialGroup.all.flatMap { group in group.cases.map { "\(group.name): \($0.name)" } }
        #expect(names.count >= 120, "\(names.count) cases")
        #expect(Set(names).count == names.count)
    }

    private func check(_ testCase: DifferentialCase, in group: DifferentialGroup, model: String, ours: String)
    {
        if ProcessInfo.processInfo.environment["PORTICO_DIFF_SHOW"] != nil {
            print("##### \(group.name): \(testCase.name)\n\(ours)\n")
        }
        if let intended = testCase.intended {
            if Binary.portico.hasSuffix("nginx") { return }
            let isAbsent = intended.transcriptLacks.map { !ours.contains($0) } ?? true
            if isAbsent, ours.contains(intended.transcriptContains) { return }
            Issue.record(
                "\(group.name): \(testCase.name): meant to differ (\(intended.reason)), but did this:\n\(ours)"
            )
        } else if model != ours {
            Issue.record(
                "\(group.name): \(testCase.name)\n\(DifferentialTests.difference(model, ours))")
        }
    }

    /// Both transcripts, lines that only one has marked `-` (nginx) and `+` (portico).
    private static func difference(_ model: String, _ ours: String) -> String {
        let modelLines = model.components(separatedBy: "\n")
        let ourLines = ours.components(separatedBy: "\n")
        let changes = ourLines.difference(from: modelLines)
        var removed: Set<Int> = []
        var inserted: [Int: String] = [:]
        for change in changes {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, let line, _): inserted[offset] = line
            }
        }
        var text: [String] = []
        var ourIndex = 0
        for (index, line) in modelLines.enumerated() {
            if removed.contains(index) {
                text.append("- " + line)
                continue
            }
            while let line = inserted[ourIndex] {
                text.append("+ " + line)
                ourIndex += 1
            }
            text.append("  " + line)
            ourIndex += 1
        }
        while let line = inserted[ourIndex] {
            text.append("+ " + line)
            ourIndex += 1
        }
        return text.joined(separator: "\n")
    }
}
