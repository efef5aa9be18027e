internal import Config

extension LintRule {
    /// Lists that a block with a line of its own does not inherit.
    static var inheritance: [LintRule] {
        [
            LintRule(
                "security-fields-lost", "A block loses fields of the response that protect clients.",
                why: "A block with an \"add_header\" of its own takes over none of those around it.",
                mend:
                    "repeat the lines in the block, or say \"add_header_inherit merge;\""
            ) { subject in
                lost("add_header", "add_header_inherit", in: subject.blocks.filter { $0.name != "http" }) {
                    protective.contains($0)
                }
            },
            LintRule(
                "proxy-fields-lost", "A block loses fields that tell the gateway who asked, and for what.",
                why: "A block with a \"proxy_set_header\" of its own takes over none of those around it.",
                mend: "repeat the lines in the block, or include them from a file"
            ) { subject in
                lost("proxy_set_header", nil, in: subject.blocks.filter { proxiesWithin($0) }) {
                    telling.contains($0)
                }
            },
            LintRule(
                "if-fields-lost", "Of several \"if\" blocks with settings, only the last that holds counts.",
                why: "Each \"if\" of a location is a location of its own; those before it are left behind.",
                mend: "choose by a \"map\", and use its variable in one line"
            ) { subject in
                subject.locations.flatMap { location -> [LintRemark] in
                    let settled = location.blocks.filter {
                        $0.name == "if" && hasSettings($0) && !answers($0)
                    }
                    guard settled.count > 1, !areExclusive(settled) else { return [] }
                    return settled.dropLast().map {
                        LintRemark($0.opening, "what it sets is lost where a later \"if\" holds as well")
                    }
                }
            },
            LintRule(
                "if-skips-try-files", "An \"if\" keeps \"try_files\" of its location from being looked at.",
                why:
                    "Where it holds, the settings of the \"if\" are in force, which has no \"try_files\".",
                mend: "choose by a \"map\", or move what the \"if\" does to a location of its own"
            ) { subject in
                subject.locations.filter { $0.has("try_files") }.flatMap { location in
                    location.blocks.filter { $0.name == "if" && !leaves($0) }.map {
                        LintRemark($0.opening, "where it holds, \"try_files\" does nothing")
                    }
                }
            },
        ]
    }

    private static var protective: Set<String> {
        [
            "strict-transport-security", "x-frame-options", "x-content-type-options",
            "content-security-policy", "referrer-policy", "permissions-policy",
            "cross-origin-opener-policy", "cross-origin-embedder-policy", "cross-origin-resource-policy",
        ]
    }

    private static var telling: Set<String> {
        ["host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"]
    }

    /// Fields that a block has not taken over, of those that count.
    private static func lost(
        _ directive: String, _ rule: String?, in blocks: [LintBlock], _ counts: (String) -> Bool
    ) -> [LintRemark] {
        blocks.compactMap { block in
            let own = block.own(directive)
            guard let first = own.first, let outer = block.parent?.nearest(with: directive),
                rule.flatMap({ block.word($0) }) != "merge"
            else { return nil }
            let kept = Set(own.map { $0.argument(0).lowercased() })
            let missing = outer.own(directive).map { $0.argument(0) }.filter {
                counts($0.lowercased()) && !kept.contains($0.lowercased())
            }
            guard !missing.isEmpty else { return nil }
            return LintRemark(
                first,
                "\(missing.joined(separator: ", ")) of \"\(outer.name)\""
                    + (missing.count == 1 ? " is lost here" : " are lost here")
            )
        }
    }

    private static func proxiesWithin(_ block: LintBlock) -> Bool {
        block.has("proxy_pass") || block.blocks.contains { proxiesWithin($0) }
    }

    // MARK: if

    private static var steps: Set<String> { ["set", "rewrite", "return", "break", "if"] }

    private static func hasSettings(_ block: LintBlock) -> Bool {
        (block.opening.block ?? []).contains { !steps.contains($0.name) }
    }

    /// The request is answered in it, whatever comes behind it.
    private static func answers(_ block: LintBlock) -> Bool {
        block.has("return")
            || block.own("rewrite").contains { ["redirect", "permanent"].contains($0.words.last) }
    }

    /// The request does not come to the content of the location.
    private static func leaves(_ block: LintBlock) -> Bool {
        answers(block) || block.has("proxy_pass")
            || block.own("rewrite").contains { $0.words.last == "last" || $0.words.count == 3 }
    }

    /// All ask whether the same variable is something else each.
    private static func areExclusive(_ blocks: [LintBlock]) -> Bool {
        var values: Set<String> = []
        let subject = blocks.first?.opening.argument(0)
        for block in blocks {
            let words = block.opening.arguments.map { $0 }
            guard words.count >= 3, words[0] == subject, words[1] == "=", values.insert(words[2]).inserted
            else { return false }
        }
        return true
    }
}
