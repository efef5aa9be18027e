internal import Config
internal import Core
internal import HTTP
internal import Net

/// `add_header`, `expires`: fields added to every response of a location, whoever made it.
enum HeaderFilter {
    /// Adds the fields. Called once a response, when its status and the fields of its maker stand.
    ///
    /// Not to what a request gets that is made here: no client sees them, and a refusal of `auth_request`
    /// would take one of them along.
    static func apply(to exchange: Exchange) {
        if exchange.isSubrequest { return }
        if !exchange.location.settings.headers.trailers.elements.isEmpty { TrailerFilter.prepare(exchange) }
        if exchange.location.settings.headers.added.elements.isEmpty,
            !exchange.location.settings.headers.saysAge
        {
            return
        }
        let headers = exchange.location.settings.headers
        let isPlain = isPlain(exchange.response.status) || refusesRange(exchange.response)
        if isPlain { settle(headers.expires, of: exchange) }
        for field in headers.added.elements where isPlain || field.isAlways { add(field, to: exchange) }
    }

    /// The statuses that fields without `always` are added to.
    static func isPlain(_ status: UInt16) -> Bool {
        switch status {
        case 200, 201, 204, 206, 301, 302, 303, 304, 307, 308: true
        default: false
        }
    }

    /// Had the range been one of the content, this would be 206: as in nginx it has the fields of that.
    private static func refusesRange(_ response: Response) -> Bool {
        guard response.status == 416 else { return false }
        // A gateway's own refusal is none of ours.
        if case .streamed = response.contentKind { return false }
        return response.fields.contains { $0.known == .contentRange }
    }

    private static func add(_ field: AddedHeader, to exchange: Exchange) {
        let response = exchange.response
        guard field.known == .lastModified || field.known == .etag else {
            return response.add(name: field.name, known: field.known) {
                field.value.append(for: exchange, to: $0)
            }
        }
        // A response has one of these: what is added takes the place of its own, also when it is empty.
        if field.known == .lastModified { response.lastModified = nil }
        replace(field.known, of: exchange, named: field.name) { field.value.append(for: exchange, to: $0) }
    }

    private static func replace(
        _ known: FieldName, of exchange: Exchange, named name: [UInt8], _ write: (ByteBuffer) -> Void
    ) {
        let (value, former) = (exchange.worker.takeScratch(), exchange.worker.takeScratch())
        defer {
            exchange.worker.giveScratch(value)
            exchange.worker.giveScratch(former)
        }
        write(value)
        exchange.response.replace(known, named: name, by: value, using: former)
    }

    /// When the content was changed last, by the file's time or the gateway's word.
    private static func modified(_ response: Response) -> Int64? {
        if let time = response.lastModified { return time }
        guard let field = response.fields.first(where: { $0.known == .lastModified }) else { return nil }
        return response.lines.withBytes(of: field.value) { HTTPTime.parse($0) }
    }

    /// `expires`: variables that say no time say nothing.
    private static func settle(_ setting: ExpiresSetting, of exchange: Exchange) {
        switch setting {
        case .fixed(let expires): apply(expires, to: exchange)
        case .computed(let template, let isModified):
            let text = exchange.worker.takeScratch()
            defer { exchange.worker.giveScratch(text) }
            template.append(for: exchange, to: text)
            guard text.count <= longestTime else { return }
            let word = String(decoding: text.bytes, as: UTF8.self)
            guard let expires = try? Expires(word, isModified: isModified) else { return }
            apply(expires, to: exchange)
        }
    }

    /// No time that can be meant takes more bytes.
    private static var longestTime: Int { 64 }

    private static func apply(_ expires: Expires, to exchange: Exchange) {
        let now = exchange.worker.clock.wallSeconds
        guard let lifetime = expires.lifetime(now: now, modified: modified(exchange.response)) else {
            return
        }
        replace(.expires, of: exchange, named: []) { CivilTime.appendHTTPDate(lifetime.expires, to: $0) }
        replace(.cacheControl, of: exchange, named: []) { out in
            guard let maxAge = lifetime.maxAge else { return out.append("no-cache") }
            out.append("max-age=")
            out.append(decimal: Int(maxAge))
        }
    }
}
