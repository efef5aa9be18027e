internal import Config
internal import Core
internal import Pattern

extension LintRule {
    /// Servers, their names, and their logs.
    static var servers: [LintRule] {
        [
            LintRule(
                "default-server-missing", "Requests for unknown hosts come to whichever server stands first.",
                why: "Another order of the files, or of a mask, changes which one that is.",
                mend: "add a server with \"listen … default_server\" that refuses them: \"return 444;\""
            ) { subject in undecided(subject) },
            LintRule(
                "duplicate-name", "A server is not reached under one of its names.",
                why: "An earlier server at the same address has the name.",
                mend: "remove the name from one of them"
            ) { subject in duplicates(subject) },
            LintRule(
                "pattern-slow", "An expression needs a search that takes longer than the text is long.",
                why:
                    "Look-around and back references are not found in one pass; each request pays.",
                mend: "write it without, for instance as two locations or lines of a map"
            ) { subject in
                subject.blocks.flatMap { patterns(of: $0) }.compactMap { (text, line) in
                    // Without a repetition, what is looked around for stands at one place.
                    guard text.contains(where: { "*+".contains($0) }) || text.contains(",}"),
                        let pattern = try? Pattern(Array(text.utf8)), !pattern.isRegular
                    else { return nil }
                    return LintRemark(line, "\"\(text)\" cannot be looked for in one pass")
                }
            },
            LintRule(
                "log-without-reason", "The log does not tell why a request failed.",
                why: "A 502 may be a refused connection, a timeout or an answer of the gateway's own.",
                mend: "add $proxy_reason or $upstream_status to the format"
            ) { subject in silentFormats(subject) },
        ]
    }

    private static func undecided(_ subject: LintSubject) -> [LintRemark] {
        var byAddress: [String: [LintBlock]] = [:]
        for server in subject.servers {
            for address in Set(server.listens) { byAddress[address, default: []].append(server) }
        }
        return byAddress.sorted { $0.key < $1.key }.compactMap { (address, servers) in
            guard servers.count > 1, let first = servers.first else { return nil }
            let isDecided = servers.contains { server in
                server.own("listen").contains {
                    $0.arguments.contains { ["default_server", "default"].contains($0) }
                }
            }
            let names = first.own("server_name").flatMap(\.arguments)
            // Whoever has no name is meant to be the default one.
            guard !isDecided, !names.isEmpty, !names.contains(where: { ["_", "", "-"].contains($0) }) else {
                return nil
            }
            return LintRemark(
                first.opening,
                "it gets all requests at \(address) for hosts that none of \(servers.count) servers has")
        }
    }

    private static func duplicates(_ subject: LintSubject) -> [LintRemark] {
        var owners: [String: Statement] = [:]
        var found: [LintRemark] = []
        for server in subject.servers {
            for line in server.own("server_name") {
                for name in Set(line.arguments.map { $0.lowercased() }).sorted() {
                    for address in Set(server.listens) {
                        let key = "\(name) \(address)"
                        guard let owner = owners[key] else {
                            owners[key] = server.opening
                            continue
                        }
                        guard owner.order != server.opening.order else { continue }
                        found.append(
                            LintRemark(line, "\"\(name)\" is the server's at \(owner.location) already"))
                        break
                    }
                }
            }
        }
        return found
    }

    /// Expressions that requests are matched by, each with its line.
    private static func patterns(of block: LintBlock) -> [(String, Statement)] {
        var found: [(String, Statement)] = block.own("rewrite").map { ($0.argument(0), $0) }
        if let path = LintPath(block), path.kind == .regex { found.append((path.text, block.opening)) }
        for line in block.own("server_name") {
            found += line.arguments.filter { $0.hasPrefix("~") }.map { (String($0.dropFirst()), line) }
        }
        if block.name == "if",
            let at = block.opening.words.firstIndex(where: { ["~", "~*", "!~", "!~*"].contains($0) }),
            block.opening.words.indices.contains(at + 1)
        {
            var text = block.opening.words[at + 1]
            if text.hasSuffix(")"), text.count(where: { $0 == "(" }) < text.count(where: { $0 == ")" }) {
                text.removeLast()
            }
            found.append((text, block.opening))
        }
        if block.name == "map" {
            found += (block.opening.block ?? []).filter { $0.name.hasPrefix("~") }.map {
                (String($0.name.drop { $0 == "~" || $0 == "*" }), $0)
            }
        }
        return found
    }

    private static func silentFormats(_ subject: LintSubject) -> [LintRemark] {
        var used: Set<String> = []
        for (block, _) in subject.proxies {
            for line in block.inForce("access_log") where line.words.count > 2 {
                used.insert(line.argument(1))
            }
        }
        return subject.lines("log_format") { line, _ in
            let text = line.arguments.dropFirst().joined()
            let tells = ["$upstream_", "${upstream_", "$proxy_reason", "${proxy_reason"].contains {
                text.contains($0)
            }
            return used.contains(line.argument(0)) && !tells && !isLikeCombined(text)
                ? "\"\(line.argument(0))\" is used where requests are proxied" : nil
        }
    }

    /// `combined`, and `main` of the packages, tell of requests and not of gateways: whoever has those has
    /// not forgotten anything.
    private static func isLikeCombined(_ text: String) -> Bool {
        ["$remote_addr", "$remote_user", "$status", "$body_bytes_sent", "$http_user_agent"].allSatisfy {
            text.contains($0)
        } && !text.contains("$request_time")
    }

    /// `limit_req` and `limit_conn`.
    static var limits: [LintRule] {
        [
            LintRule(
                "limit-unsaid", "Clients that come too often do not hear when to come again.",
                why: "Retry-After goes with 429 and 503 alone.",
                mend: "write \"limit_req_status 429;\""
            ) { subject in
                subject.lines("limit_req_status") { line, _ in
                    ["429", "503"].contains(line.argument(0))
                        ? nil : "\(line.argument(0)) says nothing of limits"
                }
            },
            LintRule(
                "limit-key-shared", "A limit counts all clients as one.",
                why: "The key is the same for every request: one client uses up what all have.",
                mend: "count by $binary_remote_addr, or by who has logged in"
            ) { subject in
                subject.lines("limit_req_zone") { line, _ in
                    line.argument(0).contains("$") ? nil : "\"\(line.argument(0))\" is the same for everybody"
                }
            },
            LintRule(
                "limit-dry-run", "A limit limits nothing.",
                why: "A dry run only writes what it would do.",
                mend: "remove the line once the figures are right"
            ) { subject in
                ["limit_req_dry_run", "limit_conn_dry_run"].flatMap { name in
                    subject.lines(name) { line, _ in line.argument(0) == "on" ? "it is a dry run" : nil }
                }
            },
        ]
    }
}
