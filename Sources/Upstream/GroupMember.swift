internal import Net
public import Sharing

/// One server of a group that the API may change: an address, or a name with the addresses that it has now.
public struct GroupMember: Equatable, Sendable {
    /// An address of a name.
    struct Found: Equatable, Sendable {
        /// Its number in the API.
        let id: Int
        let server: FoundServer
    }

    /// Its number in the API; never used again for another one.
    public var id: Int
    /// What is known of it. A name has no address here.
    public var settings: PeerSettings
    /// The addresses of a name.
    private(set) var found: [Found] = []

    /// A server under a number.
    public init(id: Int, settings: PeerSettings) {
        self.id = id
        self.settings = settings
    }

    /// What is written of them is the same.
    public static func == (left: GroupMember, right: GroupMember) -> Bool { left.words == right.words }

    /// Whether both are the same server, whatever else is said of it.
    public func isLike(_ other: GroupMember) -> Bool {
        if let name = settings.dynamicName { return other.settings.dynamicName?.isLike(name) == true }
        return other.settings.dynamicName == nil && settings.name == other.settings.name
    }

    /// The servers that requests go to.
    public var peers: [PeerSettings] {
        var own = settings
        own.memberID = id
        guard own.dynamicName != nil, !found.isEmpty else { return [own] }
        return found.map { entry in
            var peer = own.found(entry.server)
            peer.memberID = entry.id
            peer.parentID = id
            return peer
        }
    }

    /// Whether a number is that of one of its addresses.
    public func hasFound(_ id: Int) -> Bool { found.contains { $0.id == id } }

    /// The name has these addresses now; those that stay keep their numbers and places.
    mutating func find(_ servers: [FoundServer], numbering nextID: inout Int) {
        found.removeAll { !servers.contains($0.server) }
        for server in servers where !found.contains(where: { $0.server == server }) {
            found.append(Found(id: nextID, server: server))
            nextID += 1
        }
    }

    /// It takes the place of a server that was the same.
    mutating func follow(_ former: GroupMember) {
        id = former.id
        found = former.found
    }

    // MARK: As words

    /// Words that `words` makes of each server.
    static var wordCount: Int { 15 }

    /// All of it, in words that hold no zero byte.
    var words: [String] {
        let flags = [settings.isBackup, settings.isDown, settings.isDraining].map { $0 ? "1" : "0" }
        let name = settings.dynamicName.map(\.word)
        return [
            settings.server, settings.name, name ?? "",
            found.map { "\($0.id) \($0.server.word)" }.joined(separator: ","), settings.route,
            settings.foundLimit.map(FoundLimit.word) ?? "", "\(id)",
            "\(settings.weight)", "\(settings.maxConnections)", "\(settings.maxFails)",
            "\(settings.failTimeoutSeconds)", "\(settings.slowStartMs)",
        ] + flags
    }

    init?(words: [String]) {
        let numbers = words.dropFirst(6).compactMap { Int($0) }
        guard words.count == GroupMember.wordCount, numbers.count == words.count - 6 else { return nil }
        if words[2].isEmpty {
            guard let address = SocketAddress.parse(words[1], defaultPort: 80) else { return nil }
            settings = PeerSettings(server: words[0], address: address)
        } else {
            guard let name = DynamicName(word: words[2]) else { return nil }
            settings = PeerSettings(server: words[0], waitingFor: name)
        }
        settings.route = words[4]
        settings.weight = max(1, numbers[1])
        settings.maxConnections = numbers[2]
        settings.maxFails = numbers[3]
        settings.failTimeoutSeconds = numbers[4]
        settings.slowStartMs = numbers[5]
        settings.isBackup = numbers[6] == 1
        settings.isDown = numbers[7] == 1
        settings.isDraining = numbers[8] == 1
        settings.foundLimit = FoundLimit.bounds(words[5])
        id = numbers[0]
        for entry in words[3].split(separator: ",") {
            let parts = entry.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2, let id = Int(parts[0]), let server = FoundServer(word: parts[1]) else {
                return nil
            }
            found.append(Found(id: id, server: server))
        }
    }
}

