internal import Net
internal import Sharing
internal import Status
internal import Upstream

/// `api write=on`: servers of an upstream are added, changed and removed. All workers see it at their next
/// turn; it outlives reloads that leave the upstream's `server` lines as they are, and with `state` the
/// service.
struct UpstreamWriting {
    let worker: Worker

    /// What a request asks for.
    enum Action {
        case add([UInt8])
        case change(Int, [UInt8])
        case remove(Int)
    }

    /// - Parameter path: what follows the location's name.
    func answer(_ method: String, _ path: String, body: [UInt8]) -> StatusAPI.Answer {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count >= 5, Int(parts[0]).map({ (1...9).contains($0) }) == true, parts[1] == "http",
            parts[2] == "upstreams", parts[4] == "servers", parts.count <= 6
        else { return refusal(of: path) }
        guard let settings = worker.snapshot.configuration.upstreams.first(where: { $0.name == parts[3] })
        else {
            return StatusAPI.error(404, "upstream not found", "UpstreamNotFound")
        }
        guard settings.isDynamic else { return StatusAPI.error(400, "upstream is static", "UpstreamStatic") }
        var id: Int?
        if parts.count == 6 {
            guard let number = Int(parts[5]), number >= 0 else {
                return StatusAPI.error(400, "invalid server id", "UpstreamBadServerId")
            }
            id = number
        }
        switch (method, id) {
        case ("POST", nil): return carryOut(.add(body), settings)
        case ("PATCH", let id?): return carryOut(.change(id, body), settings)
        case ("DELETE", let id?): return carryOut(.remove(id), settings)
        default: return refusal(of: path)
        }
    }

    private func refusal(of path: String) -> StatusAPI.Answer {
        StatusAPI.refusal(of: path, writes: true) {
            // Whether there is such a path is all that matters.
            var scope = StatusAPI.scope(of: path)
            scope.isCounted = false
            return StatusGathering.report(worker, address: "", scope)
        }
    }

    private func carryOut(_ action: Action, _ settings: UpstreamSettings) -> StatusAPI.Answer {
        let full = ServerChangeError.full.answer
        var answer = full
        // Held until this worker goes by the new list.
        var places: (PeerStateTable.Reservation, [Tally])?
        defer { withExtendedLifetime(places) {} }
        do throws(ServerChangeError) {
            let outcome = try worker.shared.members.update(
                settings.name, configured: settings.configuredMembers,
                { (text) throws(ServerChangeError) in
                    var list = worker.shared.list(text, of: settings)
                    answer = try apply(action, to: &list, settings)
                    places = try reserve(list, settings)
                    return list.text
                },
                keep: { (text) throws(ServerChangeError) in try keep(text, settings) })
            switch outcome {
            case .done:
                worker.snapshot.groups.followNames()
                if case .change(let id, _) = action { noteRest(of: id, settings) }
            case .full: answer = full
            case .busy: answer = StatusAPI.error(503, "another change is not done yet", "UpstreamBusy")
            }
            return answer
        } catch {
            return error.answer
        }
    }

    /// Keeps in mind since when a server rests.
    private func noteRest(of id: Int, _ settings: UpstreamSettings) {
        for group in worker.snapshot.groups.groups where group.settings.name == settings.name {
            for peer in group.peers where peer.settings.memberID == id || peer.settings.parentID == id {
                let rests = peer.settings.isDown || peer.settings.isDraining
                if rests != (peer.state.restSinceMs > 0) {
                    peer.state.restSinceMs = rests ? Int(worker.clock.wallMs) : 0
                }
            }
        }
    }

    /// No server is added whose state other workers and the checker could not see.
    private func reserve(
        _ list: GroupMemberList, _ settings: UpstreamSettings
    ) throws(ServerChangeError) -> (PeerStateTable.Reservation, [Tally]) {
        var next = settings
        next.peers = list.members.flatMap(\.peers)
        if let found = worker.shared.reserve(next) { return found }
        worker.log(.alert, "there is no room for the servers of upstream \"\(settings.name)\"")
        throw .full
    }

    /// Writes the state file, if there is one. It is done at once: the next change must find it.
    private func keep(_ text: String, _ settings: UpstreamSettings) throws(ServerChangeError) {
        guard let file = settings.stateFile, let list = GroupMemberList(text: text) else { return }
        do throws(FileError) {
            try FileAccess.replace(file.path, with: Array(StateFile.text(list).utf8))
        } catch {
            worker.log(
                .error,
                "\(error.message) while writing the state file \"\(file.path)\" of upstream"
                    + " \"\(settings.name)\"; nothing is changed")
            throw ServerChangeError(
                status: 500, text: "the state file cannot be written", code: "InternalError")
        }
    }

