import Testing

@testable import Proxy

@Suite("Lines of auth_basic_user_file") struct PasswordEntriesTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("comments and lines without a name or a colon are passed over, a comment follows the hash")
    func lines() {
        let entries = PasswordEntries(bytes("#x:1\nfoo\na:1:note: more\nb:2\r\n\n:4\nc:\nd:5"))
        #expect(entries.count == 4)
        #expect(entries.lookup(bytes("a")) == bytes("1"))
        #expect(entries.lookup(bytes("b")) == bytes("2"))
        #expect(entries.lookup(bytes("c")) == [])
        #expect(entries.lookup(bytes("d")) == bytes("5"))
        for unknown in ["x", "#x", "foo", "", "A"] { #expect(entries.lookup(bytes(unknown)) == nil) }
    }

    @Test("of two lines for one user the first counts")
    func firstCounts() {
        #expect(PasswordEntries(bytes("a:1\na:2\n")).lookup(bytes("a")) == bytes("1"))
    }

    @Test(
        "bytes that are not text are taken as they are", arguments: [[], [0x0A], [0], [0xFF, 0x3A, 0, 0xFE]])
    func anyBytes(_ content: [UInt8]) {
        let entries = PasswordEntries(content)
        #expect(entries.lookup([0xFF]) == (content.count == 4 ? [0, 0xFE] : nil))
    }
}