extension FoundServer {
    /// `address weight rank`
    fileprivate var word: String { "\(address.text) \(weight) \(isBackup ? 1 : 0)" }

    fileprivate init?(word: String) {
        let parts = word.split(separator: " ").map(String.init)
        guard parts.count == 3, let address = SocketAddress.parse(parts[0], defaultPort: 80),
            let weight = Int(parts[1]), 0...65_535 ~= weight
        else { return nil }
        self.init(address)
        self.weight = weight
        isBackup = parts[2] == "1"
    }
}

extension DynamicName {
    /// `+host:port`, `+host service`; with a minus it is looked up only until it is found.
    fileprivate var word: String {
        (isFollowed ? "+" : "-") + (service.map { "\(host) \($0)" } ?? "\(host):\(port)")
    }

    fileprivate init?(word: String) {
        let isFollowed = word.hasPrefix("+")
        let parts = word.dropFirst().split(separator: " ").map(String.init)
        if parts.count == 2 {
            self.init(host: parts[0], port: 0, isFollowed: isFollowed, service: parts[1])
            return
        }
        guard let place = try? HostAndPort(word.dropFirst(), defaultPort: 0) else { return nil }
        self.init(host: place.host, port: place.port, isFollowed: isFollowed)
    }

    /// Whether both have the same addresses.
    public func isLike(_ other: DynamicName) -> Bool { text == other.text }
}

/// The servers of a group, and the number that the next one gets.
public struct GroupMemberList: Sendable {
    /// In the order in which they were configured or added.
    public var members: [GroupMember] = []
    /// Above all numbers that were ever given.
    public var nextID = 0

    /// The servers of the configuration, numbered as they stand in a group: backups last.
    public init(_ settings: UpstreamSettings) {
        for peer in settings.peers.filter({ !$0.isBackup }) + settings.peers.filter(\.isBackup) {
            guard let name = peer.dynamicName else {
                add(peer)
                continue
            }
            // The addresses of one line are one server.
            if !members.contains(where: { $0.settings.server == peer.server }) {
                add(peer.standing(for: name))
            }
            guard !peer.isUnresolved,
                let index = members.firstIndex(where: { $0.settings.server == peer.server })
            else { continue }
            members[index].find(members[index].found.map(\.server) + [peer.asFound], numbering: &nextID)
        }
    }

    /// Adds a server under the next number.
    public mutating func add(_ settings: PeerSettings) {
        members.append(GroupMember(id: nextID, settings: settings))
        nextID += 1
    }

    /// A name has these addresses now; none: the server stays in the list, and gets no requests.
    ///
    /// - Parameter allowsBackups: the group knows servers that are tried when no other is usable.
    public mutating func find(_ servers: [FoundServer], of name: DynamicName, allowsBackups: Bool) {
        let servers = Array(servers.prefix(ResolvedNames.addressesMax))
        for index in members.indices where members[index].settings.dynamicName?.isLike(name) == true {
            let usable = members[index].settings.usable(servers, allowsBackups: allowsBackups)
            members[index].find(usable, numbering: &nextID)
        }
    }

    /// - Returns: `nil`: the text is none of ours.
    public init?(text: String) {
        let words = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        guard let next = words.first.flatMap({ Int($0) }) else { return nil }
        let starts = Array(stride(from: 1, to: words.count, by: GroupMember.wordCount))
        members = starts.compactMap { start in
            GroupMember(words: Array(words[start...].prefix(GroupMember.wordCount)))
        }
        guard members.count == starts.count else { return nil }
        nextID = next
    }

    /// The text that it can be made of again.
    public var text: String { (["\(nextID)"] + members.flatMap(\.words)).joined(separator: "\0") }

