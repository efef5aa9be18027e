import Testing

@testable import Proxy

@Suite("If-Match and If-None-Match (RFC 9110 13.1)")
struct EntityTagsTests {
    private func contain(_ tag: String, _ list: String, weakly: Bool) -> Bool {
        EntityTags.contain(Array(tag.utf8).span, in: Array(list.utf8).span, weakly: weakly)
    }

    private func isStrongly(_ value: String, _ tag: String) -> Bool {
        EntityTags.isStrongly(Array(value.utf8).span, Array(tag.utf8).span)
    }

    @Test("a list names a tag wherever it stands in it")
    func listNamesTag() {
        #expect(contain("\"a\"", "\"a\"", weakly: false))
        #expect(contain("\"a\"", "\"b\", \"a\"", weakly: false))
        #expect(contain("\"a\"", "\"b\",\"a\" ,\"c\"", weakly: false))
        #expect(contain("\"a\"", "*", weakly: false))
        #expect(contain("", "*", weakly: false))
        #expect(!contain("\"a\"", "\"ab\"", weakly: false))
        #expect(!contain("\"a\"", "", weakly: false))
        #expect(!contain("", "\"a\"", weakly: true))
    }

    @Test("only If-None-Match compares weakly")
    func weakComparison() {
        #expect(contain("\"a\"", "W/\"a\"", weakly: true))
        #expect(contain("W/\"a\"", "\"a\"", weakly: true))
        #expect(!contain("\"a\"", "W/\"a\"", weakly: false))
    }

    @Test("If-Range needs the very same strong tag")
    func strongComparison() {
        #expect(isStrongly("\"a\"", "\"a\""))
        #expect(!isStrongly("W/\"a\"", "W/\"a\""))
        #expect(!isStrongly("\"b\"", "\"a\""))
    }
}
