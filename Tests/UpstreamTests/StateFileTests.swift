import Config
import Foundation
import Net
import Sharing
import Testing

@testable import Upstream

@Suite("Lists of servers that the API changes") struct GroupMembersTests {
    private func peer(_ text: String, _ change: (inout PeerSettings) -> Void = { _ in }) -> PeerSettings {
        var peer = PeerSettings(
            server: text, address: SocketAddress.parse(text, defaultPort: 80) ?? SocketAddress(.unix("")))
        change(&peer)
        return peer
    }

    private func settings(_ peers: PeerSettings..., path: String = "/none") -> UpstreamSettings {
        var settings = UpstreamSettings(name: "app")
        settings.peers = peers
        settings.hasZone = true
        settings.zoneName = "app"
        settings.stateFile = StateFile(path: path, isMissing: false)
        return settings
    }

    /// Reads a file's text as the configuration does.
    private func read(_ text: String) throws -> UpstreamSettings {
        let block = UpstreamBlock(
            name: "app", resolve: { _, _ in [] },
            readState: { (statement) throws(ConfigError) in
                (
                    StateFile(path: "/none", isMissing: false),
                    try ConfigParser.parse(closed: Array(text.utf8), name: "/none")
                )
            }, warn: { _ in })
        let lines = try ConfigParser.parse(closed: Array("zone a 64k; state x;".utf8), name: "t")
        let upstream = Statement(
            words: ["upstream", "app"], block: lines, location: SourceLocation(file: "t", line: 1))
        try block.read(upstream, DirectiveTable(UpstreamBlock.directives))
        return block.settings
    }

    @Test("a list and its file say all of a server, whatever its address is made of")
    func roundTrip() throws {
        let all = peer("10.0.0.1") {
            $0.weight = 2
            $0.maxConnections = 3
            $0.maxFails = 0
            $0.failTimeoutSeconds = 70
            $0.slowStartMs = 1
            $0.isBackup = true
            $0.isDown = true
            $0.isDraining = true
        }
        let odd = peer("unix:/tmp/a b;{}\"'\\#$x\n%")
        let list = GroupMemberList(settings(peer("[::1]:8080"), odd, all))
        let copy = try #require(GroupMemberList(text: list.text))
        #expect(copy.members == list.members && copy.nextID == 3)
        let text = StateFile.text(list)
        #expect(text.contains("\nserver 10.0.0.1 weight=2 max_conns=3 max_fails=0 fail_timeout=70s"))
        #expect(text.contains(" slow_start=1ms backup down drain;\n"))
        #expect(GroupMemberList(try read(text)).members == list.members)
        #expect(try read("").peers.isEmpty)
    }

