internal import Upstream

extension StatusReport.Server {
    /// The server as it was configured.
    var configurationJSON: JSON {
        .object([
            ("id", .int(id)), ("server", .string(settings.name)), ("weight", .int(settings.weight)),
            ("max_conns", .int(settings.maxConnections)), ("max_fails", .int(settings.maxFails)),
            ("fail_timeout", .string("\(settings.failTimeoutSeconds)s")),
            ("slow_start", .string("\(settings.slowStartMs / 1000)s")), ("route", .string("")),
            ("backup", .bool(settings.isBackup)), ("down", .bool(settings.isDown)),
            ("drain", .bool(state == .draining)),
        ])
    }
}
