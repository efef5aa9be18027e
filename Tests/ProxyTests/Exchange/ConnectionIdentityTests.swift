import Config
import Testing

@testable import Net
@testable import Proxy
@testable import Upstream

@Suite("Identity of connections to peers") struct ConnectionIdentityTests {
    @Test("every part of it tells connections apart")
    func parts() {
        var plain = ConnectionIdentity()
        plain.location = "1 /a"
        let changes: [(inout ConnectionIdentity) -> Void] = [
            { $0.tls = "verified by somebody" }, { $0.name = Array("a.test".utf8) }, { $0.name = nil },
            { $0.localAddress = Array("127.0.0.2".utf8) }, { $0.localAddress = nil },
            { $0.version = .http10 }, { $0.isTargetMade = true }, { $0.isTransparent = true },
            { $0.isCertificateMade = true },
        ]
        var seen: Set<String> = [plain.shared]
        for change in changes {
            var other = plain
            change(&other)
            #expect(seen.insert(other.shared).inserted)
            #expect(other.local != plain.local)
        }
        var elsewhere = plain
        elsewhere.location = "1 /b"
        #expect(elsewhere.shared == plain.shared && elsewhere.local != plain.local)
    }

    @Test("keys are equal for equal settings and equal values only")
    func keys() {
        func key(_ settings: Int, _ values: String...) -> ConnectionKey {
            var key = ConnectionKey(settings: settings)
            for value in values { key.add(Array(value.utf8).span) }
            return key
        }
        #expect(key(1) == key(1) && key(1) != key(2))
        #expect(key(1, "a", "b") == key(1, "a", "b"))
        for other in [
            key(1), key(2, "a", "b"), key(1, "b", "a"), key(1, "ab"), key(1, "ab", ""), key(1, "", "ab"),
        ] {
            #expect(key(1, "a", "b") != other)
        }
    }
}
