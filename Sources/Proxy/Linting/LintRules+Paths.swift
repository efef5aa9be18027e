internal import Config
internal import Core

extension LintRule {
    /// Slashes, and locations that nobody comes to.
    static var paths: [LintRule] {
        [
            LintRule(
                "proxy-slash", "The path that the gateway gets has a slash too many, or lacks one.",
                why:
                    "The URI part of \"proxy_pass\" takes the place of what the location's name matched.",
                mend: "let both end in a slash, or neither"
            ) { subject in
                subject.proxies.compactMap { (block, line) in
                    guard let path = LintPath(block), path.isPrefix, path.text != "/",
                        let uri = LintURL(line)?.path, !uri.contains("?"), !uri.contains("$")
                    else { return nil }
                    let isSlashed = (path.text.hasSuffix("/"), uri.hasSuffix("/"))
                    guard isSlashed.0 != isSlashed.1 else { return nil }
                    let asked = path.text + (isSlashed.0 ? "x" : "/x")
                    return LintRemark(line, "\"\(asked)\" goes on as \"\(uri)\(isSlashed.0 ? "x" : "/x")\"")
                }
            },
            LintRule(
                "alias-traversal", "Clients reach files beside the folder that \"alias\" names.",
                why:
                    "The location's name lacks the slash that \"alias\" ends in: \"..\" behind it leads out.",
                mend: "let the location's name end in a slash"
            ) { subject in
                subject.locations.flatMap { location -> [LintRemark] in
                    guard let path = LintPath(location), path.isPrefix, !path.text.hasSuffix("/") else {
                        return []
                    }
                    return location.own("alias").filter { $0.argument(0).hasSuffix("/") }.map {
                        LintRemark($0, "\"\(path.text)../x\" is \"\($0.argument(0))../x\"")
                    }
                }
            },
            LintRule(
                "alias-slash", "The name of the file lacks a slash.",
                why: "\"alias\" takes the place of what the location's name matched.",
                mend: "let \"alias\" end in a slash, as the location does"
            ) { subject in
                subject.locations.flatMap { location -> [LintRemark] in
                    guard let path = LintPath(location), path.isPrefix, path.text.hasSuffix("/") else {
                        return []
                    }
                    return location.own("alias").filter {
                        !$0.argument(0).hasSuffix("/") && !$0.argument(0).contains("$")
                    }.map { LintRemark($0, "\"\(path.text)x\" is \"\($0.argument(0))x\"") }
                }
            },
            LintRule(
                "try-files-and-proxy", "\"try_files\" finds files that are never sent.",
                why:
                    "The location serves what it finds: by \"proxy_pass\", which does not look at files.",
                mend: "move \"proxy_pass\" to a named location, and name that last in \"try_files\""
            ) { subject in
                subject.locations.filter { $0.has("proxy_pass") }.flatMap { $0.own("try_files") }.map {
                    LintRemark($0, "\"proxy_pass\" of the same location answers for every file that is found")
                }
            },
            LintRule(
                "location-unreachable", "No request comes to a location.",
                why: "Of regular expressions the first that matches is taken, and before any plain prefix.",
                mend: "remove it, move it before the expression, or give a prefix \"^~\""
            ) { subject in subject.blocks.flatMap { unreachable(in: $0) } },
            LintRule(
                "dot-unescaped", "A dot of an extension stands for any character.",
                why: "In a regular expression, \".\" matches every character.",
                mend: "write \"\\.\""
            ) { subject in
                subject.locations.compactMap { location in
                    guard let path = LintPath(location), path.kind == .regex, isExtension(path.text) else {
                        return nil
                    }
                    return LintRemark(location.opening, "\"\(path.text)\" matches without a dot as well")
                }
            },
            LintRule(
                "root-in-location", "Some locations have no \"root\", though another one has.",
                why:
                    "\"root\" of one location says nothing to those beside it: they have the default folder.",
                mend: "write \"root\" in the server"
            ) { subject in subject.servers.flatMap { rootless($0) } },
        ]
    }

    /// `.php$`, `.(js|css)$`
    private static func isExtension(_ pattern: String) -> Bool {
        guard pattern.hasPrefix("."), pattern.hasSuffix("$"), pattern.utf8.count > 2 else { return false }
        return pattern.dropFirst().dropLast().utf8.allSatisfy {
            $0.isASCIIAlpha || $0.isASCIIDigit || "|()?".utf8.contains($0)
        } && !pattern.dropFirst().hasPrefix("?")
    }

    /// Expressions that match every path.
    private static var matchingAll: Set<String> {
        [
            "", ".", ".*", "^", "^.*", "^.*$", ".*$", "/", "^/", "^/.*", "^/.*$", "^/(.*)$", "^/(.*)",
            "^(.*)$", "(.*)", ".+", "^/?",
        ]
    }

    private static func unreachable(in block: LintBlock) -> [LintRemark] {
        var seen: Set<String> = []
        var greedy: Statement?
        var found: [LintRemark] = []
        for location in block.blocks {
            guard let path = LintPath(location), path.kind == .regex else { continue }
            if let greedy {
                found.append(
                    LintRemark(
                        location.opening,
                        "\"\(greedy.words.joined(separator: " "))\" before it matches every path"))
            } else if !seen.insert(location.title).inserted {
                found.append(LintRemark(location.opening, "the same expression stands before it"))
            }
            if matchingAll.contains(path.text) { greedy = greedy ?? location.opening }
        }
        guard let greedy else { return found }
        for location in block.blocks {
            guard let path = LintPath(location), path.kind == .prefix,
                !location.blocks.contains(where: { LintPath($0) != nil })
            else { continue }
            found.append(
                LintRemark(location.opening, "\"\(greedy.words.joined(separator: " "))\" matches every path"))
        }
        return found
    }

    /// What answers without a file.
    private static var answering: [String] {
        [
            "proxy_pass", "return", "status", "api", "stub_status", "readiness", "empty_gif", "tunnel_pass",
            "alias", "root", "rewrite", "try_files", "internal",
        ]
    }

    private static func rootless(_ server: LintBlock) -> [LintRemark] {
        guard server.nearest(with: "root") == nil else { return [] }
        let locations = server.blocks.filter { $0.name == "location" }
        guard locations.contains(where: { $0.has("root") }) else { return [] }
        return locations.filter { location in
            !answering.contains { location.has($0) } && !server.has("return")
                && location.blocks.allSatisfy { $0.name == "limit_except" }
        }.map { LintRemark($0.opening, "it has no \"root\", and neither has the server") }
    }
}
