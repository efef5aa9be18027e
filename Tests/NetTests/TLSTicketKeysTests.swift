import Testing

@testable import Net

@Suite("Keys of session tickets") struct TLSTicketKeysTests {
    private let secret = [UInt8](repeating: 1, count: 32)

    @Test("everybody with the secret has the same keys at the same time, nobody else has")
    func sameForAll() {
        let one = TLSTicketKeys(secret: secret, periodSeconds: 3600)
        let two = TLSTicketKeys(secret: secret, periodSeconds: 3600)
        #expect(one.keys(at: 7200).map(\.name) == two.keys(at: 10_799).map(\.name))
        #expect(one.keys(at: 7200)[0].cipherKey == two.keys(at: 7200)[0].cipherKey)
        let other = TLSTicketKeys(secret: [UInt8](repeating: 2, count: 32), periodSeconds: 3600)
        #expect(other.keys(at: 7200)[0].cipherKey != one.keys(at: 7200)[0].cipherKey)
        let key = one.keys(at: 7200)[0]
        #expect(key.name.count == 16 && key.cipherKey.count == 32 && key.macKey.count == 32)
        #expect(key.cipherKey != key.macKey)
    }

    @Test("a key makes tickets for one period and is accepted in the next, and by clocks that are behind")
    func rotates() {
        let keys = TLSTicketKeys(secret: secret, periodSeconds: 3600)
        let now = keys.keys(at: 7200).map(\.name)
        let next = keys.keys(at: 10_800).map(\.name)
        #expect(now[0] != next[0])
        #expect(next.contains(now[0]))
        #expect(now.contains(next[0]))
        #expect(!keys.keys(at: 14_400).map(\.name).contains(now[0]))
    }

    @Test("files hold 48 or 80 bytes, in nginx's order")
    func files() throws {
        let bytes = (0..<80).map { UInt8($0) }
        let keys = try #require(TLSTicketKeys(files: [bytes, Array(bytes.prefix(48))])).keys(at: 0)
        #expect(keys[0].name == Array(0..<16))
        #expect(keys[0].macKey == Array(16..<48) && keys[0].cipherKey == Array(48..<80))
        #expect(keys[1].cipherKey == Array(16..<32) && keys[1].macKey == Array(32..<48))
        #expect(TLSTicketKeys(files: []) == nil)
        for count in [0, 16, 47, 49, 79, 81] {
            #expect(TLSTicketKeys(files: [[UInt8](repeating: 0, count: count)]) == nil)
        }
    }
}
