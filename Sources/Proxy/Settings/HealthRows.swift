internal import Config
internal import Upstream

/// `health_check` and `match`. In `upstream` blocks `health_check` is a row of that table.
enum HealthRows {
    static var directives: [Directive<Block>] {
        [
            Directive(
                "health_check", "Asks the servers that the location passes to how they are.",
                HealthCheckSettings.syntax, in: .location, arity: 0...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.healthChecks.append(try HealthCheckSettings(statement))
            }.repeatable,
            Directive(
                "match", "What the answer to a health check must be like.", "name", in: .http, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.builder.health.define(try MatchBlock(statement), statement)
            }.block(.definition, holdsLines: true),
        ]
    }
}

/// The health checks of a configuration while it is read.
struct HealthAssembly {
    private var matches: [String: MatchBlock] = [:]
    /// The first location that passes to a group, by the group's index: there may be thousands of each.
    private var origins: [Int: HealthCheck.Origin] = [:]
    private var pending: [(settings: HealthCheckSettings, origin: HealthCheck.Origin)] = []

    mutating func define(_ match: MatchBlock, _ statement: Statement) throws(ConfigError) {
        guard matches.updateValue(match, forKey: match.name) == nil else {
            throw ConfigError("duplicate match \"\(match.name)\"", statement)
        }
    }

    /// A location is complete.
    mutating func add(_ checks: [HealthCheckSettings], _ settings: LocationSettings, _ plan: ProxyPlan)
        throws(ConfigError)
    {
        guard case .proxy(let target) = settings.content, let index = target.groupIndex else {
            guard let first = checks.first else { return }
            throw .unknownReference(
                "\"health_check\" needs a \"proxy_pass\" to a group of servers in its location",
                at: first.statement?.location)
        }
        guard origins[index] == nil || !checks.isEmpty else { return }
        let origin = HealthCheck.Origin(groupIndex: index, settings: settings, target: target, plan: plan)
        if origins[index] == nil { origins[index] = origin }
        for check in checks { pending.append((check, origin)) }
    }

    /// All that the files say is known.
    func assemble(_ upstreams: inout [UpstreamSettings]) throws(ConfigError) -> [HealthCheck] {
        var made: [HealthCheck] = []
        for index in upstreams.indices {
            for settings in upstreams[index].checks {
                made.append(try check(settings, index, upstreams[index].name, origins[index]))
            }
        }
        for (settings, origin) in pending {
            made.append(
                try check(settings, origin.groupIndex, upstreams[origin.groupIndex].name, origin))
        }
        for check in made {
            upstreams[check.groupIndex].isChecked = true
            if check.settings.isMandatory { upstreams[check.groupIndex].isMandatory = true }
            // Workers see what the checker finds out.
            upstreams[check.groupIndex].hasZone = true
            if let percent = check.settings.panicThreshold {
                upstreams[check.groupIndex].panicThreshold = percent
            }
        }
        return made
    }

    private func check(
        _ settings: HealthCheckSettings, _ index: Int, _ group: String, _ origin: HealthCheck.Origin?
    ) throws(ConfigError) -> HealthCheck {
        var match: MatchBlock?
        if let name = settings.match {
            match = matches[name]
            guard match != nil else {
                throw ConfigError("match \"\(name)\" not found", at: settings.statement?.location)
            }
        }
        return HealthCheck(settings, groupIndex: index, group: group, match: match, origin: origin)
    }
}
