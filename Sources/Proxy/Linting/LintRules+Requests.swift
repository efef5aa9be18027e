internal import Config
internal import Core

extension LintRule {
    /// `rewrite`, `return` and what comes before they are reached.
    static var rewriting: [LintRule] {
        [
            LintRule(
                "redirect-decoded", "A redirect is made of the decoded path.",
                why:
                    "\"$uri\" is decoded: a line break or a \"%\" that a client encodes comes out as itself.",
                mend: "write $request_uri, which is as the client sent it and has the query"
            ) { subject in
                subject.lines("return") { line, _ in
                    let text = line.words.count > 2 ? line.argument(1) : line.argument(0)
                    let isRedirect =
                        line.words.count > 2 ? line.argument(0).hasPrefix("30") : text.hasPrefix("http")
                    return isRedirect && namesPath(text) ? "\"\(text)\" takes the decoded path" : nil
                }
                    + subject.lines("rewrite") { line, _ in
                        let target = line.argument(1)
                        let isRedirect =
                            ["redirect", "permanent"].contains(line.argument(2)) || target.hasPrefix("http")
                        return isRedirect && namesPath(target) ? "\"\(target)\" takes the decoded path" : nil
                    }
            },
            LintRule(
                "return-before-access", "Nobody is kept out where \"return\" answers.",
                why: "\"return\" is obeyed before \"deny\", \"auth_basic\" and \"auth_request\" are asked.",
                mend:
                    "serve the answer as a file, or from where \"error_page\" or \"try_files\" lead"
            ) { subject in
                subject.locations.flatMap { location -> [LintRemark] in
                    let isGuarded =
                        location.own("deny").contains { !$0.words.isEmpty }
                        || location.own("auth_basic").contains { $0.argument(0) != "off" }
                        || location.own("auth_request").contains { $0.argument(0) != "off" }
                    guard isGuarded else { return [] }
                    return location.own("return").filter { !["403", "404", "444"].contains($0.argument(0)) }
                        .map {
                            LintRemark($0, "it answers everybody, whatever the location's rules say")
                        }
                }
            },
        ]
    }

    private static func namesPath(_ text: String) -> Bool {
        ["$uri", "$document_uri", "${uri}", "${document_uri}"].contains { name in
            text.split(separator: "$", omittingEmptySubsequences: false).dropFirst().contains { part in
                let word = name.dropFirst()
                guard part.hasPrefix(word) else { return false }
                let next = part.dropFirst(word.count).utf8.first
                return word.hasPrefix("{")
                    || next.map { !($0.isASCIIAlpha || $0.isASCIIDigit || $0 == UInt8(ascii: "_")) } ?? true
            }
        }
    }

