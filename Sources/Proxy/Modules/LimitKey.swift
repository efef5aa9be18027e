internal import Config
internal import Core
internal import Net

/// The keys that `limit_req` and `limit_conn` count by.
enum LimitKey {
    /// Bytes of a key that a log line shows.
    private static var shownMax: Int { 1024 }

    /// Puts the key of a request into `key`.
    ///
    /// - Parameter byteMax: a longer one is not counted, which is an error.
    /// - Returns: false: it is not counted there.
    static func take(
        _ template: Template<Variable>, byteMax: Int, into key: ByteBuffer, _ exchange: Exchange
    ) -> Bool {
        key.removeAll()
        template.append(for: exchange, to: key)
        guard key.count > byteMax else { return !key.isEmpty }
        let shown = key.string(of: Slice(from: 0, to: min(key.count, shownMax)))
        exchange.log(
            .error, "the value of the \"\(template.source)\" key is more than \(byteMax) bytes: \"\(shown)\"")
        return false
    }

    /// A zone could not be looked at: the request goes on as if it had no limit there.
    static func noteUnavailable(_ zone: String, _ exchange: Exchange) {
        let worker = exchange.worker
        guard worker.limitLog.admit(nowMs: worker.clock.nowMs) != nil else { return }
        exchange.log(.alert, "zone \"\(zone)\" is held by a process that stands still: nothing is limited")
    }
}
