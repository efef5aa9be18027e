internal import Core
internal import HTTP

/// `api`: the report in pieces, under the paths of the commercial API.
package enum StatusAPI {
    /// The answer to a path.
    package struct Answer {
        /// Of the response.
        package let status: UInt16
        /// Its body.
        package let content: JSON
        /// The methods that the path knows, for whoever used another one.
        package var allow: String?

        /// An answer; `allow` names the methods that would have been right.
        package init(status: UInt16, content: JSON, allow: String? = nil) {
            self.status = status
            self.content = content
            self.allow = allow
        }

        /// What goes to the client: an error also says which request it answers, and where it is explained.
        package func content(requestID: String) -> JSON {
            guard status >= 400, case .object(let members) = content else { return content }
            return .object(
                members + [("request_id", .string(requestID)), ("href", .string(StatusAPI.reference))])
        }
    }

    /// What a path leads to.
    private enum Finding {
        /// `?fields=` says which of its members are wanted.
        case object(JSON)
        /// Objects by name, or one after the other: `?fields=` speaks of the members of each.
        case table(JSON)
        /// It is always given whole.
        case whole(JSON)
        case nothing(Answer)
    }

    /// The documentation of the shapes and of the errors.
    private static var reference: String { "https://nginx.org/en/docs/http/ngx_http_api_module.html" }

    private static var versionMax: Int { 9 }

    /// - Parameters:
    ///   - path: what follows the location's name, without a slash in front: "9/http/upstreams".
    ///   - fields: what `?fields=` names, perhaps nothing; `nil`: all.
    package static func answer(_ path: String, fields: [String]?, _ report: () -> StatusReport) -> Answer {
        let parts = path.split(separator: "/").map(String.init)
        guard let version = parts.first else {
            return Answer(status: 200, content: .array((1...versionMax).map { .int($0) }))
        }
        guard isKnown(version) else { return error(404, "unknown version", "UnknownVersion") }
        switch find(Array(parts.dropFirst()), StatusJSON(report: report())) {
        case .object(let json): return Answer(status: 200, content: fields.map { json.keeping($0) } ?? json)
        case .table(let json):
            return Answer(status: 200, content: fields.map { json.keepingInEach($0) } ?? json)
        case .whole(let json): return Answer(status: 200, content: json)
        case .nothing(let answer): return answer
        }
    }

    /// What of a report a path needs.
    package static func scope(of path: String) -> StatusScope {
        let parts = path.split(separator: "/").map(String.init)
        let name = parts.count > 3 ? parts[3] : nil
        switch (parts.dropFirst().first, parts.dropFirst(2).first) {
        case ("connections", _), ("ssl", _), ("http", "requests"): return StatusScope(parts: .counters)
        case ("workers", _): return StatusScope(parts: .workers)
        case ("resolvers", _): return StatusScope(parts: .resolvers)
        case ("http", "server_zones"): return StatusScope(parts: .serverZones, name: name)
        case ("http", "location_zones"): return StatusScope(parts: .locationZones, name: name)
        case ("http", "limit_reqs"), ("http", "limit_conns"): return StatusScope(parts: .limits, name: name)
        case ("http", "upstreams"):
            // Servers as they were configured have no numbers.
            return StatusScope(parts: .upstreams, name: name, isCounted: parts.count < 5)
        case ("portico", let leaf?): return StatusScope(parts: StatusAPI.parts(ofPortico: leaf), name: name)
        case ("portico", nil): return .all
        default: return StatusScope(parts: [])
        }
    }

    private static func parts(ofPortico leaf: String) -> StatusScope.Parts {
        switch leaf {
        case "upstreams": .upstreams
        case "workers": .workers
        case "certificates": .certificates
        case "errors", "history", "events", "event_counts", "windows": .history
        case "verdict", "level", "well", "problems", "usable_servers":
            [.upstreams, .workers, .certificates]
        default: .counters
        }
    }

    /// "9", and no other way to write it.
    private static func isKnown(_ version: String) -> Bool {
        (1...versionMax).contains { String($0) == version }
    }

    // MARK: What there is

    private static func find(_ parts: [String], _ json: StatusJSON) -> Finding {
        guard let first = parts.first else {
            return names([
                "nginx", "processes", "connections", "slabs", "http", "resolvers", "ssl", "workers",
                "portico",
            ])
        }
        let rest = Array(parts.dropFirst())
        switch first {
        case "nginx" where rest.isEmpty: return .object(json.nginx)
        case "processes" where rest.isEmpty: return .object(json.processes)
        case "connections" where rest.isEmpty: return .object(json.connections(json.report.connections))
        case "ssl" where rest.isEmpty: return .object(json.ssl)
        case "slabs": return entry(rest, of: json.slabs, "slab", "Slab")
        case "resolvers": return entry(rest, of: json.resolvers, "resolver", "Resolver")
        case "workers": return worker(rest, json)
        case "portico":
            let found = rest.reduce(json.portico) { $0?[$1] }
            return found.map { .object($0) } ?? noPath
        case "http": return http(rest, json)
        default: return noPath
        }
    }

    private static func names(_ names: [String]) -> Finding { .whole(.array(names.map { .string($0) })) }

    /// - Parameters:
    ///   - parts: nothing for the whole table, or a name in it.
    ///   - noun: what stands in the table, and how error codes call it.
    private static func entry(
        _ parts: [String], of table: JSON, _ noun: String, _ code: String
    ) -> Finding {
        guard let name = parts.first else { return .table(table) }
        guard let found = table[name] else {
            return .nothing(error(404, "\(noun) not found", "\(code)NotFound"))
        }
        return parts.count == 1 ? .object(found) : noPath
    }

    private static func worker(_ parts: [String], _ json: StatusJSON) -> Finding {
        guard case .array(let workers) = json.workers else { return noPath }
        let byID = workers.map { worker -> (String, JSON) in
            guard case .int(let id)? = worker["id"] else { return ("", worker) }
            return (String(id), worker)
        }
        return parts.isEmpty ? .table(json.workers) : entry(parts, of: .object(byID), "worker", "Worker")
    }

    private static func http(_ parts: [String], _ json: StatusJSON) -> Finding {
        guard let first = parts.first else {
            return names([
                "requests", "server_zones", "location_zones", "caches", "limit_conns", "limit_reqs",
                "upstreams", "keyvals",
            ])
        }
        let rest = Array(parts.dropFirst())
        switch first {
        case "requests" where rest.isEmpty: return .object(json.requests)
        case "server_zones": return entry(rest, of: json.serverZones, "server zone", "ServerZone")
        case "location_zones": return entry(rest, of: json.locationZones, "location zone", "LocationZone")
        case "caches": return entry(rest, of: json.caches, "cache", "Cache")
        case "limit_conns": return entry(rest, of: json.limitConns, "limit_conn", "LimitConn")
        case "limit_reqs": return entry(rest, of: json.limitReqs, "limit_req", "LimitReq")
        case "keyvals": return entry(rest, of: json.keyvals, "keyval", "Keyval")
        case "upstreams":
            return servers(rest, json.report) ?? entry(rest, of: json.upstreams, "upstream", "Upstream")
        default: return noPath
        }
    }

    /// `/http/upstreams/NAME/servers/…`: servers as they were configured.
    ///
    /// - Returns: `nil`: the path is another one, or there is no such upstream.
    private static func servers(_ parts: [String], _ report: StatusReport) -> Finding? {
        guard (2...3).contains(parts.count), parts[1] == "servers",
            let upstream = report.upstreams.first(where: { $0.name == parts[0] })
        else { return nil }
        // A name stands before its addresses.
        var servers: [(id: Int, json: JSON)] = []
        var parents: Set<Int> = []
        for server in upstream.servers {
            if let parent = server.parent, parents.insert(parent.id).inserted { servers.append(parent) }
            servers.append((server.id, .made { server.configurationJSON }))
        }
        guard parts.count == 3 else { return .whole(.array(servers.map(\.json))) }
        guard let id = Int(parts[2]) else {
            return .nothing(error(400, "invalid server id", "UpstreamBadServerId"))
        }
        guard let found = servers.first(where: { $0.id == id }) else {
            return .nothing(error(404, "server with such id does not exist", "UpstreamServerNotFound"))
        }
        return .whole(found.json)
    }

    // MARK: Errors

    private static var noPath: Finding { .nothing(error(404, "path not found", "PathNotFound")) }

    /// A method that the path does not know.
    ///
    /// - Parameter writes: `write=on`; without it, it is not even looked whether there is such a path.
    package static func refusal(of path: String, writes: Bool, _ report: () -> StatusReport) -> Answer {
        var methods = "GET, HEAD"
        if writes {
            let answer = answer(path, fields: nil, report)
            guard answer.status < 400 else { return answer }
            let parts = path.split(separator: "/")
            if parts.count > 4, parts[1] == "http", parts[2] == "upstreams" {
                methods += parts.count == 5 ? ", POST" : ", PATCH, DELETE"
            }
        }
        var refusal = error(405, "method disabled", "MethodDisabled")
        refusal.allow = methods
        return refusal
    }

    /// What is wrong with a question, in the shape that the API documents.
    package static func error(_ status: UInt16, _ text: String, _ code: String) -> Answer {
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

extension JSON {
    /// What is named of each of its elements or members.
    fileprivate func keepingInEach(_ names: [String]) -> JSON {
        switch self {
        case .array(let elements): .array(elements.map { element in .made { element.keeping(names) } })
        case .object(let members):
            .object(members.map { member in (member.0, .made { member.1.keeping(names) }) })
        case .made(let make): make().keepingInEach(names)
        case .null, .bool, .int, .number, .string: self
        }
    }
}
