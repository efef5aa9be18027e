internal import Upstream

extension StatusReport.Server {
    /// The server as it was configured.
    var configurationJSON: JSON {
        .object([
            ("id", .int(id)), ("server", .string(settings.name)), ("weight", .int(settings.weight)),
            ("max_conns", .int(settings.maxConnections)), ("max_fails", .int(settings.maxFails)),
            ("fail_timeout", .string("\(settings.failTimeoutSeconds)s")),
            ("slow_start", .string(slowStart)), ("route", .string("")),
            ("backup", .bool(settings.isBackup)), ("down", .bool(settings.isDown)),
            ("drain", .bool(state == .draining)),
        ])
    }

    /// In seconds where that is exact: what is read here may be sent back.
    private var slowStart: String {
        let ms = settings.slowStartMs
        return ms % 1000 == 0 ? "\(ms / 1000)s" : "\(ms)ms"
    }
}
