internal import Core
internal import HTTP
internal import Sharing

/// What clients are told of `limit_req`: when to come again, and with `limit_req_fields` how much is left.
///
/// - SeeAlso: RFC 9110 §10.2.3, draft-ietf-httpapi-ratelimit-headers.
enum LimitFields {
    private static let retryAfter = Array("Retry-After".utf8)
    private static let policy = Array("RateLimit-Policy".utf8)
    private static let state = Array("RateLimit".utf8)
    /// As variables name it.
    private static let retryAfterName = Array("retry_after".utf8)

    /// A request was added to a bucket: the one with the least room counts.
    static func note(
        _ limit: RequestLimit, _ line: RequestZoneLine, excess: Int, _ exchange: Exchange
    ) {
        guard exchange.location.settings.limitRequests.tellsClients else { return }
        let told = Limiting.Told(limit: limit, rate: line.rate, excess: excess)
        if let known = exchange.limiting.told, known.remaining <= told.remaining { return }
        exchange.limiting.told = told
    }

    /// A request was refused.
    ///
    /// - Parameter excess: what its bucket would have held; `nil`: it has none.
    static func noteRefusal(_ limit: RequestLimit, excess: Int?, _ exchange: Exchange) {
        guard let excess, let line = limit.zone.line else { return }
        exchange.limiting.retryAfterSeconds = seconds(for: excess - limit.burst, rate: line.rate)
        guard exchange.location.settings.limitRequests.tellsClients else { return }
        exchange.limiting.told = Limiting.Told(
            limit: limit, rate: line.rate, excess: excess - LeakyBucket.request)
    }

    /// Whole seconds in which so much runs out, at least one.
    private static func seconds(for excess: Int, rate: Int) -> Int {
        max((max(excess, 0) + rate - 1) / rate, 1)
    }

    /// Adds the fields. Called once a response, when its status stands.
    static func apply(to exchange: Exchange) {
        let limiting = exchange.limiting
        let response = exchange.response
        if limiting.retryAfterSeconds > 0, response.status == 429 || response.status == 503,
            !saysWhen(exchange)
        {
            response.add(name: retryAfter, known: .other) { $0.append(decimal: limiting.retryAfterSeconds) }
        }
        guard let told = limiting.told else { return }
        let window = seconds(for: told.limit.burst + LeakyBucket.request, rate: told.rate)
        response.add(name: policy, known: .other) { out in
            append(told.limit.zone.name, to: out)
            // What the window lets through, which is at least what may come at once.
            let quota = max(told.limit.burst / 1000 + 1, told.rate * window / 1000)
            out.append(";q=")
            out.append(decimal: quota)
            out.append(";w=")
            out.append(decimal: window)
        }
        response.add(name: state, known: .other) { out in
            append(told.limit.zone.name, to: out)
            out.append(";r=")
            out.append(decimal: told.remaining)
            out.append(";t=")
            out.append(decimal: told.excess > 0 ? seconds(for: told.excess, rate: told.rate) : 0)
        }
    }

    /// Whoever made the response has said when to come again.
    private static func saysWhen(_ exchange: Exchange) -> Bool {
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        return exchange.appendResponseField(named: retryAfterName, to: scratch)
    }

    /// A name as a string of RFC 9651 §3.3.3; what may not stand in one becomes `?`.
    private static func append(_ name: String, to out: ByteBuffer) {
        out.append(UInt8(ascii: "\""))
        for byte in name.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
            out.append((0x20..<0x7F).contains(byte) ? byte : UInt8(ascii: "?"))
        }
        out.append(UInt8(ascii: "\""))
    }
}

extension Limiting {
    /// Some field is to be added to the response.
    var hasFields: Bool { retryAfterSeconds > 0 || told != nil }
}

extension Limiting.Told {
    /// Requests that may come at once now.
    var remaining: Int { max(limit.burst - excess, 0) / LeakyBucket.request }
}
