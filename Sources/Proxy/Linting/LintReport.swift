internal import Config
internal import Core
internal import Net
internal import Status

/// What was found, for people and for programs.
extension Linter {
    /// `file:line: [name] …`, why, and the mend.
    package var text: String {
        findings.map { finding in
            """
            \(finding.remark.place): [\(finding.rule.name)] \(finding.rule.sentence)
                what: \(Linter.shown(finding.remark.text))
                why:  \(finding.rule.why)
                mend: \(finding.rule.mend)
            """
        }.joined(separator: "\n")
    }

    /// All rules, for people.
    package static var rules: String {
        LintRule.all.map { "\($0.name)\n    \($0.sentence)\n    \($0.why)\n    mend: \($0.mend)" }
            .joined(separator: "\n")
    }

    /// A text of the configuration in one line, which no terminal obeys.
    private static func shown(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return ByteBuffer.shown { $0.append(Array(text.utf8)) }
    }

    /// What was found, for programs of one's own: `--json`.
    package var json: String {
        Linter.text(
            .object([
                (
                    "findings",
                    .array(
                        findings.map { finding in
                            .object([
                                ("rule", .string(finding.rule.name)),
                                ("file", .string(finding.remark.place.file)),
                                ("line", .int(finding.remark.place.line)),
                                ("sentence", .string(finding.rule.sentence)),
                                ("what", .string(finding.remark.text)),
                                ("why", .string(finding.rule.why)),
                                ("mend", .string(finding.rule.mend)),
                            ])
                        })
                )
            ]))
    }

    /// SARIF 2.1.0, for what shows findings beside the lines of a change.
    package var sarif: String {
        let rules = LintRule.all.map { rule in
            JSON.object([
                ("id", .string(rule.name)),
                ("shortDescription", Linter.message(rule.sentence)),
                ("fullDescription", Linter.message(rule.why)),
                ("help", Linter.message(rule.mend)),
            ])
        }
        let driver = JSON.object([
            ("name", .string("portico lint")), ("version", .string("\(Version.text)")),
            ("rules", .array(rules)),
        ])
        let run = JSON.object([
            ("tool", .object([("driver", driver)])), ("results", .array(findings.map { Linter.result($0) })),
        ])
        return Linter.text(
            .object([
                ("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")),
                ("version", .string("2.1.0")),
                ("runs", .array([run])),
            ]))
    }

    private static func result(_ finding: Finding) -> JSON {
        let place = finding.remark.place
        let region = JSON.object([("startLine", .int(max(place.line, 1)))])
        let artifact = JSON.object([("uri", .string(uri(place.file)))])
        let text = "\(finding.rule.sentence) \(finding.remark.text): \(finding.rule.mend)."
        return .object([
            ("ruleId", .string(finding.rule.name)),
            ("level", .string("warning")),
            ("message", message(text)),
            (
                "locations",
                .array([
                    .object([
                        ("physicalLocation", .object([("artifactLocation", artifact), ("region", region)]))
                    ])
                ])
            ),
        ])
    }

    private static func message(_ text: String) -> JSON { .object([("text", .string(text))]) }

    /// Relative to the folder that the command was given in, where the file is below it.
    private static func uri(_ path: String) -> String {
        let folder = (FileAccess.realPath(".") ?? "") + "/"
        let shown = path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
        let out = ByteBuffer(capacity: 128)
        if shown.hasPrefix("/") { out.append("file://") }
        for byte in shown.utf8 {
            let isPlain = byte.isASCIIAlpha || byte.isASCIIDigit || "/-._~".utf8.contains(byte)
            if isPlain {
                out.append(byte)
            } else {
                out.append("%")
                out.append(UInt8.hexDigit(byte >> 4, uppercase: true))
                out.append(UInt8.hexDigit(byte & 15, uppercase: true))
            }
        }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private static func text(_ value: JSON) -> String {
        let out = ByteBuffer(capacity: 4096)
        value.write(to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }
}
