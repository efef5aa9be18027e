internal import Net

/// One server of a group that the API may change.
public struct GroupMember: Equatable, Sendable {
    /// Its number in the API; never used again for another one.
    public var id: Int
    /// What is known of it.
    public var settings: PeerSettings

    /// A server under a number.
    public init(id: Int, settings: PeerSettings) {
        self.id = id
        self.settings = settings
    }

    /// What is written of them is the same.
    public static func == (left: GroupMember, right: GroupMember) -> Bool { left.words == right.words }

    /// Words that `words` makes of each server.
    static var wordCount: Int { 11 }

    /// All of it, in words that hold no zero byte.
    var words: [String] {
        let flags = [settings.isBackup, settings.isDown, settings.isDraining].map { $0 ? "1" : "0" }
        return [
            settings.server, settings.name, "\(id)", "\(settings.weight)", "\(settings.maxConnections)",
            "\(settings.maxFails)", "\(settings.failTimeoutSeconds)", "\(settings.slowStartMs)",
        ] + flags
    }

    init?(words: [String]) {
        let numbers = words.dropFirst(2).compactMap { Int($0) }
        guard words.count == GroupMember.wordCount, numbers.count == words.count - 2,
            let address = SocketAddress.parse(words[1], defaultPort: 80)
        else { return nil }
        var settings = PeerSettings(server: words[0], address: address)
        settings.weight = max(1, numbers[1])
        settings.maxConnections = numbers[2]
        settings.maxFails = numbers[3]
        settings.failTimeoutSeconds = numbers[4]
        settings.slowStartMs = numbers[5]
        settings.isBackup = numbers[6] == 1
        settings.isDown = numbers[7] == 1
        settings.isDraining = numbers[8] == 1
        settings.memberID = numbers[0]
        self.init(id: numbers[0], settings: settings)
    }
}

/// The servers of a group, and the number that the next one gets.
public struct GroupMemberList: Sendable {
    /// In the order in which they were configured or added.
    public var members: [GroupMember]
    /// Above all numbers that were ever given.
    public var nextID: Int

    /// The servers of the configuration, numbered as they stand in a group: backups last.
    public init(_ settings: UpstreamSettings) {
        let ordered = settings.peers.filter { !$0.isBackup } + settings.peers.filter(\.isBackup)
        members = ordered.enumerated().map { GroupMember(id: $0.offset, settings: $0.element) }
        nextID = members.count
    }

    /// - Returns: `nil`: the text is none of ours.
    public init?(text: String) {
        let words = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        guard let next = words.first.flatMap({ Int($0) }) else { return nil }
        let starts = stride(from: 1, to: words.count, by: GroupMember.wordCount)
        members = starts.compactMap { start in
            GroupMember(words: Array(words[start...].prefix(GroupMember.wordCount)))
        }
        guard members.count == starts.underestimatedCount else { return nil }
        nextID = next
    }

    /// The text that it can be made of again.
    public var text: String { (["\(nextID)"] + members.flatMap(\.words)).joined(separator: "\0") }

    /// The servers of a file that was edited. Those that stay keep their numbers.
    func following(_ settings: UpstreamSettings) -> GroupMemberList {
        var result = GroupMemberList(settings)
        var former = members
        result.nextID = nextID
        for index in result.members.indices {
            let name = result.members[index].settings.name
            if let known = former.firstIndex(where: { $0.settings.name == name }) {
                result.members[index].id = former.remove(at: known).id
            } else {
                result.members[index].id = result.nextID
                result.nextID += 1
            }
        }
        return result
    }
}

extension PeerSettings {
    /// Equal for servers that are chosen and treated alike.
    public var short: [String] { GroupMember(id: memberID ?? 0, settings: self).words }
}

extension UpstreamSettings {
    /// The servers of the configuration in short: a change of them undoes what the API did.
    public var configuredMembers: String {
        if let stateFile { return "state \(stateFile.path)" }
        return peers.map(\.server).joined(separator: " ")
    }

    /// Whether its way of choosing knows servers that are tried when no other is usable.
    public var allowsBackups: Bool {
        switch method {
        case .ipHash, .hash, .random: false
        default: true
        }
    }

    /// The API may change its servers.
    public var isDynamic: Bool { hasZone && !isImplicit && peers.allSatisfy { $0.dynamicName == nil } }

    /// The same group with the servers that the API has left it.
    public func with(_ members: GroupMembers) -> UpstreamSettings {
        guard isDynamic, let text = members.text(of: name, configured: configuredMembers),
            let list = GroupMemberList(text: text)
        else { return self }
        var result = self
        result.peers = list.members.map(\.settings)
        return result
    }
}
