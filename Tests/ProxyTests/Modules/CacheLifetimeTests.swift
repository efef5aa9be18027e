import Testing

@testable import Proxy

@Suite("expires")
struct CacheLifetimeTests {
    /// 2026-11-23 12:14:05 UTC.
    static let now: Int64 = 1_795_436_045

    @Test("what nginx 1.22 answered for each form")
    func sameAsNginx() {
        let now = Self.now
        #expect(Expires.off.lifetime(now: now, modified: nil) == nil)
        #expect(
            Expires.access(3600).lifetime(now: now, modified: 5)
                == CacheLifetime(expires: now + 3600, maxAge: 3600))
        #expect(
            Expires.access(-1).lifetime(now: now, modified: nil)
                == CacheLifetime(expires: now - 1, maxAge: nil))
        #expect(Expires.access(0).lifetime(now: now, modified: nil) == CacheLifetime(expires: now, maxAge: 0))
        #expect(Expires.epoch.lifetime(now: now, modified: nil) == CacheLifetime(expires: 1, maxAge: nil))
        #expect(
            Expires.max.lifetime(now: now, modified: nil)
                == CacheLifetime(expires: 2_145_916_555, maxAge: 315_360_000))
        // 15:30 is 11755 seconds later.
        #expect(
            Expires.daily(15 * 3600 + 1800).lifetime(now: now, modified: nil)
                == CacheLifetime(expires: now + 11755, maxAge: 11755))
        #expect(
            Expires.daily(60).lifetime(now: now, modified: nil)?.maxAge == 86_400 - now % 86_400 + 60)
    }

    @Test("modified counts from Last-Modified, and is no-cache once that has passed")
    func modifiedCountsFromLastModified() {
        let now = Self.now
        #expect(
            Expires.modified(60).lifetime(now: now, modified: now)
                == CacheLifetime(expires: now + 60, maxAge: 60))
        #expect(
            Expires.modified(60).lifetime(now: now, modified: 5) == CacheLifetime(expires: 65, maxAge: nil))
        #expect(Expires.modified(60).lifetime(now: now, modified: nil)?.maxAge == 60)
    }
}