    /// What gateways are told, and how.
    static var requests: [LintRule] {
        [
            LintRule(
                "forwarded-for-missing", "The gateway does not hear who the client is.",
                why:
                    "A \"proxy_set_header\" takes the place of the fields that are sent otherwise.",
                mend: "add \"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\""
            ) { subject in
                subject.proxies.compactMap { (block, line) in
                    let fields = block.inForce("proxy_set_header")
                    let names = fields.map { $0.argument(0).lowercased() }
                    guard !fields.isEmpty, names.contains("host"),
                        !names.contains(where: {
                            $0.contains("forwarded") || $0.contains("real-ip") || $0.contains("client-ip")
                        }),
                        !isUpgrade(fields)
                    else { return nil }
                    return LintRemark(line, "it gets no X-Forwarded-For and no X-Real-IP")
                }
            },
            LintRule(
                "upgrade-incomplete", "WebSockets do not get through.",
                why: "An upgrade needs both Upgrade and Connection, and HTTP/1.1 towards the gateway.",
                mend:
                    "set Connection to \"upgrade\" beside it, by a map, and leave HTTP/1.0 out"
            ) { subject in
                subject.proxies.compactMap { (block, _) in
                    let fields = block.inForce("proxy_set_header")
                    guard isUpgrade(fields),
                        let line = fields.first(where: { $0.argument(0).lowercased() == "upgrade" })
                    else { return nil }
                    if !fields.contains(where: { $0.argument(0).lowercased() == "connection" }) {
                        return LintRemark(line, "\"Connection\" is not set beside \"Upgrade\"")
                    }
                    return block.word("proxy_http_version") == "1.0"
                        ? LintRemark(line, "the gateway is spoken to in HTTP/1.0") : nil
                }
            },
            LintRule(
                "host-unchecked", "The gateway is sent whatever host a client makes up.",
                why: "The server answers for every host, and $http_host is what the client sent, unchecked.",
                mend:
                    "send $host, name the hosts, and let a \"default_server\" refuse all others"
            ) { subject in
                subject.proxies.compactMap { (block, _) in
                    guard let server = block.server, answersAll(server, subject),
                        let line = block.inForce("proxy_set_header").first(where: {
                            $0.argument(0).lowercased() == "host" && $0.argument(1) == "$http_host"
                        })
                    else { return nil }
                    return LintRemark(line, "\"\(block.title)\" is reached under any name")
                }
            },
            LintRule(
                "proxy-open", "Clients choose whom requests are sent to.",
                why:
                    "The host is made of what the client sends: also names inside your network.",
                mend: "let a \"map\" with a fixed list choose the upstream"
            ) { subject in
                subject.proxies.compactMap { (_, line) in
                    guard let url = LintURL(line),
                        let variable = ["$arg_", "$http_", "$cookie_", "$host"].first(where: {
                            url.host.contains($0)
                        })
                    else { return nil }
                    return LintRemark(
                        line, "the host is made of \(variable)\(variable.hasSuffix("_") ? "…" : "")")
                }
            },
            LintRule(
                "timeout-huge", "A request that hangs is waited for too long.",
                why: "Each holds a connection on either side; enough of them hold all there are.",
                mend:
                    "give a time in which an answer is worth something, and more where it is needed"
            ) { subject in slow(subject) },
            LintRule(
                "buffering-off-everywhere", "Slow clients hold gateways up.",
                why: "Without buffering, a gateway is busy for as long as its client takes to read.",
                mend: "turn it off in the locations that stream"
            ) { subject in
                subject.lines("proxy_buffering") { line, block in
                    block.name == "http" && line.argument(0) == "off" ? "it is off for everything" : nil
                }
            },
            LintRule(
                "body-unlimited", "Clients may send as much as they like.",
                why: "What is buffered goes to disk: one client can fill it.",
                mend: "give a limit, and a larger one in the location that takes uploads"
            ) { subject in
                subject.lines("client_max_body_size") { line, block in
                    Units.size(line.argument(0)) == 0 && block.name == "http"
                        ? "there is no limit for anything" : nil
                }
            },
        ]
    }

    private static func isUpgrade(_ fields: [Statement]) -> Bool {
        fields.contains {
            $0.argument(0).lowercased() == "upgrade" && $0.argument(1).contains("$http_upgrade")
        }
    }

    /// A request for any host may come to it.
    private static func answersAll(_ server: LintBlock, _ subject: LintSubject) -> Bool {
        server.own("listen").contains {
            $0.arguments.contains { ["default_server", "default"].contains($0) }
        }
            || subject.isAlone(server) && !isNamed(server)
    }

    /// It is meant for some hosts. If it is the only server, $host would be as much of the client's making.
    private static func isNamed(_ server: LintBlock) -> Bool {
        server.own("server_name").flatMap(\.arguments).contains { !["_", ""].contains($0) }
    }

    private static func slow(_ subject: LintSubject) -> [LintRemark] {
        let limits = [
            ("proxy_connect_timeout", 300), ("proxy_read_timeout", 3600), ("proxy_send_timeout", 3600),
            ("client_header_timeout", 300), ("client_body_timeout", 3600), ("send_timeout", 3600),
            ("keepalive_timeout", 3600),
        ]
        return limits.flatMap { (name, most) in
            subject.lines(name) { line, block in
                guard let seconds = Units.seconds(line.argument(0)), seconds > most,
                    !isUpgrade(block.inForce("proxy_set_header"))
                else { return nil }
                return "\(line.argument(0)) is more than \(most) seconds"
            }
        }
    }
}

extension LintBlock {
    /// What a server listens on, the parameters left out.
    var listens: [String] {
        let words = own("listen").map { $0.argument(0) }
        return words.isEmpty
            ? ["80"]
            : words.map { word in
                for prefix in ["*:", "0.0.0.0:"] where word.hasPrefix(prefix) {
                    return String(word.dropFirst(prefix.count))
                }
                return word
            }
    }
}
