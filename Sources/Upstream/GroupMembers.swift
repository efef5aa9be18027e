public import Net

/// Servers of groups as the API has changed them: a text for each group, in memory that all processes share.
///
/// A place for each group, found by its name's hash: a mark, a number that is odd while the place is being
/// written, a mark of the servers of the configuration that the text was made from, its length, its bytes.
public final class GroupMembers {
    /// Longest list of servers of a group.
    public static var byteMax: Int { 64 << 10 }

    private static var headSize: Int { 4 }
    private static var placeSize: Int { headSize + byteMax / 8 }
    /// Before the places: changes so far, and the process that is making one.
    private static var start: Int { 2 }

    private let memory: SharedMemory
    private let capacity: Int

    /// - Parameter capacity: groups that may be changed, over all reloads.
    public init(capacity: Int) throws(Errno) {
        self.capacity = capacity
        memory = try SharedMemory(count: GroupMembers.start + capacity * GroupMembers.placeSize)
    }

    /// Changes so far, of any group.
    public var changes: Int { memory.load(0) }

    private static func hash(_ text: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(bitPattern: UInt(hash | 1))
    }

    private func place(of group: String, claims: Bool) -> Int? {
        let mark = GroupMembers.hash(group)
        for step in 0..<capacity {
            let slot = (Int(UInt(bitPattern: mark) % UInt(capacity)) + step) % capacity
            let place = GroupMembers.start + slot * GroupMembers.placeSize
            let found = memory.load(place)
            if found == mark { return place }
            guard found == 0 else { continue }
            guard claims else { return nil }
            if memory.exchange(place, expected: 0, with: mark) { return place }
            if memory.load(place) == mark { return place }
        }
        return nil
    }

    /// The text of a group; `nil`: it is as configured, or was configured otherwise when it was changed.
    public func text(of group: String, configured: String) -> String? {
        guard changes > 0, let place = place(of: group, claims: false) else { return nil }
        for _ in 0..<100 {
            let before = memory.load(place + 1, ordered: true)
            guard before & 1 == 0 else { continue }
            guard before > 0, memory.load(place + 2, ordered: true) == GroupMembers.hash(configured) else {
                return nil
            }
            let count = min(max(memory.load(place + 3, ordered: true), 0), GroupMembers.byteMax)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + 8)
            for word in 0..<(count + 7) / 8 {
                let place = place + GroupMembers.headSize + word
                let number = UInt64(UInt(bitPattern: memory.load(place, ordered: true)))
                for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8))) }
            }
            guard memory.load(place + 1, ordered: true) == before else { continue }
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        return nil
    }

    /// Changes the text of a group while nobody else changes any.
    ///
    /// - Parameter change: makes the new text of the old one; what it throws leaves all as it was.
    /// - Returns: false if there is no room.
    public func update<Failure: Error>(
        _ group: String, configured: String, _ change: (String?) throws(Failure) -> String
    ) throws(Failure) -> Bool {
        lock()
        defer { unlock() }
        let bytes = Array(try change(text(of: group, configured: configured)).utf8)
        guard bytes.count <= GroupMembers.byteMax, let place = place(of: group, claims: true) else {
            return false
        }
        let sequence = memory.load(place + 1) | 1
        memory.store(place + 1, sequence, ordered: true)
        memory.store(place + 2, GroupMembers.hash(configured), ordered: true)
        memory.store(place + 3, bytes.count, ordered: true)
        for word in 0..<(bytes.count + 7) / 8 {
            var number: UInt64 = 0
            for index in 0..<8 where word * 8 + index < bytes.count {
                number |= UInt64(bytes[word * 8 + index]) << UInt64(index * 8)
            }
            memory.store(place + GroupMembers.headSize + word, Int(bitPattern: UInt(number)), ordered: true)
        }
        memory.store(place + 1, sequence &+ 1, ordered: true)
        memory.add(0, 1)
        return true
    }

    /// Held for microseconds; of a process that died with it, it is taken.
    private func lock() {
        let own = Int(ProcessID.current)
        while !memory.exchange(1, expected: 0, with: own) {
            let holder = memory.load(1)
            guard holder != 0, !ProcessID.isAlive(Int32(truncatingIfNeeded: holder)) else { continue }
            if memory.exchange(1, expected: holder, with: own) { return }
        }
    }

    private func unlock() { memory.store(1, 0, ordered: true) }
}

/// One server of a group that the API has changed, as a line of the text.
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
    public static func == (left: GroupMember, right: GroupMember) -> Bool { left.line == right.line }

    /// Words with a space between.
    var line: String {
        let flags = [settings.isBackup, settings.isDown, settings.isDraining].map { $0 ? "1" : "0" }
        return
            ([
                "\(id)", settings.server, "\(settings.weight)", "\(settings.maxConnections)",
                "\(settings.maxFails)", "\(settings.failTimeoutSeconds)", "\(settings.slowStartMs)",
            ] + flags).joined(separator: " ")
    }

    init?(line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 10, let address = SocketAddress.parse(String(words[1]), defaultPort: 80) else {
            return nil
        }
        let numbers = ([words[0]] + words[2...]).compactMap { Int($0) }
        guard numbers.count == 9 else { return nil }
        var settings = PeerSettings(server: String(words[1]), address: address)
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
        let lines = text.split(separator: "\n")
        guard let next = lines.first.flatMap({ Int($0) }) else { return nil }
        members = lines.dropFirst().compactMap { GroupMember(line: $0) }
        guard members.count == lines.count - 1 else { return nil }
        nextID = next
    }

    /// The text that it can be made of again.
    public var text: String { (["\(nextID)"] + members.map(\.line)).joined(separator: "\n") }
}

extension PeerSettings {
    /// Equal for servers that are chosen and treated alike.
    public var short: String { GroupMember(id: memberID ?? 0, settings: self).line + " " + name }
}

extension UpstreamSettings {
    /// The servers of the configuration in short: a change of them undoes what the API did.
    public var configuredMembers: String { peers.map(\.server).joined(separator: " ") }

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