    @Test(
        "a text that is none of ours is no list",
        arguments: ["", "x", "1\0a", "1\0a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k"])
    func noList(_ text: String) { #expect(GroupMemberList(text: text) == nil) }

    @Test("a name is one server with its addresses behind it; those that stay keep their numbers")
    func names() throws {
        let name = DynamicName(host: "app.test", port: 80, isFollowed: true)
        func addresses(_ texts: String...) -> [SocketAddress] {
            texts.compactMap { SocketAddress.parse($0, defaultPort: 80) }
        }
        // As the configuration has a line whose name was found: a server for each address.
        let line = addresses("10.0.0.1", "10.0.0.2").map { address in
            var peer = PeerSettings(server: "app.test", address: address)
            peer.dynamicName = name
            peer.weight = 4
            return peer
        }
        var made = settings(peer("10.0.0.9"), line[0], line[1], peer("10.0.0.8"))
        made.stateFile = nil
        var list = GroupMemberList(made)
        #expect(list.members.map(\.id) == [0, 1, 4] && list.members[1].hasFound(2) && list.nextID == 5)
        let found = addresses("10.0.0.3", "10.0.0.2").map { FoundServer($0) }
        list.find(found, of: name, allowsBackups: true)
        let members = try GroupMembers(places: PlaceTable(capacity: 1))
        let table = try ResolvedNames(places: PlaceTable(capacity: 1))
        #expect(members.update("app", configured: made.configuredMembers, { _ in list.text }) == .done)
        let peers = made.with(members, table).peers
        #expect(peers.map(\.name) == ["10.0.0.9:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.8:80"])
        #expect(peers.map(\.memberID) == [0, 3, 5, 4] && peers.map(\.parentID) == [nil, 1, 1, nil])
        #expect(peers.map(\.weight) == [1, 4, 4, 1] && peers.allSatisfy { !$0.isUnresolved })
        #expect(GroupMemberList(made.with(members, table)).members.count == 3)
        #expect(StateFile.lines(list)[1] == "server app.test weight=4 resolve;")
        // The same line with fewer addresses is the same configuration.
        var other = made
        other.peers.remove(at: 1)
        #expect(other.configuredMembers == made.configuredMembers)
        let edited = list.following(try read("server app.test resolve down; server 10.0.0.1;"))
        #expect(edited.members.map(\.id) == [1, 6] && edited.members[0].hasFound(5))
        #expect(edited.members[0].settings.isDown && edited.members[0].settings.weight == 1)
    }

    @Test("what cannot be kept is not changed, and what fits nowhere is not kept")
    func keepsFirst() throws {
        struct Refusal: Error {}
        let members = try GroupMembers(places: PlaceTable(capacity: 1))
        #expect(members.update("app", configured: "a", { _ in "one" }) == .done)
        #expect(throws: Refusal.self) {
            try members.update(
                "app", configured: "a", { (text) throws(Refusal) in "two" },
                keep: { (text) throws(Refusal) in throw Refusal() })
        }
        #expect(members.text(of: "app", configured: "a") == "one" && members.changes == 1)
        var kept: [String] = []
        let long = String(repeating: "x", count: GroupMembers.byteMax + 1)
        #expect(members.update("app", configured: "a", { _ in long }, keep: { kept.append($0) }) == .full)
        #expect(members.update("other", configured: "a", { _ in "x" }, keep: { kept.append($0) }) == .full)
        #expect(members.update("app", configured: "a", { _ in "one" }) == .done)
        #expect(kept.isEmpty && members.changes == 1)
        // The file may be gone: it is written again all the same.
        #expect(members.update("app", configured: "a", { _ in "one" }, keep: { kept.append($0) }) == .done)
        #expect(kept == ["one"])
        for number in 0..<5 {
            let text = String(repeating: "\(number)", count: 1000 * number)
            #expect(members.update("app", configured: "a", { _ in text }) == .done)
            #expect(members.text(of: "app", configured: "a") == text)
        }
        #expect(members.text(of: "app", configured: "b") == nil)
    }

    @Test("a file that was edited is followed; one that the API has written since it was read is not")
    func follows() throws {
        let path = NSTemporaryDirectory() + "portico-state-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let members = try GroupMembers(places: PlaceTable(capacity: 4))
        let names = try ResolvedNames(places: PlaceTable(capacity: 4))
        let first = settings(peer("10.0.0.1"), peer("10.0.0.2"), path: path)
        #expect(members.follow(first) == .followed)
        // Read with a configuration, and then changed by the API before it came into force.
        let configured = first.configuredMembers
        _ = members.update("app", configured: configured) { text in
            var list = text.flatMap { GroupMemberList(text: $0) } ?? GroupMemberList(first)
            list.members.removeFirst()
            try? FileAccess.replace(path, with: Array(StateFile.text(list).utf8))
            return list.text
        }
        #expect(members.follow(first) == .followed)
        #expect(first.with(members, names).peers.map(\.name) == ["10.0.0.2:80"])
        let edited = settings(peer("10.0.0.3"), peer("10.0.0.2"), path: path)
        try FileAccess.replace(path, with: Array("server 10.0.0.3; server 10.0.0.2;".utf8))
        #expect(members.follow(edited) == .followed)
        #expect(edited.with(members, names).peers.map(\.memberID) == [2, 1])
        var gone = settings(path: path)
        gone.stateFile = StateFile(path: path, isMissing: true)
        #expect(members.follow(gone) == .missing)
        #expect(gone.with(members, names).peers.map(\.name) == ["10.0.0.3:80", "10.0.0.2:80"])
        #expect(members.follow(settings(path: path)) == .followed)
        #expect(gone.with(members, names).peers.isEmpty)
    }

    @Test(
        "a group without servers, or with backups alone, is asked by every method without harm",
        arguments: [
            BalancingMethod.roundRobin, .ipHash(), .leastConnections, .hash(key: "a", .modulo),
            .hash(key: "a", .consistent(bound: nil)), .random(two: nil), .random(two: .leastConnections),
        ])
    func empty(_ method: BalancingMethod) {
        for backups in 0...2 {
            var made = settings()
            made.method = method
            made.peers = (0..<backups).map { peer("10.0.0.\($0)") { $0.isBackup = true } }
            let group = PeerGroup(made, table: nil)
            let selection = Selection()
            selection.setHashKey([1, 2].span)
            selection.setClientAddress([1, 2, 3, 4].span)
            let isNone = if case .none = group.pick(selection, nowMs: 1000) { true } else { false }
            #expect(isNone == (backups == 0))
        }
    }
}
