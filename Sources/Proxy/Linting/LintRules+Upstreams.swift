internal import Config
internal import Core

extension LintRule {
    /// Groups of servers.
    static var upstreams: [LintRule] {
        [
            LintRule(
                "upstream-unshared", "Each worker finds out for itself that a server has failed.",
                why: "Without a \"zone\", workers do not see each other's failures, counts and turns.",
                mend: "add \"zone NAME 64k;\" to the upstream"
            ) { subject in
                guard subject.configuration.main.workerProcesses > 1 else { return [] }
                return subject.upstreams.filter { $0.own("server").count > 1 && !$0.has("zone") }.map {
                    LintRemark($0.opening, "it has \($0.own("server").count) servers and no \"zone\"")
                }
            },
            LintRule(
                "upstream-unchecked", "A server that is dead goes on getting requests.",
                why: "With \"max_fails=0\" no failure counts, and nothing else checks the servers.",
                mend: "leave \"max_fails=0\" out, or add \"health_check\" where the upstream is used"
            ) { subject in
                let checked = Set(
                    subject.proxies.filter { $0.block.has("health_check") }.compactMap {
                        LintURL($0.statement)?.host
                    })
                return subject.upstreams.filter { upstream in
                    let servers = upstream.own("server")
                    return servers.count > 1 && servers.allSatisfy { $0.arguments.contains("max_fails=0") }
                        && !upstream.has("health_check") && !checked.contains(upstream.opening.argument(0))
                }.map { LintRemark($0.opening, "all its servers have \"max_fails=0\"") }
            },
            LintRule(
                "keepalive-lost", "Connections that \"keepalive\" is to keep are closed after each request.",
                why: "HTTP/1.0 closes them, and so does \"Connection: close\".",
                mend: "leave \"proxy_http_version 1.0\" out, or add \"proxy_set_header Connection \"\";\""
            ) { subject in
                subject.proxies.compactMap { (block, line) in
                    guard let url = LintURL(line), let upstream = subject.upstream(of: url),
                        upstream.own("keepalive").contains(where: { $0.argument(0) != "0" })
                    else { return nil }
                    let connection = block.inForce("proxy_set_header").last {
                        $0.argument(0).lowercased() == "connection"
                    }
                    if connection?.argument(1).lowercased() == "close" {
                        return LintRemark(line, "\"Connection\" is set to \"close\"")
                    }
                    guard block.word("proxy_http_version") == "1.0", connection == nil else { return nil }
                    return LintRemark(line, "the gateway is spoken to in HTTP/1.0")
                }
            },
        ]
    }
}
