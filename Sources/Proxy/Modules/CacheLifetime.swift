internal import Core

/// How long caches may keep a response: what `expires` comes to.
struct CacheLifetime: Equatable {
    /// `Expires`, in seconds since the epoch.
    let expires: Int64
    /// `Cache-Control: max-age=`; `nil` is `no-cache`.
    let maxAge: Int64?
}

extension Expires {
    /// - Parameters:
    ///   - now: seconds since the epoch.
    ///   - modified: the response's `Last-Modified`, if it has one.
    /// - Returns: `nil` if nothing is said.
    func lifetime(now: Int64, modified: Int64?) -> CacheLifetime? {
        switch self {
        case .off: nil
        case .epoch: CacheLifetime(expires: 1, maxAge: nil)
        case .max: CacheLifetime(expires: 2_145_916_555, maxAge: 315_360_000)
        case .access(let seconds): Self.lifetime(from: now, after: seconds, now: now)
        case .modified(let seconds):
            seconds == 0
                ? CacheLifetime(expires: now, maxAge: 0)
                : Self.lifetime(from: modified ?? now, after: seconds, now: now)
        case .daily(let secondOfDay):
            Self.lifetime(from: now, after: Self.wait(until: secondOfDay, now: now), now: now)
        }
    }

    private static func lifetime(from start: Int64, after seconds: Int64, now: Int64) -> CacheLifetime {
        let expires = start &+ seconds
        let maxAge = expires &- now
        return CacheLifetime(expires: expires, maxAge: seconds < 0 || maxAge < 0 ? nil : maxAge)
    }

    /// Seconds until it is `secondOfDay` (UTC) again.
    private static func wait(until secondOfDay: Int64, now: Int64) -> Int64 {
        let wait = (secondOfDay - now % 86_400) % 86_400
        return wait <= 0 ? wait + 86_400 : wait
    }
}
