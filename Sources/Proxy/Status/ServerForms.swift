internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Status

/// `api write=on` for people: a page of forms for each server of an upstream, below the path of the API,
/// under its protection, and done by the same code.
///
/// A form carries a token that only a page of this service's own can have read: it is made of the path, the
/// user and the time with a key that no client knows. That is asked for beside what `CrossSite` finds.
enum ServerForms {
    /// The server that a path is about.
    struct Target {
        let upstream: String
        let id: Int
    }

    /// What somebody wants to be done, for the log.
    struct Order {
        let answer: StatusAPI.Answer
        let change: String
    }

    /// How long a form may be sent, in milliseconds; twice as long at most.
    private static var tokenMs: Int64 { 600_000 }

    /// - Parameter path: what follows the location's name.
    static func target(_ path: String) -> Target? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count == 6, parts[1] == "http", parts[2] == "upstreams", parts[4] == "servers",
            let id = Int(parts[5]), id >= 0
        else { return nil }
        return Target(upstream: parts[3], id: id)
    }

    /// Whether the content is that of a form.
    static func isForm(_ exchange: Exchange) -> Bool {
        exchange.method == .post
            && exchange.withRequestField(.contentType) { value in
                String(decoding: (0..<value.count).map { value[$0] }, as: UTF8.self).lowercased()
                    .hasPrefix("application/x-www-form-urlencoded")
            } == true
    }

    // MARK: Tokens

    private static func token(_ exchange: Exchange, _ path: String, _ user: String?, wallMs: Int64) -> String?
    {
        let key = exchange.worker.shared.formKey
        guard !key.isEmpty else { return nil }
        let words = "\(wallMs / tokenMs)\n\(user ?? "")\n\(path)"
        return Digest.hex(Digest.sha256(key + Digest.sha256(key + Array(words.utf8))))
    }

    static func token(_ exchange: Exchange, _ path: String, _ user: String?) -> String {
        token(exchange, path, user, wallMs: exchange.worker.clock.wallMs) ?? ""
    }

    private static func isOwn(_ found: String, _ exchange: Exchange, _ path: String, _ user: String?) -> Bool
    {
        let nowMs = exchange.worker.clock.wallMs
        return [nowMs, nowMs - tokenMs].contains { wallMs in
            guard let wanted = token(exchange, path, user, wallMs: wallMs) else { return false }
            return Digest.areEqual(Array(wanted.utf8), Array(found.utf8))
        }
    }

    // MARK: Orders

    /// The change that a form asks for, as the API has it, or why it is not made.
    static func order(
        _ exchange: Exchange, _ path: String, _ user: String?
    ) -> Result<String, ServerFormRefusal> {
        let text = String(decoding: exchange.body.memory.bytes, as: UTF8.self)
        guard isOwn(value("token", in: text) ?? "", exchange, path, user) else { return .failure(.token) }
        guard let action = value("action", in: text).flatMap({ ServerForm.Action(rawValue: $0) }) else {
            return .failure(.action)
        }
        switch action {
        case .drain, .down:
            guard value("sure", in: text) == "yes" else { return .failure(.unsure) }
            return .success(action == .drain ? "{\"drain\":true}" : "{\"down\":true}")
        case .undrain: return .success("{\"drain\":false}")
        case .up: return .success("{\"down\":false}")
        case .weight:
            guard let weight = value("weight", in: text).flatMap({ Int($0) }) else {
                return .failure(.action)
            }
            return .success("{\"weight\":\(weight)}")
        }
    }

    /// A value of a form, or of a query.
    static func value(_ name: String, in text: String) -> String? {
        let pair = text.split(separator: "&").first { $0.hasPrefix(name + "=") }
        return pair.map { pair in
            let bytes = pair.utf8.dropFirst(name.utf8.count + 1).map {
                $0 == UInt8(ascii: "+") ? UInt8.space : $0
            }
            let value = ByteBuffer(capacity: 64)
            URIPath.unescape(bytes.span, into: value)
            return String(decoding: value.bytes, as: UTF8.self)
        }
    }
}

/// Why a form is not obeyed.
enum ServerFormRefusal: Error {
    case token, action, unsure

    var status: UInt16 { self == .token ? 403 : 400 }

    /// For people.
    var text: String {
        switch self {
        case .token:
            "Nothing was done: this page was too old, or the request did not come from it. Try again."
        case .action: "Nothing was done: the form was not understood."
        case .unsure: "Nothing was done: it was not confirmed."
        }
    }

    /// For programs and the log.
    var code: String {
        switch self {
        case .token: "FormBadToken"
        case .action: "FormBadAction"
        case .unsure: "FormNotConfirmed"
        }
    }
}
