internal import Config
internal import Net
public import Sharing

/// `state FILE`: the file that an upstream's servers are read from, and written to when the API has changed
/// them.
///
/// It holds `server` lines and nothing else: an `include` in it would let whoever may write in its folder
/// choose what a master that is root reads.
public struct StateFile: Equatable, Sendable {
    /// Longest file that is read.
    public static var byteMax: Int { 256 << 10 }

    /// Where it is.
    public let path: String
    /// It was not there when the configuration was read: an empty list.
    public let isMissing: Bool

    /// A file that was looked for.
    public init(path: String, isMissing: Bool) {
        self.path = path
        self.isMissing = isMissing
    }

    /// What stands in the file for these servers.
    public static func text(_ list: GroupMemberList) -> String {
        (["# Written whenever the API has changed the servers of the upstream."] + lines(list))
            .map { $0 + "\n" }.joined()
    }

    /// A `server` line for each.
    static func lines(_ list: GroupMemberList) -> [String] { list.members.map { line($0.settings) } }

    private static func line(_ peer: PeerSettings) -> String {
        let standard = PeerSettings(server: "", address: peer.address)
        // What was written is kept where it says all, since keys are spread by it.
        let isPlain = SocketAddress.parse(peer.server, defaultPort: 80) == peer.address
        var words = ["server", quoted(isPlain ? peer.server : peer.name)]
        func add(_ name: String, _ value: Int, _ usual: Int, _ unit: String = "") {
            if value != usual { words.append("\(name)=\(value)\(unit)") }
        }
        add("weight", peer.weight, standard.weight)
        if peer.maxConnectionsWord != "0" { words.append("max_conns=\(peer.maxConnectionsWord)") }
        add("max_fails", peer.maxFails, standard.maxFails)
        add("fail_timeout", peer.failTimeoutSeconds, standard.failTimeoutSeconds, "s")
        add("slow_start", peer.slowStartMs, standard.slowStartMs, "ms")
        if !peer.route.isEmpty { words.append(quoted("route=" + peer.route)) }
        if peer.isBackup { words.append("backup") }
        if peer.isDown { words.append("down") }
        if peer.isDraining { words.append("drain") }
        if peer.dynamicName?.isFollowed == true { words.append("resolve") }
        if let service = peer.dynamicName?.service { words.append("service=\(service)") }
        return words.joined(separator: " ") + ";"
    }

    /// As one word of the configuration's language, whatever is in it.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"\"';{}#\\$".utf8.contains(byte)
        }
        guard !isPlain || text.isEmpty else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

/// The directives of a state file.
extension StateFile {
    /// Reads the servers that `statements` of the file name.
    static func read(_ statements: [Statement], into block: UpstreamBlock) throws(ConfigError) {
        try DirectiveTable<UpstreamBlock>([UpstreamBlock.serverLine], elsewhere: others)
            .apply(statements, to: block, in: .upstream)
    }

    /// Directives that may stand elsewhere.
    private static var others: Set<String> { Set(UpstreamBlock.directives.map(\.name) + ["include"]) }
}

extension GroupMembers {
    /// What became of a state file that was read with a configuration.
    public enum StateOutcome: Equatable, Sendable {
        /// The servers are those of the file.
        case followed
        /// The file is gone; the servers that there were go on.
        case missing
        /// The file cannot be obeyed now: the servers that there were go on.
        case failed(String)
    }

    /// Makes the list of a group that has one from the start. Later it takes up the servers of a state file
    /// that somebody edited; what the API has changed since the file was read with the configuration is not
    /// undone.
    public func follow(_ settings: UpstreamSettings) -> StateOutcome {
        var outcome = StateOutcome.followed
        let done = update(settings.name, configured: settings.configuredMembers) { text in
            guard let list = text.flatMap({ GroupMemberList(text: $0) }) else {
                return GroupMemberList(settings).text
            }
            guard let file = settings.stateFile else { return text }
            if file.isMissing {
                if !list.members.isEmpty { outcome = .missing }
                return text
            }
            let lines = StateFile.lines(list)
            if StateFile.lines(GroupMemberList(settings)).sorted() == lines.sorted() { return text }
            do throws(FileError) {
                // As it was left by the API: it was read before that.
                let now = try FileAccess.readPlain(file.path, limit: StateFile.byteMax)
                if now == Array(StateFile.text(list).utf8) { return text }
            } catch {
                outcome = .failed(error.message)
                return text
            }
            return list.following(settings).text
        }
        switch done {
        case .done: return outcome
        case .full: return .failed("there is no room for its servers")
        case .busy: return .failed("another process holds the list of servers")
        }
    }
}
