import Config
import Foundation
import Net
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

    @Test("what cannot be kept is not changed, and what fits nowhere is not kept")
    func keepsFirst() throws {
        struct Refusal: Error {}
        let members = try GroupMembers(capacity: 1)
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
        #expect(members.update("app", configured: "a", { _ in "one" }, keep: { kept.append($0) }) == .done)
        #expect(kept.isEmpty && members.changes == 1)
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
        let members = try GroupMembers(capacity: 4)
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
        #expect(first.with(members).peers.map(\.name) == ["10.0.0.2:80"])
        let edited = settings(peer("10.0.0.3"), peer("10.0.0.2"), path: path)
        try FileAccess.replace(path, with: Array("server 10.0.0.3; server 10.0.0.2;".utf8))
        #expect(members.follow(edited) == .followed)
        #expect(edited.with(members).peers.map(\.memberID) == [2, 1])
        var gone = settings(path: path)
        gone.stateFile = StateFile(path: path, isMissing: true)
        #expect(members.follow(gone) == .missing)
        #expect(gone.with(members).peers.map(\.name) == ["10.0.0.3:80", "10.0.0.2:80"])
        #expect(members.follow(settings(path: path)) == .followed)
        #expect(gone.with(members).peers.isEmpty)
    }

    @Test(
        "a group without servers, or with backups alone, is asked by every method without harm",
        arguments: [
            BalancingMethod.roundRobin, .ipHash, .leastConnections, .hash(key: "a", isConsistent: false),
            .hash(key: "a", isConsistent: true), .random(two: false), .random(two: true),
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
