/// What of a report is wanted: a leaf of the API needs no sums of thousands of servers.
package struct StatusScope {
    /// The groups of numbers that take time to gather.
    package struct Parts: OptionSet, Sendable {
        /// A bit for each part.
        package let rawValue: Int

        /// Those whose bits are set.
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Connections, requests and handshakes.
        package static let counters = Parts(rawValue: 1)
        /// Processes.
        package static let workers = Parts(rawValue: 2)
        /// `status_zone`s of servers.
        package static let serverZones = Parts(rawValue: 4)
        /// `status_zone`s of locations.
        package static let locationZones = Parts(rawValue: 8)
        /// `status_zone`s of resolvers.
        package static let resolvers = Parts(rawValue: 16)
        /// Groups and their servers.
        package static let upstreams = Parts(rawValue: 32)
        /// Samples and events.
        package static let history = Parts(rawValue: 64)
        /// What clients are shown.
        package static let certificates = Parts(rawValue: 128)
        /// Zones of `limit_req` and `limit_conn`.
        package static let limits = Parts(rawValue: 256)
        static let all = Parts(rawValue: 511)
    }

    /// What is gathered at all.
    package var parts: Parts
    /// Of zones or upstreams this one alone.
    var name: String?
    /// What was counted of each is wanted too, not only that it is there.
    package var isCounted = true

    /// Everything there is.
    package static let all = StatusScope(parts: .all)

    /// Whether the one of this name is gathered.
    package func wants(_ name: String) -> Bool { self.name == nil || self.name == name }
}
