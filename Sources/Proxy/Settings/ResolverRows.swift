internal import Config
internal import Net
internal import Upstream

/// `resolver` and `resolver_timeout`: who is asked for addresses of names, by the checker for servers of
/// groups, and by workers for names that variables in `proxy_pass` make. In `upstream` blocks they are rows
/// of that table.
enum ResolverRows {
    static var directives: [Directive<Block>] {
        [
            Directive(
                "resolver", "Name servers that are asked instead of those of /etc/resolv.conf.",
                ResolverLine.syntax, in: [.http, .server, .location], arity: 1...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let line = try ResolverLine(statement) { block.builder.files.resolve(host: $0, port: $1) }
                block.settings.names.resolver = line
                if let zone = line.settings.statusZone { block.builder.resolverZones.append(zone) }
                if block.context == .http { block.builder.resolver = line }
            },
            Directive(
                "resolver_timeout", "Longest time for looking a name up.", "time", default: "30s",
                in: [.http, .server, .location], arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                guard let ms = Units.milliseconds(statement.argument(0)), ms > 0 else {
                    throw .invalidValue(statement)
                }
                block.settings.names.timeoutMs = ms
                if block.context == .http { block.builder.resolverTimeoutMs = ms }
            },
        ]
    }
}
