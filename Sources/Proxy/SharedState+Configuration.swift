public import Config
internal import Net
public import Sharing
internal import Upstream

/// What a configuration has in shared memory.
extension SharedState {
    /// Finds places for all servers and names of a configuration that may come into force.
    ///
    /// - Throws: there are not as many.
    public func reserve(_ configuration: Configuration) throws(ConfigError) {
        var found: [PeerStateTable.Reservation] = []
        for settings in configuration.upstreams where settings.hasZone {
            // Those of the file, and those that the API has left it.
            guard let own = peers.reserve(settings.with(names)), let now = peers.reserve(current(settings))
            else { throw SharedState.noRoom(for: settings) }
            found += [own, now]
            for name in settings.dynamicNames + current(settings).dynamicNames {
                guard names.hold(also: name) else { throw SharedState.noRoom(for: settings) }
            }
        }
        reserved += found
    }

    private static func noRoom(for settings: UpstreamSettings) -> ConfigError {
        ConfigError(
            "there is no room for the servers of upstream \"\(settings.name)\": all upstreams together have"
                + " at most \(serversMax), those included that still finish requests", at: settings.location)
    }

    /// Keeps what the configuration that this process serves names, and lets go of all else.
    ///
    /// - Returns: what there is no room for.
    package func hold(_ configuration: Configuration) -> [String] {
        var missing = hold(configuration.upstreams) ? [] : ["names of servers"]
        if !staples.hold(configuration.stapleSubjects.map(\.fingerprint)) { missing.append("OCSP responses") }
        return missing
    }

    /// Why another configuration comes into force.
    public enum Occasion {
        /// The whole service begins: nobody's load has to be taken over slowly.
        case start
        case reload
        /// It is the one until now but for its certificates.
        case renewal
    }

    /// Finds the places of all servers before workers do; those that were not there before begin as
    /// their group says.
    public func prepare(_ configuration: Configuration, for occasion: Occasion) {
        enter()
        connectionCounts = configuration.limitZones.connections.compactMap(\.line?.counts)
        if occasion != .renewal {
            for settings in configuration.upstreams { follow(settings, configuration.errorLog) }
        }
        peers.isServiceStart = occasion == .start
        defer { peers.isServiceStart = false }
        var next: [PeerStateTable.Reservation] = []
        for settings in configuration.upstreams where settings.hasZone {
            guard let states = peers.reserve(current(settings)) else {
                configuration.errorLog.write(
                    .alert, connection: nil, SharedState.noRoom(for: settings).description)
                continue
            }
            // Nobody checks them any more: what the last check said must not last for ever.
            if !settings.isChecked { PeerStateTable.forgetChecks(states) }
            next.append(states)
        }
        reserved = next
        for missing in hold(configuration) {
            configuration.errorLog.write(.alert, connection: nil, "there is no room for all \(missing)")
        }
    }

    /// Makes lists of servers that must be there from the start, and takes up what somebody wrote into an
    /// upstream's state file.
    private func follow(_ settings: UpstreamSettings, _ log: ErrorLog) {
        guard settings.hasLastingList else { return }
        let upstream = "upstream \"\(settings.name)\""
        let path = settings.stateFile.map { "state file \"\($0.path)\" of \(upstream)" } ?? upstream
        switch members.follow(settings.with(names)) {
        case .followed: break
        case .missing: log.write(.warn, connection: nil, "\(path) is gone; its servers go on as they were")
        case .failed(let reason):
            log.write(.error, connection: nil, "\(path): \(reason); its servers go on as they were")
        }
    }
}
