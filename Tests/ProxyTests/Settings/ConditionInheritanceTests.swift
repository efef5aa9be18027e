import Config
import Testing

@testable import Proxy

@Suite("Inheritance into if")
struct ConditionInheritanceTests {
    /// The locations of the `if`s in the location `/a`.
    private func conditions(_ text: String) throws -> [LocationSettings] {
        let location = try #require(try Loading.location(text).location(of: "/a"))
        return location.settings.rewrite.steps.compactMap { step in
            guard case .branch(_, _, let inner) = step else { return nil }
            return inner?.settings
        }
    }

    @Test("settings reach it, also those written after it")
    func settingsReachIt() throws {
        let inner = try #require(
            try conditions("if ($arg_a) { } proxy_read_timeout 7s; proxy_set_header A b;").first)
        #expect(inner.proxy.readTimeoutMs == 7000)
        #expect(inner.proxy.setHeaders.elements.count == 1)
    }

    @Test("what answers in the location answers in it, unless it says otherwise")
    func contentReachesIt() throws {
        let both = try conditions(
            "proxy_pass http://127.0.0.1:1; if ($arg_a) { } if ($arg_b) { proxy_pass http://127.0.0.1:2; }")
        let names = both.map { settings in
            guard case .proxy(let target) = settings.content else { return "none" }
            return target.groupName
        }
        #expect(names == ["127.0.0.1:1", "127.0.0.1:2"])
    }

    @Test("proxy_pass written after it answers in it")
    func laterContentReachesIt() throws {
        let inner = try #require(try conditions("if ($arg_a) { } proxy_pass http://127.0.0.1:1;").first)
        guard case .proxy = inner.content else {
            Issue.record("proxy_pass does not hold in the if")
            return
        }
    }

    @Test("its lists replace those of the location, and stay in it")
    func listsReplace() throws {
        let text = "add_header A 1; add_header B 2; if ($arg_a) { add_header C 3; } if ($arg_b) { }"
        let counts = try conditions(text).map(\.headers.added.elements.count)
        #expect(counts == [1, 2])
    }

    @Test("it replaces as much of the path as the location that it stands in")
    func replacesTheSamePath() throws {
        let location = try #require(
            try Loading.location("proxy_pass http://127.0.0.1/x; if ($arg_a) { }").location(of: "/a"))
        guard case .branch(_, _, let inner?)? = location.settings.rewrite.steps.first else {
            Issue.record("there is no if")
            return
        }
        #expect(inner.replacedCount == 2)
    }

    @Test("steps run in the order of the file, those in the if inside it")
    func stepsKeepTheirOrder() throws {
        let location = try #require(
            try Loading.location("set $a 1; if ($a) { set $a 2; set $a 3; } return 204;").location(of: "/a"))
        let steps = location.settings.rewrite.steps.map { step in
            switch step {
            case .set: "set"
            case .branch(_, let inner, _): "if \(inner.count)"
            case .answer(let code, _): "return \(code)"
            default: "other"
            }
        }
        #expect(steps == ["set", "if 2", "return 204"])
    }
}
