import Core
import Testing

@testable import Proxy

@Suite("userid")
struct UserIDTests {
    private static func text(_ id: UserID) -> String {
        let out = ByteBuffer(capacity: 64)
        id.append(to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test("a cookie is told as nginx tells it")
    func told() throws {
        let id = try #require(UserID(Array("fwAAAWUmYm9fVwHHAwMDAg==".utf8)))
        #expect(UserIDTests.text(id) == "0100007F6F622665C701575F02030303")
        #expect(UserID(Array("fwAAAWUmYm9fVwHHAwMDAg".utf8)) == id)
        #expect(UserID(Array("fwAAAWUmYm9fVwHHAwMDAn".utf8)) == id)
    }

    @Test("what is no cookie is none", arguments: ["", "fwAAAWUmYm9fVwHHAwMDA", "fwAAAWUmYm9fVwHHAwM*Ag=="])
    func refused(_ text: String) {
        #expect(UserID(Array(text.utf8)) == nil)
    }

    @Test("each that is made is another")
    func made() {
        var maker = UserIDMaker(nowUs: 1_000_020)
        let first = maker.first(service: 7, seconds: 0x0102_0304)
        #expect(UserIDTests.text(first).hasPrefix("0000000701020304"))
        #expect(maker.first(service: 7, seconds: 0x0102_0304) != first)
        let second = maker.second(service: 0x7F00_0001, seconds: 0x0102_0304)
        #expect(second.bytes.prefix(8).elementsEqual([127, 0, 0, 1, 1, 2, 3, 4]))
        #expect(!second.isNone)
        #expect(maker.second(service: 0x7F00_0001, seconds: 0x0102_0304) != second)
    }
}
