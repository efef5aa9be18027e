import Config
import Pattern
import Testing

@testable import Proxy

@Suite("Compiled patterns") struct PatternCacheTests {
    private static func request(_ text: String) -> LoadRequest {
        LoadRequest(
            prefix: "/nonexistent", path: nil, globalDirectives: "", errorLogPath: "stderr",
            builtIn: BuiltInConfiguration(name: "test.conf", text: text))
    }

    private static func text(_ second: String) -> String {
        """
        events {}
        http {
            access_log off;
            server { listen 127.0.0.1:8080;
                location ~ ^/a(.*)$ { return 200; } location ~* ^/b { return 200; } location ~ \(second) { return 200; }
            }
        }
        """
    }

    @Test("those that stay are taken over by a reload, those that are new are made")
    func reload() throws {
        let first = try Configuration.load(Self.request(Self.text("^/c")), files: ConfigurationFiles())
        let second = try Configuration.load(
            Self.request(Self.text("^/d")), files: ConfigurationFiles(former: first.files))
        for index in 0..<2 {
            #expect(first.patterns[index].pattern === second.patterns[index].pattern)
        }
        #expect(first.patterns[2].pattern !== second.patterns[2].pattern)
    }

    @Test("the same text in both cases is two patterns")
    func cases() throws {
        let cache = PatternCache()
        let one = try cache.pattern(Array("a".utf8), caseless: false)
        #expect(try cache.pattern(Array("a".utf8), caseless: false) === one)
        #expect(try cache.pattern(Array("a".utf8), caseless: true) !== one)
        let set = cache.set([one])
        #expect(cache.set([one]) === set)
        cache.finishLoading()
        #expect(PatternCache(former: cache).set([one]) === set)
    }
}
