/// What of a report is wanted: a leaf of the API needs no sums of thousands of servers.
package struct StatusScope {
    /// The groups of numbers that take time to gather.
    package struct Parts: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let counters = Parts(rawValue: 1)
        package static let workers = Parts(rawValue: 2)
        package static let serverZones = Parts(rawValue: 4)
        package static let locationZones = Parts(rawValue: 8)
        package static let resolvers = Parts(rawValue: 16)
        package static let upstreams = Parts(rawValue: 32)
        package static let history = Parts(rawValue: 64)
        package static let certificates = Parts(rawValue: 128)
        package static let limits = Parts(rawValue: 256)
        static let all = Parts(rawValue: 511)
    }

    package var parts: Parts
    /// Of zones or upstreams this one alone.
    var name: String?
    /// What was counted of each is wanted too, not only that it is there.
    package var isCounted = true

    package static let all = StatusScope(parts: .all)

    package func wants(_ name: String) -> Bool { self.name == nil || self.name == name }
}
