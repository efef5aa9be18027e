import Net
import Sharing
import Testing

@testable import Upstream

@Suite("Servers that SRV records name") struct FoundServerTests {
    private let name = DynamicName(host: "app.test", port: 0, isFollowed: true, service: "http")

    private func server(_ port: UInt16, weight: Int, isBackup: Bool = false) -> FoundServer {
        var server = FoundServer(SocketAddress(.ipv4(0x7F00_0001, port: port)))
        server.weight = weight
        server.isBackup = isBackup
        return server
    }

    private func group(isBackup: Bool = false) -> UpstreamSettings {
        var settings = UpstreamSettings(name: "app")
        var peer = PeerSettings(server: "app.test", waitingFor: name)
        peer.isBackup = isBackup
        settings.peers = [peer]
        return settings
    }

    @Test("weight and rank go through shared memory")
    func shared() throws {
        let names = try ResolvedNames(places: PlaceTable(capacity: 4))
        let six = FoundServer(SocketAddress(.ipv6(high: 1, low: 2, port: 65_535)))
        let servers = [server(80, weight: 65_535, isBackup: true), server(81, weight: 1), six]
        #expect(names.publish(servers, of: name))
        #expect(names.addresses(of: name) == servers)
        #expect(!names.publish(servers, of: name))
        #expect(names.publish([], of: name) && names.addresses(of: name) == [])
        // The same host without the service is another one.
        #expect(names.addresses(of: DynamicName(host: "app.test", port: 0, isFollowed: true)) == nil)
    }

    @Test("a group has them with their weights, backups behind, and none where there is none")
    func group() throws {
        let names = try ResolvedNames(places: PlaceTable(capacity: 4))
        _ = names.publish([server(80, weight: 3), server(81, weight: 1, isBackup: true)], of: name)
        let peers = group().with(names).peers
        #expect(peers.map(\.weight) == [3, 1] && peers.map(\.isBackup) == [false, true])
        // Of a line that is a backup itself, those that come first are.
        let behind = group(isBackup: true).with(names).peers
        #expect(behind.map(\.weight) == [3] && behind.map(\.isBackup) == [true])
        _ = names.publish([], of: name)
        #expect(group().with(names).peers.map(\.isUnresolved) == [true])
    }

    @Test("a list of members keeps them as words")
    func words() throws {
        var list = GroupMemberList(group())
        list.find(
            [server(80, weight: 3), server(81, weight: 1, isBackup: true)], of: name, allowsBackups: true)
        let again = try #require(GroupMemberList(text: list.text))
        let peers = again.members.flatMap(\.peers)
        #expect(peers.map(\.weight) == [3, 1] && peers.map(\.isBackup) == [false, true])
        #expect(again.members.first?.settings.dynamicName == name)
        var alone = GroupMemberList(group())
        alone.find([server(81, weight: 1, isBackup: true)], of: name, allowsBackups: false)
        #expect(alone.members.flatMap(\.peers).map(\.isUnresolved) == [true])
    }
}
