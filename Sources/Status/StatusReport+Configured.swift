internal import Sharing
package import Upstream

extension StatusReport.Server {
    /// The server as it was configured, or as the API has left it.
    var configurationJSON: JSON {
        StatusReport.Server.configurationJSON(settings, id: id, isDraining: state == .draining)
    }

    /// Of `max_conns=auto`: what was found.
    var foundLimit: String? {
        settings.foundLimit == nil ? nil : "may have \(connectionsMax) requests at once"
    }

    /// The name that it is an address of, as a server of its own; `nil`: it has none.
    var parent: (id: Int, json: JSON)? {
        guard let id = settings.parentID, let name = settings.dynamicName else { return nil }
        return (id, .made { StatusReport.Server.configurationJSON(settings.standing(for: name), id: id) })
    }

    /// A server as the API tells of its settings.
    package static func configurationJSON(_ settings: PeerSettings, id: Int, isDraining: Bool? = nil) -> JSON
    {
        var members: [(String, JSON)] = [
            ("id", .int(id)), ("server", .string(settings.name)), ("weight", .int(settings.weight)),
            ("max_conns", maxConnections(settings)), ("max_fails", .int(settings.maxFails)),
            ("fail_timeout", .string("\(settings.failTimeoutSeconds)s")),
            ("slow_start", .string(slowStart(settings))), ("route", .string(settings.route)),
            ("backup", .bool(settings.isBackup)), ("down", .bool(settings.isDown)),
            ("drain", .bool(isDraining ?? settings.isDraining)),
        ]
        if let parent = settings.parentID, let name = settings.dynamicName {
            members += [("parent", .int(parent)), ("host", .string(name.host))]
        }
        return .object(members)
    }

    /// A number, or the word for one that is found: what is read here may be sent back.
    private static func maxConnections(_ settings: PeerSettings) -> JSON {
        settings.foundLimit == nil ? .int(settings.maxConnections) : .string(settings.maxConnectionsWord)
    }

    /// In seconds where that is exact: what is read here may be sent back.
    private static func slowStart(_ settings: PeerSettings) -> String {
        let ms = settings.slowStartMs
        return ms % 1000 == 0 ? "\(ms / 1000)s" : "\(ms)ms"
    }
}
