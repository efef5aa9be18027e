import Glibc
import Testing

@testable import Sharing

@Suite("Chronicle") struct ChronicleTests {
    private func texts(_ chronicle: Chronicle, _ kind: Chronicle.Kind) -> [String] {
        chronicle.entries(kind).map(\.subject)
    }

    @Test("what is told is found again, the youngest first, each kind for itself")
    func tells() throws {
        let chronicle = try Chronicle()
        var entry = Chronicle.Entry("10.0.0.1:80", "unhealthy", reason: "503", upstream: "shop")
        entry.lastedMs = 7000
        entry.by = "ann at ::1"
        chronicle.tell(.server, at: 1000, entry)
        chronicle.tell(.server, at: 2000, .init("10.0.0.2:80", "up"))
        chronicle.tell(.reload, at: 3000, .init("configuration", "reloaded"))
        #expect(texts(chronicle, .server) == ["10.0.0.2:80", "10.0.0.1:80"])
        #expect(texts(chronicle, .reload) == ["configuration"] && texts(chronicle, .limit).isEmpty)
        entry.atMs = 1000
        #expect(chronicle.entries(.server).last == entry)
        #expect(chronicle.counts(.server) == .init(total: 2, dropped: 0, forgotten: 0))
    }

    @Test("many of one kind push out none of another, and what has gone is counted")
    func forgets() throws {
        let chronicle = try Chronicle()
        chronicle.tell(.reload, at: 1, .init("first", "reloaded"))
        for number in 0..<300 {
            chronicle.tell(.server, at: Int64(number) * 2000, .init("\(number)", "up"))
        }
        #expect(texts(chronicle, .reload) == ["first"])
        #expect(texts(chronicle, .server) == (44..<300).reversed().map { "\($0)" })
        #expect(chronicle.counts(.server) == .init(total: 300, dropped: 0, forgotten: 44))
    }

    @Test("what comes too fast is counted and not made; one zone's limit hides no other's")
    func rations() throws {
        let chronicle = try Chronicle()
        var made = 0
        func entry(_ subject: String) -> Chronicle.Entry {
            made += 1
            return .init(subject, "refused")
        }
        for _ in 0..<1000 { chronicle.tell(.limit, at: 50_000, stripe: 1, entry("busy")) }
        chronicle.tell(.limit, at: 50_001, stripe: 2, entry("other"))
        chronicle.tell(.limit, at: 60_000, stripe: 1, entry("later"))
        #expect(texts(chronicle, .limit) == ["later", "other", "busy"] && made == 3)
        #expect(chronicle.counts(.limit) == .init(total: 1002, dropped: 999, forgotten: 0))
        // A clock that was set back begins a new ration.
        chronicle.tell(.limit, at: 1, stripe: 1, entry("earlier"))
        #expect(texts(chronicle, .limit).first == "earlier")
    }

    @Test("a new binary finds what the former one was told")
    func adopts() throws {
        let chronicle = try Chronicle()
        chronicle.tell(.process, at: 9, .init("worker 0", "died", reason: "signal 9"))
        let copy = try Chronicle(adopting: try #require(chronicle.descriptor.map { dup($0) }))
        #expect(copy.entries(.process) == chronicle.entries(.process))
        #expect(copy.entries(.process).first?.reason == "signal 9")
    }

    @Test("a text that is too long is cut, and nothing in it is taken for anything else")
    func longTexts() throws {
        let chronicle = try Chronicle()
        let long = String(repeating: "é\u{1B}\"\\", count: 500)
        chronicle.tell(.change, at: 9, .init(long, long, reason: long, upstream: long))
        let entry = try #require(chronicle.entries(.change).first)
        #expect(entry.subject.utf8.count <= SharedText.byteMax + 3 && entry.subject.hasPrefix("é\u{1B}\"\\é"))
    }
}
