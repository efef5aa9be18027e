internal import Core
internal import Net

/// Of what processes share, that which a new binary goes on with.
struct LastingMemory {
    let counters: Counters
    let tenants: Tenants
    let tallies: TallyTable
    let members: GroupMembers
    let peers: PeerStateTable
    let chronicle: Chronicle

    /// Things that are counted: servers, upstreams, zones. What has no place is not counted.
    private static var talliesMax: Int { 16_384 }
    /// Groups whose servers the API may change.
    private static var groupsMax: Int { 1024 }
    private static var capacities: [Int] { [talliesMax, groupsMax, SharedState.serversMax] }

    /// What must be the same in a binary that goes on with it.
    static var layout: String {
        "\(Version.text)/\(capacities)/\(PeerStateTable.layout)/\(Counters.layout)/\(TallyTable.layout)"
            + "/\(GroupMembers.layout)/\(Tenants.layout)/\(Chronicle.layout)"
    }

    init(slots: Int) throws(Errno) {
        counters = try Counters(slots: slots)
        tenants = try Tenants(workers: slots, capacities: LastingMemory.capacities)
        tallies = try TallyTable(places: tenants.table(0))
        members = try GroupMembers(places: tenants.table(1))
        peers = try PeerStateTable(places: tenants.table(2), workers: slots)
        chronicle = try Chronicle()
    }

    /// In the order of `SharedState.descriptors`.
    init(slots: Int, adopting descriptors: [Int32]) throws(Errno) {
        guard descriptors.count > 5 else { throw .invalidArgument }
        counters = try Counters(slots: slots, adopting: descriptors[0])
        tenants = try Tenants(
            workers: slots, capacities: LastingMemory.capacities, adopting: descriptors[3])
        tallies = try TallyTable(places: tenants.table(0), adopting: descriptors[1])
        members = try GroupMembers(places: tenants.table(1), adopting: descriptors[2])
        peers = try PeerStateTable(
            places: tenants.table(2), workers: slots, adopting: Array(descriptors.dropFirst(5)))
        chronicle = try Chronicle(adopting: descriptors[4])
    }
}