    /// Changes the list, or nothing.
    private func apply(
        _ action: Action, to list: inout GroupMemberList, _ settings: UpstreamSettings
    ) throws(ServerChangeError) -> StatusAPI.Answer {
        switch action {
        case .add(let body):
            let change = try ServerChange(body, for: .addition)
            var peer = try UpstreamWriting.newPeer(change, settings)
            peer.isBackup = change.isBackup ?? false
            if peer.isBackup && !settings.allowsBackups {
                throw ServerChangeError(
                    status: 400, text: "the balancing method has no backup servers", code: "UpstreamNoBackup")
            }
            UpstreamWriting.take(change, into: &peer)
            let member = GroupMember(id: list.nextID, settings: peer)
            try UpstreamWriting.refuseDuplicate(member, in: list)
            list.add(peer)
            findKnown(peer.dynamicName, in: &list, settings)
            return StatusAPI.Answer(status: 201, content: member.json)
        case .change(let id, let body):
            let index = try UpstreamWriting.index(of: id, in: list)
            let change = try ServerChange(body, for: .change)
            var member = list.members[index]
            if change.server != nil {
                let moved = try UpstreamWriting.newPeer(change, settings)
                member = GroupMember(id: id, settings: member.settings.moved(to: moved))
                var others = list
                others.members.remove(at: index)
                try UpstreamWriting.refuseDuplicate(member, in: others)
            }
            UpstreamWriting.take(change, into: &member.settings)
            list.members[index] = member
            findKnown(member.settings.dynamicName, in: &list, settings)
            return StatusAPI.Answer(status: 200, content: member.json)
        case .remove(let id):
            list.members.remove(at: try UpstreamWriting.index(of: id, in: list))
            // A group without a server would be one that no configuration could have described.
            guard settings.stateFile != nil || list.members.contains(where: { !$0.settings.isBackup }) else {
                throw ServerChangeError(
                    status: 400, text: "the last server cannot be removed", code: "UpstreamLastServer")
            }
            return StatusAPI.Answer(status: 200, content: .array(list.members.flatMap(\.allJSON)))
        }
    }

    /// Another server of the same name may have been looked up already.
    private func findKnown(
        _ name: DynamicName?, in list: inout GroupMemberList, _ settings: UpstreamSettings
    ) {
        guard let name, let addresses = worker.shared.names.addresses(of: name) else { return }
        list.find(addresses, of: name, allowsBackups: settings.allowsBackups)
    }

    private static func index(of id: Int, in list: GroupMemberList) throws(ServerChangeError) -> Int {
        if let index = list.members.firstIndex(where: { $0.id == id }) { return index }
        if let parent = list.members.first(where: { $0.hasFound(id) }) {
            throw ServerChangeError(
                status: 400, text: "server is immutable: it is an address of server \(parent.id)",
                code: "UpstreamServerImmutable")
        }
        throw ServerChangeError(
            status: 404, text: "server with such id does not exist", code: "UpstreamServerNotFound")
    }

    private static func newPeer(
        _ change: ServerChange, _ settings: UpstreamSettings
    ) throws(ServerChangeError) -> PeerSettings {
        switch (change.server, change.address) {
        case (let server?, .address(let address)?): return PeerSettings(server: server, address: address)
        case (let server?, .name(let host, let port)?) where settings.resolver != nil:
            return PeerSettings(
                server: server, waitingFor: DynamicName(host: host, port: port, isFollowed: true))
        default:
            throw ServerChangeError(
                status: 400, text: "no resolver is defined to look the server's name up",
                code: "UpstreamConfNoResolver")
        }
    }

    private static func refuseDuplicate(
        _ member: GroupMember, in list: GroupMemberList
    ) throws(ServerChangeError) {
        if list.members.contains(where: { $0.isLike(member) }) {
            throw ServerChangeError(
                status: 409, text: "server \"\(member.settings.name)\" exists", code: "EntryExists")
        }
    }

    private static func take(_ change: ServerChange, into settings: inout PeerSettings) {
        if let weight = change.weight { settings.weight = weight }
        if let number = change.maxConnections {
            settings.maxConnections = number
            settings.foundLimit = change.foundLimit
        }
        if let number = change.maxFails { settings.maxFails = number }
        if let seconds = change.failTimeoutSeconds { settings.failTimeoutSeconds = seconds }
        if let ms = change.slowStartMs { settings.slowStartMs = ms }
        if let route = change.route { settings.route = route }
        if let isDown = change.isDown { settings.isDown = isDown }
        if let isDraining = change.isDraining { settings.isDraining = isDraining }
    }
}

extension GroupMember {
    /// As the API shows it.
    fileprivate var json: JSON { StatusReport.Server.configurationJSON(settings, id: id) }

    /// Also its addresses, if it is a name.
    fileprivate var allJSON: [JSON] {
        let peers = peers.filter { $0.parentID != nil }
        return [json] + peers.map { StatusReport.Server.configurationJSON($0, id: $0.memberID ?? 0) }
    }
}

extension PeerSettings {
    /// All that is said of it, of another server.
    fileprivate func moved(to other: PeerSettings) -> PeerSettings {
        var moved = self
        moved.server = other.server
        moved.name = other.name
        moved.address = other.address
        moved.dynamicName = other.dynamicName
        moved.isUnresolved = other.isUnresolved
        return moved
    }
}
