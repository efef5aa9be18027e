internal import Config
internal import Core

extension LintRule {
    /// What lets somebody in, or something out.
    static var security: [LintRule] {
        [
            LintRule(
                "status-open", "Everybody may read the state of the service.",
                why: "It names servers, their addresses and their failures.",
                mend: "add \"allow\" for your own networks and \"deny all;\", or \"auth_basic\""
            ) { subject in
                ["status", "stub_status", "api"].flatMap { name in
                    subject.lines(name) { _, block in
                        // `match` has a `status` of its own.
                        block.server == nil || isGuarded(block) ? nil : "no rule says who may see it"
                    }
                }
            },
            LintRule(
                "api-open", "Who may read the API may take servers out.",
                why:
                    "\"write=on\" with nothing but addresses trusts every program on them.",
                mend: "add \"auth_basic\", or a client certificate"
            ) { subject in
                subject.lines("api") { line, block in
                    guard line.arguments.contains("write=on"), !asksWho(block), !isLocal(block) else {
                        return nil
                    }
                    return "nobody is asked who they are"
                }
            },
            LintRule(
                "allow-without-deny", "\"allow\" keeps nobody out.",
                why: "Clients that no rule is about come in.",
                mend: "add \"deny all;\" behind it"
            ) { subject in
                subject.blocks.compactMap { block in
                    guard let first = block.own("allow").first, !block.has("deny"),
                        !block.own("allow").contains(where: { $0.argument(0) == "all" }),
                        block.word("satisfy") != "any"
                    else { return nil }
                    return LintRemark(first, "no \"deny\" stands beside it")
                }
            },
            LintRule(
                "secret-in-clear", "A password or key stands in the configuration.",
                why: "Whoever may read the file, its backups or its history has it.",
                mend: "keep the line in a file of its own that only the master may read, and \"include\" that"
            ) { subject in
                subject.lines("proxy_set_header") { line, _ in
                    isWrittenSecret(line) ? "the value of \"\(line.argument(0))\" is written out" : nil
                }
            },
            LintRule(
                "secret-unencrypted", "A password or key goes to another machine in clear text.",
                why: "Whoever is on the way can read it.",
                mend: "use \"proxy_pass https://…\" with \"proxy_ssl_verify on;\""
            ) { subject in
                subject.proxies.compactMap { (block, line) in
                    guard let url = LintURL(line), !url.isTLS, leavesMachine(url, subject),
                        let field = block.inForce("proxy_set_header").first(where: isWrittenSecret)
                    else { return nil }
                    return LintRemark(line, "\"\(field.argument(0))\" is sent over http to \"\(url.host)\"")
                }
            },
            LintRule(
                "tls-old", "Old versions of TLS are offered.",
                why: "TLS before 1.2 is broken, and RFC 8996 forbids it.",
                mend: "write \"ssl_protocols TLSv1.2 TLSv1.3;\", or leave the line out"
            ) { subject in
                ["ssl_protocols", "proxy_ssl_protocols"].flatMap { name in
                    subject.lines(name) { line, _ in
                        let old = line.arguments.filter {
                            ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"].contains($0)
                        }
                        return old.isEmpty ? nil : "it names \(old.joined(separator: ", "))"
                    }
                }
            },
            LintRule(
                "tls-weak-ciphers", "Broken ciphers are offered.",
                why: "They can be read or forged by whoever is on the way.",
                mend: "take them out of the list, or leave the line out"
            ) { subject in
                ["ssl_ciphers", "proxy_ssl_ciphers"].flatMap { name in
                    subject.lines(name) { line, _ in
                        let weak = line.argument(0).split(whereSeparator: { ": ,".contains($0) }).filter {
                            isWeak($0)
                        }
                        return weak.isEmpty ? nil : "it names \(weak.joined(separator: ", "))"
                    }
                }
            },
            LintRule(
                "upstream-unverified", "The certificate of a gateway is not looked at.",
                why: "Without \"proxy_ssl_verify\", whoever is on the way can be the gateway.",
                mend: "add \"proxy_ssl_verify on;\" and \"proxy_ssl_trusted_certificate FILE;\""
            ) { subject in
                subject.proxies.compactMap { (block, line) in
                    guard let url = LintURL(line), url.isTLS, leavesMachine(url, subject),
                        block.word("proxy_ssl_verify") != "on"
                    else { return nil }
                    return LintRemark(line, "\"proxy_ssl_verify\" is off for \"\(url.host)\"")
                }
            },
        ]
    }

    /// Whether a `proxy_set_header` has a secret's name and a value that no variable makes.
    private static func isWrittenSecret(_ line: Statement) -> Bool {
        isSecret(line.argument(0).lowercased()) && !line.argument(1).isEmpty
            && !line.argument(1).contains("$")
    }

    private static func isSecret(_ name: String) -> Bool {
        ["authorization", "proxy-authorization"].contains(name)
            || ["api-key", "apikey", "-token", "-secret", "password"].contains { name.hasSuffix($0) }
    }

    private static func isWeak(_ cipher: Substring) -> Bool {
        guard let first = cipher.first, first != "!", first != "-" else { return false }
        let name = cipher.drop { $0 == "+" }.uppercased()
        let words = Set(name.split { $0 == "-" || $0 == "+" || $0 == "_" }.map(String.init))
        return cipher.first != "+"
            && !words.isDisjoint(with: [
                "RC4", "3DES", "DES", "NULL", "ENULL", "ANULL", "EXP", "EXPORT", "MD5", "LOW", "ADH", "AECDH",
            ])
    }

    /// What is sent there goes over a network.
    private static func leavesMachine(_ url: LintURL, _ subject: LintSubject) -> Bool {
        guard let upstream = subject.upstream(of: url) else { return !url.isLocal }
        return upstream.own("server").contains { !LintURL.isLocal($0.argument(0)) }
    }

    // MARK: Who may come in

    private static func isGuarded(_ block: LintBlock) -> Bool {
        !block.inForce("deny").isEmpty || asksWho(block) || isLocal(block)
            || block.has("internal")
            || block.inForce("allow").contains { LintURL.isLocal($0.argument(0)) }
            || block.server?.blocks.contains { $0.name == "if" && $0.has("return") } == true
            || block.blocks.contains { $0.name == "if" && $0.has("return") }
    }

    private static func asksWho(_ block: LintBlock) -> Bool {
        (block.word("auth_basic").map { $0 != "off" } ?? false)
            || (block.word("auth_request").map { $0 != "off" } ?? false)
            || block.word("ssl_verify_client") == "on"
    }

    /// Nobody but programs of this machine comes there.
    private static func isLocal(_ block: LintBlock) -> Bool {
        guard let server = block.server, server.has("listen") else { return false }
        return server.own("listen").allSatisfy { LintURL.isLocal($0.argument(0)) }
    }
}
