public import Sharing

/// Groups and their servers, as they stand in shared memory.
extension SharedState {
    /// What must be the same in a binary that goes on with the memory of another.
    public static var layout: String { "\(memoryLayout)/\(GroupMember.wordCount)" }

    /// A group with the servers that it has now.
    package func current(_ settings: UpstreamSettings) -> UpstreamSettings { settings.with(members, names) }

    /// The list of a group's servers that a text says, or that of the configuration.
    package func list(_ text: String?, of settings: UpstreamSettings) -> GroupMemberList {
        text.flatMap { GroupMemberList(text: $0) } ?? GroupMemberList(settings.with(names))
    }

    /// Keeps what these groups name, and lets go of all other lists of servers and names.
    ///
    /// - Returns: whether there is room for all names.
    package func hold(_ upstreams: [UpstreamSettings]) -> Bool {
        let zoned = upstreams.filter(\.hasZone)
        members.hold(zoned.filter(\.isDynamic).map(\.name))
        return names.hold(Set(zoned.flatMap { $0.dynamicNames + current($0).dynamicNames }))
    }

    /// Places for the servers of a group and for what is counted of them; `nil`: there are not as many.
    package func reserve(_ settings: UpstreamSettings) -> (
        states: PeerStateTable.Reservation, tallies: [Tally]
    )? {
        guard let states = peers.reserve(settings) else { return nil }
        let counts = tallies.exclusively { settings.tallyNames.map { tallies.row(named: $0) } }
        guard counts.allSatisfy(\.isSeen),
            settings.dynamicNames.allSatisfy({ names.hold(also: $0) })
        else { return nil }
        return (states, counts)
    }
}
