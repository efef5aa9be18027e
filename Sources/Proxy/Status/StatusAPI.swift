internal import Core
internal import HTTP

/// `api`: the report in pieces, under the paths of the commercial API.
enum StatusAPI {
    /// The answer to a path.
    struct Answer {
        let status: UInt16
        let content: JSON

        /// What goes to the client: an error also says which request it answers, and where it is explained.
        func content(requestID: String) -> JSON {
            guard status >= 400, case .object(let members) = content else { return content }
            return .object(
                members + [("request_id", .string(requestID)), ("href", .string(StatusAPI.reference))])
        }
    }

    /// The documentation of the shapes and of the errors.
    private static var reference: String { "https://nginx.org/en/docs/http/ngx_http_api_module.html" }

    private static var versionMax: Int { 9 }

    /// - Parameters:
    ///   - path: what follows the location's name, without a slash in front: "9/http/upstreams".
    ///   - fields: what `?fields=` names; `nil`: all.
    static func answer(_ path: String, fields: [String]?, _ report: () -> StatusReport) -> Answer {
        var parts = path.split(separator: "/").map(String.init)
        guard let version = parts.first else {
            return Answer(status: 200, content: .array((1...versionMax).map { .int($0) }))
        }
        guard let number = Int(version), (1...versionMax).contains(number) else {
            return error(404, "unknown version", "UnknownVersion")
        }
        parts.removeFirst()
        let json = StatusJSON(report: report())
        guard let found = find(parts, json) else { return notFound(parts, json) }
        return Answer(status: 200, content: fields.map { filtered(found, $0) } ?? found)
    }

    /// Fields of an object; of a list of objects, those of each.
    private static func filtered(_ json: JSON, _ fields: [String]) -> JSON {
        guard !fields.contains("") || fields.count > 1 else { return json }
        if case .array(let elements) = json { return .array(elements.map { $0.keeping(fields) }) }
        // Objects of objects (zones, upstreams) are filtered one by one.
        if case .object(let members) = json, !members.isEmpty, json.isTable {
            return .object(members.map { ($0.0, $0.1.keeping(fields)) })
        }
        return json.keeping(fields)
    }

    private static func find(_ parts: [String], _ json: StatusJSON) -> JSON? {
        guard let first = parts.first else {
            return names([
                "nginx", "processes", "connections", "slabs", "http", "resolvers", "ssl", "workers",
                "portico",
            ])
        }
        let rest = Array(parts.dropFirst())
        switch first {
        case "nginx" where rest.isEmpty: return json.nginx
        case "processes" where rest.isEmpty: return json.processes
        case "connections" where rest.isEmpty: return json.connections(json.report.connections)
        case "ssl" where rest.isEmpty: return json.ssl
        case "slabs", "resolvers": return rest.isEmpty ? .object([]) : nil
        case "portico": return rest.reduce(json.portico) { $0?[$1] }
        case "workers": return worker(rest, json)
        case "http": return http(rest, json)
        default: return nil
        }
    }

    private static func names(_ names: [String]) -> JSON { .array(names.map { .string($0) }) }

    private static func worker(_ parts: [String], _ json: StatusJSON) -> JSON? {
        guard let id = parts.first else { return json.workers }
        guard parts.count == 1, case .array(let workers) = json.workers else { return nil }
        return workers.first { worker in
            if case .int(let number)? = worker["id"] { return String(number) == id }
            return false
        }
    }

    private static func http(_ parts: [String], _ json: StatusJSON) -> JSON? {
        guard let first = parts.first else {
            return names([
                "requests", "server_zones", "location_zones", "caches", "limit_conns", "limit_reqs",
                "upstreams",
                "keyvals",
            ])
        }
        if first == "upstreams", parts.count > 2 { return UpstreamMembers(json.report).find(parts) }
        guard parts.count <= 2, let found = json.http[first] else { return nil }
        guard let name = parts.dropFirst().first else { return found }
        return first == "requests" ? nil : found[name]
    }

    // MARK: Errors

    private static func notFound(_ parts: [String], _ json: StatusJSON) -> Answer {
        guard parts.first == "http", parts.count > 2, parts[1] == "upstreams" else {
            return error(404, "path not found", "PathNotFound")
        }
        guard json.upstreams[parts[2]] != nil else {
            return error(404, "upstream not found", "UpstreamNotFound")
        }
        guard parts.count == 5, parts[3] == "servers" else {
            return error(404, "path not found", "PathNotFound")
        }
        guard Int(parts[4]) != nil else { return error(400, "invalid server id", "UpstreamBadServerId") }
        return error(404, "server not found", "UpstreamServerNotFound")
    }

    static func error(_ status: UInt16, _ text: String, _ code: String) -> Answer {
        Answer(
            status: status,
            content: .object([
                (
                    "error",
                    .object([
                        ("status", .int(Int(status))), ("text", .string(text)), ("code", .string(code)),
                    ])
                )
            ]))
    }
}

/// `/http/upstreams/NAME/servers/…`: servers as they were configured.
private struct UpstreamMembers {
    let report: StatusReport

    init(_ report: StatusReport) { self.report = report }

    /// - Parameter parts: "upstreams", the name, "servers", and perhaps a server's number.
    func find(_ parts: [String]) -> JSON? {
        guard (3...4).contains(parts.count), parts[2] == "servers",
            let upstream = report.upstreams.first(where: { $0.name == parts[1] })
        else { return nil }
        // A name stands before its addresses.
        var servers: [(id: Int, json: JSON)] = []
        for server in upstream.servers {
            if let parent = server.parent, !servers.contains(where: { $0.id == parent.id }) {
                servers.append(parent)
            }
            servers.append((server.id, server.configurationJSON))
        }
        guard parts.count == 4 else { return .array(servers.map(\.json)) }
        return Int(parts[3]).flatMap { id in servers.first { $0.id == id }?.json }
    }
}

extension JSON {
    /// An object whose members are all objects that have members of their own: a table by name.
    fileprivate var isTable: Bool {
        guard case .object(let members) = self else { return false }
        return members.allSatisfy { member in
            if case .object(let inner) = member.1 { return !inner.isEmpty && inner[0].0 != "codes" }
            return false
        }
    }
}
