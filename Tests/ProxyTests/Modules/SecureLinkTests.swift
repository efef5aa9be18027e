import Testing

@testable import Proxy

@Suite("secure_link's digest") struct SecureLinkTests {
    private static let bytes: [UInt8] = [251, 255, 191] + Array(repeating: 0, count: 13)

    @Test(
        "is base 64 of URLs, with or without padding; spare bits do not count, as in nginx",
        arguments: ["-_-_", "-_-_AAAAAAAAAAAAAAAAAA==", "-_-_AAAAAAAAAAAAAAAAAA", "-_-_AAAAAAAAAAAAAAAAAP"])
    func read(text: String) {
        let isWhole = text.utf8.count > 4
        #expect(SecureLink.decoded(Array(text.utf8)[...]) == (isWhole ? Self.bytes : nil))
    }

    @Test(
        "is of no other letters, and of no other length",
        arguments: [
            "", "+_-_AAAAAAAAAAAAAAAAAA", "-/-_AAAAAAAAAAAAAAAAAA", "-_-_AAAAAAAAAAAAAAAAA",
            "-_-_AAAAAAAAAAAAAAAAAAA", "-_-_AAAAAAAAAAAAAAAAA A", "-_-_AAAAAAAAAAAAAAAAAA===",
        ])
    func refused(text: String) { #expect(SecureLink.decoded(Array(text.utf8)[...]) == nil) }
}