    /// The servers of a file that was edited. Those that stay keep their numbers.
    func following(_ settings: UpstreamSettings) -> GroupMemberList {
        var result = self
        var former = members
        result.members = []
        for member in GroupMemberList(settings).members {
            result.add(member.settings)
            let last = result.members.count - 1
            if let known = former.firstIndex(where: { $0.isLike(member) }) {
                result.nextID -= 1
                result.members[last].follow(former.remove(at: known))
            } else if member.settings.dynamicName != nil {
                result.members[last].find(member.found.map(\.server), numbering: &result.nextID)
            }
        }
        return result
    }
}

extension PeerSettings {
    /// Equal for servers that are chosen and treated alike.
    public var likeness: [String] {
        GroupMember(id: memberID ?? 0, settings: self).words + ["\(parentID ?? -1) \(isUnresolved)"]
    }

    /// A server whose name has no address yet.
    public init(server: String, waitingFor name: DynamicName) {
        self.init(server: server, address: SocketAddress(.unix("")))
        self.name = server
        isUnresolved = true
        dynamicName = name
    }

    /// The same at one of its name's addresses.
    func found(_ server: FoundServer) -> PeerSettings {
        var peer = self
        peer.address = server.address
        peer.name = server.address.text
        peer.isUnresolved = false
        if server.weight > 0 { peer.weight = server.weight }
        if server.isBackup { peer.isBackup = true }
        return peer
    }

    /// One of its name's addresses, as it was found.
    var asFound: FoundServer {
        var found = FoundServer(address)
        guard dynamicName?.service != nil else { return found }
        found.weight = weight
        found.isBackup = isBackup
        return found
    }

    /// Of the servers that SRV records name: those behind the first are backups, if there are any, and of a
    /// line that is one itself, none.
    func usable(_ servers: [FoundServer], allowsBackups: Bool) -> [FoundServer] {
        servers.filter { !$0.isBackup || allowsBackups && !isBackup }
    }

    /// The name that it is an address of, with all that is said of it.
    public func standing(for name: DynamicName) -> PeerSettings {
        var standing = self
        standing.address = SocketAddress(.unix(""))
        standing.name = server
        standing.isUnresolved = true
        standing.dynamicName = name
        standing.memberID = nil
        standing.parentID = nil
        return standing
    }
}

extension UpstreamSettings {
    /// The servers of the configuration in short: a change of them undoes what the API did.
    public var configuredMembers: String {
        if let stateFile { return "state \(stateFile.path)" }
        var names: Set<String> = []
        return peers.filter { $0.dynamicName == nil || names.insert($0.server).inserted }
            .map(\.server).joined(separator: " ")
    }

    /// Whether its way of choosing knows servers that are tried when no other is usable.
    public var allowsBackups: Bool { method.ranksServers }

    /// The API may change its servers. The state of those with names is shared in any case, which is no
    /// word of the operator's that they may be changed.
    public var isDynamic: Bool {
        hasZone && !isImplicit && (zoneName != nil || peers.allSatisfy { $0.dynamicName == nil })
    }

    /// Its list of servers stands in shared memory from the start, not only once the API has changed it.
    public var hasLastingList: Bool {
        isDynamic && (stateFile != nil || peers.contains { $0.dynamicName != nil })
    }

    /// The same group as it will be once a name has these addresses.
    public func with(
        _ members: GroupMembers, _ names: ResolvedNames, finding addresses: [FoundServer],
        of name: DynamicName
    ) -> UpstreamSettings {
        guard isDynamic, let text = members.text(of: self.name, configured: configuredMembers),
            var list = GroupMemberList(text: text)
        else { return with(addresses: { $0.isLike(name) ? addresses : names.addresses(of: $0) }) }
        list.find(addresses, of: name, allowsBackups: allowsBackups)
        var result = self
        result.peers = list.members.flatMap(\.peers)
        return result
    }

    /// The same group with the servers that the API has left it, and the addresses that names have now.
    public func with(_ members: GroupMembers, _ names: ResolvedNames) -> UpstreamSettings {
        guard isDynamic, let text = members.text(of: name, configured: configuredMembers),
            let list = GroupMemberList(text: text)
        else { return with(names) }
        var result = self
        result.peers = list.members.flatMap(\.peers)
        return result
    }
}
