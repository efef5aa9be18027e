import Config
import Testing

@testable import Upstream

@Suite("The guide's balancing method") struct AddressHashTests {
    @Test("keeps the laws of every method")
    func laws() {
        let laws = BalancerLawTests()
        let method = AddressHash.method
        laws.skipsDownPeers(method: method)
        laws.skipsTriedPeers(method: method)
        laws.noneWhenAllAreDown(method: method)
        laws.bansFailedPeers(method: method)
        laws.spreadsByWeight(method: method)
        laws.respectsMaxConnections(method: method)
    }

    @Test("sends an address to one peer, whatever else is asked")
    func sameAddress() {
        let group = PeerGroup.of(["a", "b", "c"], AddressHash.method)
        let picks = Set((0..<50).compactMap { group.pickOnce(key: "key\($0)", address: 77) })
        #expect(picks.count == 1)
    }

    @Test("is chosen by its directive")
    func directive() throws {
        let block = UpstreamBlock(
            name: "group", resolve: { _, _ in [] },
            readState: { (statement) throws(ConfigError) in throw ConfigError("no state", statement) },
            warn: { _ in })
        let statement = Statement(
            words: ["address_hash"], block: nil, location: SourceLocation(file: "t", line: 1))
        try DirectiveTable([AddressHash.directive]).apply([statement], to: block, in: .upstream)
        #expect(block.settings.method.name == "address_hash")
    }
}
