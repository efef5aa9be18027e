import Net
import Sharing
import Testing

@testable import Upstream

@Suite("Addresses of names") struct ResolvedNamesTests {
    private let name = DynamicName(host: "app.test", port: 80, isFollowed: true)

    private func addresses(_ texts: String...) -> [FoundServer] {
        texts.compactMap { SocketAddress.parse($0, defaultPort: 80) }.map { FoundServer($0) }
    }

    @Test("what is published is read back, and only changes count")
    func readsBack() throws {
        let names = try ResolvedNames(places: PlaceTable(capacity: 4))
        #expect(names.addresses(of: name) == nil)
        let first = addresses("10.0.0.1:80", "[2001:db8::1]:80")
        #expect(names.publish(first, of: name))
        #expect(names.addresses(of: name) == first)
        #expect(names.changes == 1)
        #expect(!names.publish(first, of: name))
        #expect(names.changes == 1)
        #expect(names.publish([], of: name))
        #expect(names.addresses(of: name) == [])
        let many = (0..<40).map { FoundServer(SocketAddress(.ipv4(UInt32($0), port: 80))) }
        #expect(names.publish(many, of: name))
        #expect(names.addresses(of: name)?.count == ResolvedNames.addressesMax)
    }

    @Test("a full table keeps what it has")
    func full() throws {
        let names = try ResolvedNames(places: PlaceTable(capacity: 1))
        #expect(names.publish(addresses("10.0.0.1"), of: name))
        let other = DynamicName(host: "other.test", port: 80, isFollowed: true)
        #expect(!names.publish(addresses("10.0.0.2"), of: other))
        #expect(names.addresses(of: name) == addresses("10.0.0.1:80"))
    }

    @Test("a line's servers are replaced where they stand, with all that was said of them")
    func replacesServers() throws {
        let names = try ResolvedNames(places: PlaceTable(capacity: 4))
        var settings = UpstreamSettings(name: "app")
        var fixed = PeerSettings(server: "a", address: SocketAddress(.ipv4(1, port: 80)))
        fixed.weight = 2
        var moving = PeerSettings(server: "app.test", address: SocketAddress(.unix("")))
        moving.dynamicName = name
        moving.isUnresolved = true
        moving.weight = 7
        settings.peers = [moving, fixed]
        #expect(settings.with(names).peers.map(\.isUnresolved) == [true, false])
        _ = names.publish(addresses("10.0.0.1", "10.0.0.2"), of: name)
        let resolved = settings.with(names).peers
        #expect(resolved.map(\.name) == ["10.0.0.1:80", "10.0.0.2:80", "0.0.0.1:80"])
        #expect(resolved.map(\.weight) == [7, 7, 2])
        #expect(resolved.allSatisfy { !$0.isUnresolved })
    }
}
